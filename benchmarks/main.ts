/** `npm run bench -- FLOW …`: see the help text. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { AgentKind } from './agents.ts';
import { amplification, disk, restart } from './durable/index.ts';
import { outage } from './durable/outage.ts';
import { files } from './files.ts';
import { FLOWS, type Flow } from './flows/index.ts';
import { latency } from './latency.ts';
import { type Measurement, measure } from './measure.ts';
import { mixed } from './mixed.ts';
import { plainCopy } from './plain-copy.ts';
import { type FlowResult, fillMarkers, markdown, ratios, svg } from './report/report.ts';
import { short } from './statistics.ts';
import { idle, memory, startUp } from './still.ts';
import { taildirMany } from './taildir-many.ts';

const HELP = `Measures flows, side by side with Java Flume.

usage: npm run bench -- FLOW… [--against flume] [--pairs 5] [--seconds 20] [--events 5000000] [--report DIR] [--readme]
       npm run bench -- --list

flows:   ${FLOWS.map((flow) => flow.name).join(', ')}, all
others:  startup (launch to the first metrics answer), idle (CPU of an idle agent), memory (growth over a long run),
         restart (with a backlog of --events in the file channel), outage (puts while a backlog of --events grows),
         amplification (bytes written for bytes put), disk (the log beside a plain file),
         mixed (hops from Millrace to Java Flume and back),
         latency (acknowledgement of single events, both agents), taildir-many (CPU and delay of 10,000 files),
         copy (a file of lines read and written by two threads that do nothing else: the bound of
         taildir-mem-fileroll), files (files of the hdfs sink a gigabyte, with Flume's defaults and with hdfs.minFileSize)

examples:
  npm run bench -- seq-mem-null --against flume
  npm run bench -- all --against flume --report benchmarks/report/out --readme
  npm run bench -- memory --seconds 600
  npm run bench -- restart --events 5000000 --against flume
`;

const HOME = resolve(import.meta.dirname, '..');
/** Measurements that are no flow. */
const STILL = [
  'startup',
  'idle',
  'memory',
  'restart',
  'outage',
  'amplification',
  'disk',
  'mixed',
  'latency',
  'taildir-many',
  'copy',
  'files',
];

interface Arguments {
  readonly names: readonly string[];
  readonly against: boolean;
  readonly pairs: number;
  readonly seconds: number;
  readonly events: number;
  readonly report: string | undefined;
  readonly readme: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

/** What is wrong is said before anything is measured. */
function readArguments(): Arguments {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      against: { type: 'string' },
      pairs: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '20' },
      events: { type: 'string', default: '5000000' },
      report: { type: 'string' },
      readme: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const flows = FLOWS.map((flow) => flow.name);
  const names = [...new Set(positionals.flatMap((name) => (name === 'all' ? flows : [name])))];
  const unknown = names.find((name) => !flows.includes(name) && !STILL.includes(name));
  if (unknown !== undefined) throw new Error(`there is no flow ${unknown}; --list shows them`);
  const { against, report, readme, list, help } = values;
  if (against !== undefined && against !== 'flume') {
    throw new Error(`--against ${against} is unknown; only flume can be measured against`);
  }
  return {
    names,
    against: against === 'flume',
    pairs: whole('--pairs', values.pairs),
    seconds: positive('--seconds', values.seconds),
    events: whole('--events', values.events),
    report,
    readme,
    list,
    help,
  };
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`${option} ${text} is not a number above 0`);
  return value;
}

function whole(option: string, text: string): number {
  const value = positive(option, text);
  if (!Number.isInteger(value)) throw new Error(`${option} ${text} is not a whole number`);
  return value;
}

async function pairs(flow: Flow, count: number, seconds: number, against: boolean): Promise<FlowResult> {
  const runs: Record<AgentKind, Measurement[]> = { millrace: [], flume: [] };
  for (let n = 0; n < count; n++) {
    // The order alternates, so that neither always runs on a warmer machine.
    const order: AgentKind[] = !against
      ? ['millrace']
      : n % 2 === 0
        ? ['millrace', 'flume']
        : ['flume', 'millrace'];
    for (const kind of order) {
      const run = await measure(flow, kind, seconds);
      runs[kind].push(run);
      process.stderr.write(
        `${flow.name} ${n + 1}/${count} ${kind.padEnd(8)} ${short(run.eventsPerSecond)} events/s, ` +
          `${run.cpuSecondsPerMillion.toFixed(2)} CPU s per million, ${(run.peakBytes / 1e6).toFixed(0)} MB, ` +
          `up in ${(run.startMs / 1000).toFixed(2)} s\n`,
      );
    }
  }
  return { flow, seconds, ours: runs.millrace, theirs: runs.flume };
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const load = 'the load generator shares them';
  return `${availableParallelism()} cores (${model}; ${load}), ${memory}, Node ${process.version}, ${javaVersion()}`;
}

/** Java tells its version on its error stream. */
function javaVersion(): string {
  const { error, stdout, stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  if (error !== undefined) return 'no Java';
  return (
    `${stdout}${stderr}`.split('\n').find((line) => line.includes(' version ')) ?? 'Java of unknown version'
  );
}

async function main(): Promise<number> {
  const { names, against, pairs: count, seconds, events, report, ...rest } = readArguments();
  if (rest.help || (names.length === 0 && !rest.list)) {
    process.stdout.write(HELP);
    return rest.help ? 0 : 1;
  }
  if (rest.list) {
    for (const flow of FLOWS) process.stdout.write(`${flow.name.padEnd(22)} ${flow.title}\n`);
    return 0;
  }
  const readme = join(HOME, 'README.md');
  // A page that cannot take the figures is noticed now and not after an hour of measuring.
  if (rest.readme) fillMarkers(readFileSync(readme, 'utf8'), 'figures', '');
  const still: Readonly<Record<string, () => Promise<string>>> = {
    startup: () => startUp(count, against),
    idle: () => idle(seconds),
    memory: () => memory(seconds),
    restart: () => restart(events, against),
    outage: () => outage(events),
    amplification: () => amplification(events, against),
    disk: () => disk(),
    mixed: () => mixed(count, seconds),
    latency: () => latency(),
    'taildir-many': () => taildirMany(seconds, against),
    copy: () => plainCopy(count),
    files: () => files(against),
  };
  const results: FlowResult[] = [];
  for (const name of names) {
    const flow = FLOWS.find((one) => one.name === name);
    if (flow === undefined) process.stdout.write(`${await still[name]!()}\n`);
    else results.push(await pairs(flow, count, seconds, against));
  }
  if (results.length === 0) return 0;
  const text = markdown(results, machine());
  process.stdout.write(`\n${text}`);
  if (report !== undefined) {
    mkdirSync(report, { recursive: true });
    writeFileSync(join(report, 'report.md'), text);
    writeFileSync(join(report, 'report.svg'), svg(results));
  }
  if (rest.readme) {
    writeFileSync(readme, fillMarkers(readFileSync(readme, 'utf8'), 'figures', text));
  }
  const missed = results.filter((one) => (ratios(one)?.median ?? 99) < (one.flow.goal ?? 0));
  for (const { flow } of missed) process.stderr.write(`${flow.name}: below its goal of ${flow.goal}×\n`);
  return 0;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  return 1;
});
