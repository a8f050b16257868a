/** Java Flume 1.11 and Millrace take a spooling directory over from each other, in the middle of a file. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import {
  type AgentKind,
  metricsOf,
  type RunningAgent,
  startAgent,
  stopAgent,
} from '../../../benchmarks/agents.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';

const LINES = 5000;
/** What the first agent's channel takes. */
const CAPACITY = 1000;
const WAIT_MS = 60_000;

const lineOf = (n: number) => `line ${n} of ö lines`;

async function start(t: TestContext, kind: AgentKind, conf: string): Promise<RunningAgent> {
  const directory = temporaryDirectory();
  const file = join(directory, 'flume.conf');
  writeFileSync(file, conf.replaceAll(/^ +(?=\S)/gm, 'a1.'));
  const agent = await startAgent(kind, { conf: file, name: 'a1', env: {}, log: join(directory, 'log') });
  t.after(() => stopAgent(agent));
  return agent;
}

function confOf(directory: string, rest: string): string {
  return `
    sources = r1
    channels = c1
    sources.r1.type = spooldir
    sources.r1.spoolDir = ${directory}
    sources.r1.channels = c1
    channels.c1.type = memory
    channels.c1.capacity = ${CAPACITY}
    channels.c1.transactionCapacity = 100
    ${rest}`;
}

const REST = `channels.c1.keep-alive = 0`;

describe('a spooling directory changes hands', () => {
  for (const [first, second] of [
    ['flume', 'millrace'],
    ['millrace', 'flume'],
  ] as const) {
    test(`${first} begins a file and ${second} ends it, at the byte`, { timeout: 150_000 }, async (t) => {
      const directory = temporaryDirectory();
      writeFileSync(join(directory, 'a'), Array.from({ length: LINES }, (_, n) => `${lineOf(n)}\n`).join(''));
      const out = join(temporaryDirectory(), 'out');
      mkdirSync(out);
      // Nobody takes from the channel: it fills up in the middle of the file.
      const begins = await start(t, first, confOf(directory, REST));
      const failures = async () =>
        Number((await metricsOf(begins.metricsPort))?.['SOURCE.r1']?.ChannelWriteFail ?? 0);
      await until('the channel is full', async () => (await failures()) > 1, WAIT_MS);
      await stopAgent(begins);
      assert.deepEqual(readdirSync(join(directory, '.flumespool')), ['.flumespool-main.meta']);
      const ends = await start(
        t,
        second,
        confOf(
          directory,
          `sinks = k1
           sinks.k1.type = file_roll
           sinks.k1.sink.directory = ${out}
           sinks.k1.sink.rollInterval = 0
           sinks.k1.channel = c1`,
        ),
      );
      await until('the file is read', () => readdirSync(directory).includes('a.COMPLETED'), WAIT_MS);
      const written = () =>
        readdirSync(out)
          .map((name) => readFileSync(join(out, name), 'utf8'))
          .join('')
          .split('\n')
          .slice(0, -1);
      await until('all lines', () => written().length >= LINES - CAPACITY, WAIT_MS);
      await stopAgent(ends);
      assert.deepEqual(
        written(),
        Array.from({ length: LINES - CAPACITY }, (_, n) => lineOf(CAPACITY + n)),
      );
    });
  }
});
