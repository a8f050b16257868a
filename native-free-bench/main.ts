/** `node native-free-bench/main.ts [SUBJECT…]`: see the help text. */
import './native-off.ts';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { measure } from 'mitata';
import type { Case, Subject } from './kit.ts';
import { loadedAddons } from './native-off.ts';
import { SUBJECTS } from './subjects/index.ts';

const HELP = `Measures parts of the engine by themselves, without native add-ons, services or Java.

usage: node native-free-bench/main.ts [SUBJECT…] [--size N] [--ms N] [--json]

subjects (all when none is named):
${SUBJECTS.map(({ name, title, size }) => `  ${name.padEnd(14)}${title}; ${size} items a pass`).join('\n')}

options:
  --size N   items of one pass (default: the subject's own)
  --ms N     CPU time to spend on each case (default 500)
  --json     results as one JSON document
  --help     this text

examples:
  node native-free-bench/main.ts
  node native-free-bench/main.ts ring blocks --size 10000
  node native-free-bench/main.ts headers --json | jq '.results[] | [.case, .nsPerItem]'
`;

interface Result {
  readonly subject: string;
  readonly case: string;
  readonly items: number;
  readonly itemsPerSecond: number;
  readonly nsPerItem: number;
  /** Null for a case that has no bytes. */
  readonly megabytesPerSecond: number | null;
  /** Times of one pass. */
  readonly passNs: { readonly min: number; readonly p50: number; readonly p99: number; readonly max: number };
  readonly samples: number;
}

interface Settings {
  readonly subjects: readonly Subject[];
  readonly size: number | null;
  readonly ms: number;
  readonly json: boolean;
  readonly help: boolean;
}

/** @throws Error with one line for the user. */
function readArguments(): Settings {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      size: { type: 'string' },
      ms: { type: 'string', default: '500' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.find((name) => !SUBJECTS.some((subject) => subject.name === name));
  if (unknown !== undefined) {
    throw new Error(
      `there is no subject ${unknown}; there are ${SUBJECTS.map(({ name }) => name).join(', ')}`,
    );
  }
  return {
    subjects: positionals.length === 0 ? SUBJECTS : SUBJECTS.filter(({ name }) => positionals.includes(name)),
    size: values.size === undefined ? null : positive('--size', values.size),
    ms: positive('--ms', values.ms),
    json: values.json,
    help: values.help,
  };
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`${option} ${text} is not a whole number above 0`);
  return value;
}

/** The collector itself: without one mitata fills a gigabyte before each case to provoke a collection. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

async function measureCase(subject: string, one: Case, ms: number, gc: () => void): Promise<Result> {
  await one.pass();
  one.check();
  const stats = await measure(() => one.pass(), { gc, min_cpu_time: ms * 1e6 });
  one.check();
  // The median: a pass that a collection or another process interrupts says nothing about the code.
  const seconds = stats.p50 / 1e9;
  return {
    subject,
    case: one.name,
    items: one.items,
    itemsPerSecond: one.items / seconds,
    nsPerItem: stats.p50 / one.items,
    megabytesPerSecond: one.bytes === 0 ? null : one.bytes / 1e6 / seconds,
    passNs: { min: stats.min, p50: stats.p50, p99: stats.p99, max: stats.max },
    samples: stats.ticks,
  };
}

const COLUMNS = ['ns an item', 'items/s', 'MB/s', 'pass p50, µs', 'p99, µs'];
const NAME_WIDTH = 46;

function row(name: string, cells: readonly string[]): string {
  return `${name.padEnd(NAME_WIDTH)}${cells.map((cell, i) => cell.padStart(COLUMNS[i]!.length + 3)).join('')}\n`;
}

function cellsOf({ nsPerItem, itemsPerSecond, megabytesPerSecond, passNs }: Result): readonly string[] {
  return [
    nsPerItem.toFixed(nsPerItem < 10 ? 2 : 0),
    itemsPerSecond >= 1e6
      ? `${(itemsPerSecond / 1e6).toFixed(1)} M`
      : `${(itemsPerSecond / 1e3).toFixed(1)} k`,
    megabytesPerSecond === null ? '' : megabytesPerSecond.toFixed(0),
    (passNs.p50 / 1e3).toFixed(1),
    (passNs.p99 / 1e3).toFixed(1),
  ];
}

async function measureSubject(subject: Subject, settings: Settings, gc: () => void): Promise<Result[]> {
  if (!settings.json) process.stdout.write(`\n${subject.name}: ${subject.title}\n${row('', COLUMNS)}`);
  const cases = await subject.cases(settings.size ?? subject.size);
  const results: Result[] = [];
  try {
    for (const one of cases) {
      const result = await measureCase(subject.name, one, settings.ms, gc);
      results.push(result);
      if (!settings.json) process.stdout.write(row(`  ${one.name}`, cellsOf(result)));
    }
  } finally {
    for (const one of cases) await one.close?.();
  }
  return results;
}

async function main(): Promise<number> {
  const settings = readArguments();
  if (settings.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const machine = {
    node: process.version,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
  };
  if (!settings.json) {
    process.stdout.write(
      `Node ${machine.node}, ${machine.cores} × ${machine.processor}, no native add-ons\n`,
    );
  }
  const gc = collector();
  const results: Result[] = [];
  for (const subject of settings.subjects) results.push(...(await measureSubject(subject, settings, gc)));
  const addons = loadedAddons();
  if (addons.length > 0)
    throw new Error(`native add-ons were loaded in spite of the switch: ${addons.join(', ')}`);
  if (settings.json) process.stdout.write(`${JSON.stringify({ ...machine, results }, null, 2)}\n`);
  return 0;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  return 1;
});
