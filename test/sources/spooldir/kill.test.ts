/** kill -9 while files are read into a durable channel: a start goes on at the byte, no line is missing. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { PositionTracker } from '../../../src/sources/spooldir/tracker.ts';
import { confFile, type RunningMillrace, startMillrace } from '../../kit/process.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';
import { Spool } from './spool.ts';

const KILLS = 3;
const LINES = 150_000;
const LINE_BYTES = 200;
/** One read of the source, whose put may be committed before its position is written. */
const LINES_A_CHUNK = Math.ceil((512 * 1024) / LINE_BYTES);
/** What the channel holds: as much may come again after a kill, as takes reach the disk with later puts. */
const CHANNEL_EVENTS = 3000;

function lineOf(n: number): string {
  return `${n} `.padEnd(LINE_BYTES - 1, 'x');
}

function start(t: TestContext, conf: string): RunningMillrace {
  const args = ['agent', '--name', 'a1', '--conf-file', conf, '--no-reload-conf'];
  return startMillrace(t, [...args, '-Dflume.root.logger=INFO,console']);
}

/** Times that each line stands in the files of the sink, those that a kill cut apart left out. */
function delivered(out: string): Map<string, number> {
  const times = new Map<string, number>();
  for (const name of readdirSync(out)) {
    for (const line of readFileSync(join(out, name), 'latin1').split('\n')) {
      times.set(line, (times.get(line) ?? 0) + 1);
    }
  }
  return times;
}

describe('spooldir under kill -9', { timeout: 60_000 }, () => {
  test('every line comes out, and only those of the last chunk come again', async (t) => {
    const spool = new Spool();
    spool.put('a', Array.from({ length: LINES }, (_, n) => `${lineOf(n)}\n`).join(''));
    const directory = temporaryDirectory();
    const out = join(directory, 'out');
    mkdirSync(out);
    const conf = confFile(
      `a1.sources = r1
       a1.channels = c1
       a1.sinks = k1
       a1.sources.r1.type = spooldir
       a1.sources.r1.spoolDir = ${spool.directory}
       a1.sources.r1.channels = c1
       a1.channels.c1.type = file
       a1.channels.c1.capacity = ${CHANNEL_EVENTS}
       a1.channels.c1.transactionCapacity = ${CHANNEL_EVENTS}
       a1.channels.c1.dataDirs = ${directory}/data
       a1.channels.c1.checkpointDir = ${directory}/checkpoint
       a1.sinks.k1.type = file_roll
       a1.sinks.k1.sink.directory = ${out}
       a1.sinks.k1.sink.rollInterval = 0
       a1.sinks.k1.channel = c1`,
    );
    const tracker = new PositionTracker(spool.path('.flumespool'));
    const offset = async () => (await tracker.read().catch(() => null))?.offset ?? 0;
    let before = 0;
    for (let kill = 1; kill <= KILLS; kill++) {
      const agent = start(t, conf);
      const more = before;
      await until('the position moves', async () => (await offset()) > more + Math.random() * 2_000_000);
      agent.signal('SIGKILL');
      await agent.exit();
      before = await offset();
      assert.equal(before % LINE_BYTES, 0, 'the position is behind a whole line');
      assert.ok(before < LINES * LINE_BYTES, 'the kill came while the file was read');
    }
    const last = start(t, conf);
    await spool.untilNames('a.COMPLETED');
    const times = await until('all lines', () => {
      const found = delivered(out);
      return [...Array(LINES).keys()].every((n) => found.has(lineOf(n))) ? found : null;
    });
    last.signal('SIGTERM');
    await last.exit();
    let repeated = 0;
    for (let n = 0; n < LINES; n++) repeated += times.get(lineOf(n))! - 1;
    t.diagnostic(`${repeated} of ${LINES} lines came again after ${KILLS} kills`);
    assert.ok(repeated <= KILLS * (2 * LINES_A_CHUNK + CHANNEL_EVENTS), `${repeated} lines came again`);
  });
});
