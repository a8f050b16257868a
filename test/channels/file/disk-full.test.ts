/** A disk that takes no more bytes, for real: the kernel refuses writes beyond a size. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LineClient } from '../../kit/lines.ts';
import { confFile, type RunSettings, startMillrace } from '../../kit/process.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';

const MIB = 1024 * 1024;

async function start(t: TestContext, conf: string, settings: RunSettings = {}) {
  const args = ['agent', '-f', conf, '-n', 'a1', '--no-reload-conf', '-Dflume.root.logger=INFO,console'];
  const agent = startMillrace(t, args, settings);
  const [, port] = await agent.untilWrites(/Created serverSocket:.*:(\d+)\]/);
  return { agent, port: Number(port) };
}

test('a write that the disk refuses: the line is refused, the agent stays, nothing acknowledged is lost', async (t) => {
  const base = temporaryDirectory();
  const out = join(base, 'out');
  mkdirSync(out);
  const channel = `
    a1.sources = r1
    a1.channels = c1
    a1.sources.r1.type = netcat
    a1.sources.r1.bind = 127.0.0.1
    a1.sources.r1.port = 0
    a1.sources.r1.max-line-length = 200000
    a1.sources.r1.channels = c1
    a1.channels.c1.type = file
    a1.channels.c1.checkpointDir = ${join(base, 'checkpoint')}
    a1.channels.c1.dataDirs = ${join(base, 'data')}
    a1.channels.c1.maxFileSize = 64MiB
    a1.channels.c1.minimumRequiredSpace = 1MiB\n`;
  const limited = await start(t, confFile(channel), { fileBytesMax: 3 * MIB });
  const client = new LineClient(limited.port);
  const acknowledged: string[] = [];
  const answerTo = async (n: number) => {
    const line = `${n}-`.padEnd(100_000, 'x');
    client.send([line]);
    const answer = (await client.untilLines(n + 1))[n]!;
    if (answer === 'OK') acknowledged.push(line);
    return answer;
  };
  let answer = 'OK';
  let n = 0;
  for (; answer === 'OK' && n < 100; n++) answer = await answerTo(n);
  assert.match(answer, /^FAILED: /);
  assert.ok(acknowledged.length > 10, `${acknowledged.length} lines were taken before`);
  await limited.agent.untilWrites(/channel c1: A group of events could not be written: Input\/output error/);
  assert.match(await answerTo(n), /^FAILED: /, 'the source answers on');
  assert.equal(limited.agent.ended, null);
  assert.doesNotMatch(limited.agent.stdout, / died: /, 'nor does the channel’s worker end');
  client.end();
  limited.agent.signal('SIGKILL');
  await limited.agent.exit();

  const sink = `
    a1.sinks = k1
    a1.sinks.k1.type = file_roll
    a1.sinks.k1.sink.directory = ${out}
    a1.sinks.k1.sink.rollInterval = 0
    a1.sinks.k1.channel = c1\n`;
  await start(t, confFile(channel + sink));
  const delivered = () =>
    readdirSync(out).flatMap((name) => readFileSync(join(out, name), 'latin1').split('\n').slice(0, -1));
  await until('what was acknowledged is delivered', () => delivered().length >= acknowledged.length);
  const lines = new Set(delivered());
  assert.deepEqual(
    acknowledged.filter((line) => !lines.has(line)),
    [],
  );
});
