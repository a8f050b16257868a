/**
 * The same flume.conf and the same input on Java Flume 1.11 and on Millrace: the same answers, files and
 * counters.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import {
  type AgentKind,
  freePort,
  metricsOf,
  type RunningAgent,
  startAgent,
  stopAgent,
} from '../../benchmarks/agents.ts';
import { temporaryDirectory } from '../kit/temporary.ts';
import { until } from '../kit/until.ts';

const KINDS: readonly AgentKind[] = ['flume', 'millrace'];
const START_MS_MAX = 60_000;

interface Run {
  readonly agent: RunningAgent;
  readonly port: number;
  /** Where file_roll writes. */
  readonly out: string;
}

/** Starts an agent whose source listens on PORT and whose sink k1 writes files below OUT. */
async function start(t: TestContext, kind: AgentKind, conf: string): Promise<Run> {
  const directory = temporaryDirectory();
  const out = join(directory, 'out');
  mkdirSync(out);
  const port = await freePort();
  const file = join(directory, 'flume.conf');
  const text = conf.replaceAll('PORT', String(port)).replaceAll('OUT', out);
  writeFileSync(file, text.replaceAll(/^ +(?=\S)/gm, 'a1.'));
  const log = join(directory, 'log');
  const agent = await startAgent(kind, { conf: file, name: 'a1', env: {}, log });
  t.after(() => stopAgent(agent));
  await until(`${kind} listens`, () => canConnect(port), START_MS_MAX);
  return { agent, port, out };
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function written(out: string): string {
  const order = (name: string) => Number(name.split('-').at(-1));
  const files = readdirSync(out).sort((a, b) => order(a) - order(b));
  return files.map((name) => readFileSync(join(out, name), 'latin1')).join('');
}

async function taken(run: Run): Promise<number> {
  return Number((await metricsOf(run.agent.metricsPort))?.['CHANNEL.c1']?.EventTakeSuccessCount ?? 0);
}

/** Sends bytes over TCP and resolves with everything that came back by the time `enough` says so. */
function talk(port: number, bytes: Buffer, enough: (answer: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const timer = setTimeout(() => reject(new Error(`no more than ${JSON.stringify(answer)}`)), 20_000);
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.setEncoding('latin1').on('data', (text) => {
      answer += text;
      if (enough(answer)) end();
    });
    socket.once('close', end);
    socket.once('error', end);
  });
}

const NETCAT = `
  sources = r1
  channels = c1
  sinks = k1
  sources.r1.type = netcat
  sources.r1.bind = 127.0.0.1
  sources.r1.port = PORT
  sources.r1.channels = c1
  channels.c1.type = memory
  channels.c1.capacity = 1000
  sinks.k1.type = file_roll
  sinks.k1.sink.directory = OUT
  sinks.k1.sink.rollInterval = 0
  sinks.k1.channel = c1
`;

const HTTP = `
  sources = r1
  channels = c1
  sinks = k1
  sources.r1.type = http
  sources.r1.bind = 127.0.0.1
  sources.r1.port = PORT
  sources.r1.channels = c1
  sources.r1.interceptors = i1 i2 i3
  sources.r1.interceptors.i1.type = regex_extractor
  sources.r1.interceptors.i1.regex = (\\\\d+)-(\\\\p{Alpha}++)
  sources.r1.interceptors.i1.serializers = s1 s2
  sources.r1.interceptors.i1.serializers.s1.name = number
  sources.r1.interceptors.i1.serializers.s2.name = word
  sources.r1.interceptors.i2.type = search_replace
  sources.r1.interceptors.i2.searchPattern = (?i)SECRET=(\\\\S+)
  sources.r1.interceptors.i2.replaceString = secret=<$1>
  sources.r1.interceptors.i3.type = static
  sources.r1.interceptors.i3.key = tier
  sources.r1.interceptors.i3.value = edge
  channels.c1.type = memory
  channels.c1.capacity = 1000
  sinks.k1.type = file_roll
  sinks.k1.sink.directory = OUT
  sinks.k1.sink.rollInterval = 0
  sinks.k1.sink.serializer = header_and_text
  sinks.k1.channel = c1
`;

describe('beside Java Flume 1.11', { timeout: 240_000 }, () => {
  test('netcat and file_roll: the same answers, the same bytes in the files', async (t) => {
    const input = Buffer.concat([
      Buffer.from('plain\nwith return\r\n\n\ttabs and  blanks \nümlaut €\n'),
      Buffer.from('nul \0 in it\n'),
      Buffer.from(`${'x'.repeat(500)}\nlast\n${'y'.repeat(600)}\nnever\n`),
    ]);
    const results: { answer: string; file: string }[] = [];
    for (const kind of KINDS) {
      const run = await start(t, kind, NETCAT);
      const answer = await talk(run.port, input, (text) => text.includes('FAILED'));
      await until('the lines are taken', async () => (await taken(run)) >= 8);
      await until('and written', () => written(run.out).includes('last\n'));
      results.push({ answer: answer.trimEnd(), file: written(run.out) });
    }
    assert.deepEqual(results[1], results[0]);
  });

  test('http, interceptors and header_and_text: the same status, the same lines, the same counters', async (t) => {
    const events = [
      { headers: { b: '1', a: '2', zeta: '3', Host: 'h' }, body: 'id 17-abc secret=hush now' },
      { headers: {}, body: 'nothing here' },
      { headers: { 'x y': 'ü', number: 'mine' }, body: '42-z SECRET=a SECRET=b' },
    ];
    const bodies = [
      JSON.stringify(events),
      'no json',
      '[]',
      '[{"headers":{"a":"1","b":"2","c":"3","d":"4","e":"5","f":"6"},"body":"y"}]',
    ];
    const results: unknown[] = [];
    for (const kind of KINDS) {
      const run = await start(t, kind, HTTP);
      const statuses: number[] = [];
      for (const body of bodies) {
        const response = await fetch(`http://127.0.0.1:${run.port}/`, { method: 'POST', body });
        statuses.push(response.status);
      }
      await until('the events are taken', async () => (await taken(run)) >= 4);
      await until('and written', () => written(run.out).split('\n').length >= 5);
      const metrics = (await metricsOf(run.agent.metricsPort))!;
      const names = Object.entries(metrics).map(([group, values]) => [group, Object.keys(values).sort()]);
      const { 'SOURCE.r1': source, 'CHANNEL.c1': channel } = metrics;
      const counts = [
        source!.EventReceivedCount,
        source!.EventAcceptedCount,
        source!.AppendBatchAcceptedCount,
        source!.EventReadFail,
        channel!.EventPutSuccessCount,
        channel!.ChannelFillPercentage,
      ];
      results.push({ statuses, file: written(run.out), names: names.sort(), counts });
    }
    assert.deepEqual(results[1], results[0]);
  });
});
