/**
 * Files a gigabyte that the hdfs sink leaves on a local disk. First with both agents, for lines that come as
 * fast as they are taken: Flume's defaults close files by count and size. Then the sink alone, under a clock
 * that is moved, for a directory that gets a line a second for a day: there the interval closes them.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import declaration from '../src/sinks/hdfs/index.ts';
import { batchOf } from '../test/kit/editor.ts';
import type { Properties } from '../test/kit/part.ts';
import { SinkRig } from '../test/kit/sink.ts';
import { hdfsJars } from '../test/peers/hdfs/jars.ts';
import { type AgentKind, committed, startAgent, stopAgent } from './agents.ts';
import { inDirectory } from './directory.ts';

const LINE_BYTES = 200;
const DAY_S = 24 * 3600;
/** One take. */
const STEP_S = 10;
const RUN_MS_MAX = 120_000;
const MIN_SIZE: Properties = { 'hdfs.minFileSize': '67108864' };

/** With the events of a run: a gigabyte where files are large. */
const BUSY: readonly (readonly [string, Properties, number])[] = [
  ["Flume's defaults", {}, 20_000],
  ['and hdfs.minFileSize = 64 MiB', MIN_SIZE, 5_000_000],
];
const INTERVAL_ONLY: Properties = { 'hdfs.rollCount': '0', 'hdfs.rollSize': '0' };
const QUIET: readonly (readonly [string, Properties])[] = [
  ["Flume's defaults", {}],
  ['rollInterval = 30 only', INTERVAL_ONLY],
  ['and hdfs.minFileSize = 64 MiB, hdfs.maxFileAge = 1 h', { ...INTERVAL_ONLY, ...MIN_SIZE }],
  [
    'and hdfs.minFileSize = 64 MiB, hdfs.maxFileAge = 24 h',
    { ...INTERVAL_ONLY, ...MIN_SIZE, 'hdfs.maxFileAge': String(DAY_S) },
  ],
];

export async function files(against: boolean): Promise<string> {
  const lines: string[] = [];
  for (const kind of against ? (['millrace', 'flume'] as const) : (['millrace'] as const)) {
    for (const [what, properties, events] of BUSY) {
      if (kind === 'flume' && properties === MIN_SIZE) continue;
      const count = await inDirectory((directory) => runAgent(kind, properties, events, directory));
      lines.push(lineOf(`busy, ${kind}`, what, count, events));
    }
  }
  for (const [what, properties] of QUIET) {
    const count = await inDirectory((directory) => passDay(properties, directory));
    lines.push(lineOf('a line a second', what, count, DAY_S));
  }
  return lines.join('\n');
}

function lineOf(traffic: string, what: string, count: number, events: number): string {
  const perGb = Math.round((count / (events * LINE_BYTES)) * 1e9);
  const of = `${count} files of ${events} lines of ${LINE_BYTES} B`;
  return `files, ${traffic}, ${what}: ${perGb.toLocaleString('en')} a GB (${of})`;
}

function confOf(properties: Properties, events: number, directory: string): string {
  const sink = { 'hdfs.path': `file://${directory}/out`, 'hdfs.fileType': 'DataStream', ...properties };
  const own = Object.entries(sink).map(([key, value]) => `b1.sinks.k1.${key} = ${value}`);
  return `b1.sources = r1
b1.channels = c1
b1.sinks = k1
b1.sources.r1.type = org.apache.flume.source.StressSource
b1.sources.r1.size = ${LINE_BYTES}
b1.sources.r1.maxTotalEvents = ${events}
b1.sources.r1.batchSize = 1000
b1.sources.r1.channels = c1
b1.channels.c1.type = memory
b1.channels.c1.capacity = 100000
b1.channels.c1.transactionCapacity = 1000
b1.sinks.k1.type = hdfs
b1.sinks.k1.channel = c1
${own.join('\n')}
`;
}

async function runAgent(
  kind: AgentKind,
  properties: Properties,
  events: number,
  directory: string,
): Promise<number> {
  const conf = join(directory, 'flume.conf');
  writeFileSync(conf, confOf(properties, events, directory));
  const env = { HOME: directory };
  const classPath = kind === 'flume' ? [hdfsJars()] : [];
  const agent = await startAgent(kind, { conf, name: 'b1', env, log: join(directory, 'log'), classPath });
  const untilMs = Date.now() + RUN_MS_MAX;
  try {
    while ((await committed(agent.metricsPort)) < events) {
      if (Date.now() > untilMs) throw new Error(`${kind} did not write ${events} events in time`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await stopAgent(agent);
  }
  return countIn(directory);
}

async function passDay(properties: Properties, directory: string): Promise<number> {
  const rig = await SinkRig.start(declaration, {
    'hdfs.path': `file://${directory}/out`,
    'hdfs.fileType': 'DataStream',
    'hdfs.stateDir': directory,
    ...properties,
  });
  const { sink, clock } = rig;
  const batch = batchOf(Array.from({ length: STEP_S }, () => [{}, 'x'.repeat(LINE_BYTES)] as const));
  for (let second = 0; second < DAY_S; second += STEP_S) {
    clock.nowMs += STEP_S * 1000;
    await sink.idle?.();
    await sink.process(batch);
  }
  await sink.stop?.();
  return countIn(directory);
}

/** Without the checksums that Hadoop writes beside local files. */
function countIn(directory: string): number {
  return readdirSync(join(directory, 'out')).filter((name) => name.startsWith('FlumeData.')).length;
}
