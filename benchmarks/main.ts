/** `npm run bench -- FLOW …`: see the help text. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { AgentKind } from './agents.ts';
import { FLOWS, type Flow } from './flows/index.ts';
import { type Measurement, measure } from './measure.ts';
import { type FlowResult, fillMarkers, markdown, ratios, svg } from './report/report.ts';
import { short } from './statistics.ts';
import { idle, memory, startUp } from './still.ts';

const HELP = `Measures flows, side by side with Java Flume.

usage: npm run bench -- FLOW… [--against flume] [--pairs 5] [--seconds 20] [--report DIR] [--readme]

flows:   ${FLOWS.map((flow) => flow.name).join(', ')}, all
others:  startup (launch to the first metrics answer), idle (CPU of an idle agent), memory (growth over a long run)

examples:
  npm run bench -- seq-mem-null --against flume
  npm run bench -- all --against flume --report benchmarks/report/out --readme
  npm run bench -- memory --seconds 600
`;

const HOME = resolve(import.meta.dirname, '..');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    against: { type: 'string' },
    pairs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '20' },
    report: { type: 'string' },
    readme: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

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
  const java = tryVersion('java', ['-version']);
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const load = 'the load generator shares them';
  return `${availableParallelism()} cores (${model}; ${load}), ${memory}, Node ${process.version}, ${java}`;
}

function tryVersion(command: string, args: string[]): string {
  try {
    const text = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return text.split('\n', 1)[0] || 'Java 17';
  } catch {
    return 'no Java';
  }
}

async function main(): Promise<number> {
  if (values.help || (positionals.length === 0 && !values.list)) {
    process.stdout.write(HELP);
    return values.help ? 0 : 1;
  }
  if (values.list) {
    for (const flow of FLOWS) process.stdout.write(`${flow.name.padEnd(22)} ${flow.title}\n`);
    return 0;
  }
  const seconds = Number(values.seconds);
  const count = Number(values.pairs);
  const against = values.against === 'flume';
  const still: Readonly<Record<string, () => Promise<string>>> = {
    startup: () => startUp(count, against),
    idle: () => idle(seconds),
    memory: () => memory(seconds),
  };
  const results: FlowResult[] = [];
  for (const name of positionals[0] === 'all' ? FLOWS.map((flow) => flow.name) : positionals) {
    const special = still[name];
    const flow = FLOWS.find((one) => one.name === name);
    if (special !== undefined) process.stdout.write(`${await special()}\n`);
    else if (flow === undefined) throw new Error(`there is no flow ${name}; --list shows them`);
    else results.push(await pairs(flow, count, seconds, against));
  }
  if (results.length === 0) return 0;
  const text = markdown(results, machine());
  process.stdout.write(`\n${text}`);
  if (values.report !== undefined) {
    mkdirSync(values.report, { recursive: true });
    writeFileSync(join(values.report, 'report.md'), text);
    writeFileSync(join(values.report, 'report.svg'), svg(results));
  }
  if (values.readme) {
    const readme = join(HOME, 'README.md');
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
