/**
 * Damage to the pages of a log's files, of every kind: the process lives, every record whose own bytes are as
 * they were is delivered, what is lost is reported, nothing is invented, and the log goes on. What `millrace
 * channel check` is built on sees the same.
 *
 * MILLRACE_DAMAGE_RUNS=N sets how many random damages are tried, and flips a bit of every byte, not of some.
 */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { EventLog } from '../../../src/storage/log/log.ts';
import { LogReader } from '../../../src/storage/log/reader.ts';
import { FLAGS, PageFile } from '../../../src/storage/pages/page-file.ts';
import { leafPages } from '../../../src/storage/pages/tree.ts';
import { type Random, randomFrom } from '../../kit/random.ts';
import { group, type Place, place } from './place.ts';

const { MILLRACE_DAMAGE_RUNS, MILLRACE_DAMAGE_SEED } = process.env;
const RUNS = Number(MILLRACE_DAMAGE_RUNS ?? 300);
const STRIDE = MILLRACE_DAMAGE_RUNS === undefined ? 5 : 1;
const PAGE = 4096;
const HEADER = 24;

/** What is done to a file, and the bytes that it touches. */
interface Damage {
  readonly file: string;
  readonly from: number;
  readonly to: number;
  readonly apply: (bytes: Buffer) => Buffer;
}

interface Stored {
  readonly first: number;
  /** Byte ranges of its node and its value, where they stand in the newest tree. */
  readonly ranges: readonly (readonly [from: number, to: number])[];
  readonly file: string;
}

/**
 * A log of small and large records in two directories, some taken, and where everything stands in its files.
 */
class Sample {
  readonly at: Place;
  readonly #original: Place;
  readonly stored: Stored[] = [];
  readonly files: ReadonlyMap<string, Buffer>;
  readonly end: number;
  #runs = 0;

  static async make(): Promise<Sample> {
    const original = place(2, 150_000);
    const log = await EventLog.open(original);
    for (let n = 0; n < 24; n++) {
      const records = Array.from({ length: 12 }, (_, i) => SIZES[(n * 12 + i) % SIZES.length]!);
      const { end } = log;
      await log.append(records.map((bytes, i) => group(end + i * 3, 3, bytes))).settled;
    }
    log.take(0, 3);
    log.take(9, 12);
    const { end } = log;
    await log.close();
    return new Sample(original, end);
  }

  private constructor(original: Place, end: number) {
    this.#original = original;
    this.at = place(2, 150_000);
    this.end = end;
    const files = new Map<string, Buffer>();
    for (const directory of [original.checkpointDir, ...original.dataDirs]) {
      for (const name of readdirSync(directory).filter((one) => one.endsWith('.mdb'))) {
        files.set(join(basename(directory), name), readFileSync(join(directory, name)));
        if (directory !== original.checkpointDir) this.#locate(join(basename(directory), name));
      }
    }
    this.files = files;
  }

  #locate(file: string): void {
    const pages = new PageFile(join(this.#original.checkpointDir, '..', file));
    for (const page of leafPages(pages)) {
      for (const { key, at, size, valueAt } of pages.leafNodes(page)) {
        const node = [at, at + 8 + key.length + HEADER] as const;
        this.stored.push({ first: key.readUInt32BE(4), ranges: [node, [valueAt, valueAt + size]], file });
      }
    }
    pages.close();
  }

  restore(): void {
    const { at } = this;
    at.reports.length = 0;
    for (const directory of [at.checkpointDir, ...at.dataDirs]) {
      rmSync(directory, { recursive: true, force: true });
    }
    cpSync(join(this.#original.checkpointDir, '..'), join(at.checkpointDir, '..'), { recursive: true });
  }

  /** Damages a copy, opens it, and asserts all that is promised. Returns the number of records lost. */
  async survive(damage: Damage, what: string): Promise<number> {
    this.restore();
    const file = join(this.at.checkpointDir, '..', damage.file);
    writeFileSync(file, damage.apply(Buffer.from(this.files.get(damage.file)!)));
    const isHit = ({ ranges, file: one }: Stored) =>
      one === damage.file && ranges.some(([from, to]) => from < damage.to && to > damage.from);
    const wanted = this.stored.filter((one) => one.first !== 0 && one.first !== 9);
    const untouched = wanted.filter((one) => !isHit(one)).map(({ first }) => first);
    const seen = await this.#seenByReader();
    const log = await EventLog.open(this.at);
    try {
      const found = firstsOf(log, this.stored);
      const missed = untouched.filter((first) => !found.has(first));
      assert.deepEqual(missed, [], `${what}: untouched records are delivered`);
      const lost = wanted.filter(({ first }) => !found.has(first)).length;
      if (lost > 0) assert.ok(this.at.reports.length > 0, `${what}: what is lost is reported`);
      assert.deepEqual([...seen.blocks], [...found], `${what}: the reader sees what the log delivers`);
      assert.equal(seen.problems > 0, this.at.reports.length > 0, `${what}: ${this.at.reports.join('; ')}`);
      assert.equal(log.end, this.end, `${what}: numbers are not used again`);
      if (this.#runs++ % 16 === 0) {
        await log.append([group(log.end, 3)]).settled;
        assert.ok(firstsOf(log, this.stored).has(this.end), `${what}: it goes on`);
      }
      return lost;
    } finally {
      await log.close();
    }
  }

  async #seenByReader(): Promise<{ blocks: Set<number>; problems: number }> {
    const reader = await LogReader.open(this.at);
    const blocks = new Set<number>();
    let problems = 0;
    reader.walk(reader.taken.low, (found) => {
      if (found.what === 'block') blocks.add(found.key.first);
      else problems++;
      return true;
    });
    problems += reader.damaged.length + (reader.checkpointProblem === null ? 0 : 1);
    reader.close();
    return { blocks, problems };
  }
}

/** Values that share a leaf page, fill half of one, and overflow to one page or several. */
const SIZES = [60, 60, 60, 300, 1500, 60, 3000, 60, 9000] as const;

function firstsOf(log: EventLog, stored: readonly Stored[]): Set<number> {
  const found = new Set<number>();
  const known = new Set(stored.map(({ first }) => first));
  log.read(0, (key, value) => {
    const text = value.toString('latin1');
    assert.ok(text.startsWith(`${key.first}+3;`) && key.count === 3, 'nothing is invented');
    assert.ok(known.has(key.first) || key.first >= stored.length * 3, 'nothing is invented');
    assert.ok(!found.has(key.first), 'nothing comes twice');
    found.add(key.first);
    return true;
  });
  return found;
}

function flip(file: string, at: number, bit: number): Damage {
  const apply = (bytes: Buffer) => {
    bytes[at] = bytes[at]! ^ (1 << bit);
    return bytes;
  };
  return { file, from: at, to: at + 1, apply };
}

/** Pages of a kind in a file. */
function pagesOf(bytes: Buffer, flags: number): number[] {
  const found: number[] = [];
  for (let page = 2; page * PAGE < bytes.length; page++) {
    const isOne = bytes.readUInt32LE(page * PAGE) === page && bytes.readUInt16LE(page * PAGE + 18) === flags;
    if (isOne) found.push(page);
  }
  return found;
}

function span(from: number, length: number): number[] {
  return Array.from({ length: Math.ceil(length / STRIDE) }, (_, n) => from + n * STRIDE);
}

describe('a flipped bit', () => {
  let sample: Sample;
  before(async () => {
    sample = await Sample.make();
  });

  const segment = (n: number) => [...sample.files.keys()].filter((file) => file.includes('segment-'))[n]!;
  const bytesOf = (n: number) => sample.files.get(segment(n))!;
  /** First byte of the n-th page of a kind in the first segment. */
  const pageAt = (flags: number, n: number) => pagesOf(bytesOf(0), flags).at(n)! * PAGE;
  const CLASSES: readonly (readonly [what: string, positions: () => number[]])[] = [
    ['in the first meta page', () => span(0, HEADER + 144)],
    ['in the meta record of the last sync', () => span(PAGE / 2 + HEADER, 144)],
    ['in the second meta page', () => span(PAGE, HEADER + 144)],
    ['in the header of a branch page', () => span(pageAt(FLAGS.branch, -1), HEADER)],
    ['in the list of nodes of a branch page', () => span(pageAt(FLAGS.branch, -1) + HEADER, 16)],
    ['in the nodes of a branch page', () => span(pageAt(FLAGS.branch, -1) + PAGE - 96, 96)],
    ['in the header of a leaf page', () => [0, -1].flatMap((n) => span(pageAt(FLAGS.leaf, n), HEADER))],
    ['in the list of nodes of a leaf page', () => span(pageAt(FLAGS.leaf, 0) + HEADER, 12)],
    ['in the nodes of a leaf page', () => span(pageAt(FLAGS.leaf, 0) + PAGE - 210, 210)],
    ['in the header of an overflow page', () => span(pageAt(FLAGS.overflow, 1), HEADER)],
    ['in a value on overflow pages', () => span(pageAt(FLAGS.overflow, 1) + HEADER + 100, 16)],
  ];
  for (const [what, positions] of CLASSES) {
    test(`${what} costs one record at most`, async () => {
      assert.ok(pagesOf(bytesOf(0), FLAGS.branch).length > 0, 'the tree has branch pages');
      for (const at of positions()) {
        const lost = await sample.survive(flip(segment(0), at, at % 8), `byte ${at}`);
        assert.ok(lost <= 1, `byte ${at}: ${lost} records are lost`);
      }
    });
  }

  test('in any pointer of a branch page, also to an old copy of a page, costs nothing', async () => {
    for (const file of sample.files.keys()) {
      const bytes = sample.files.get(file)!;
      if (!file.includes('segment-')) continue;
      for (const page of pagesOf(bytes, FLAGS.branch)) {
        const nodes = bytes.readUInt16LE(page * PAGE + 20) / 2;
        for (let node = 0; node < nodes; node++) {
          const at = page * PAGE + HEADER + bytes.readUInt16LE(page * PAGE + HEADER + node * 2);
          for (let bit = 0; 2 ** bit * PAGE < bytes.length; bit++) {
            const damage = flip(file, at, bit);
            assert.equal(await sample.survive(damage, `page ${page}, node ${node}, bit ${bit}`), 0);
          }
        }
      }
    }
  });

  test('in the newest segment does not shorten the log', async () => {
    const last = [...sample.files.keys()].filter((file) => file.includes('segment-')).length - 1;
    for (const page of [...pagesOf(bytesOf(last), FLAGS.leaf), ...pagesOf(bytesOf(last), FLAGS.branch)]) {
      for (const at of span(page * PAGE, HEADER + 4)) {
        const lost = await sample.survive(flip(segment(last), at, (at + page) % 8), `byte ${at}`);
        assert.ok(lost <= 1, `byte ${at}: ${lost} records are lost`);
      }
    }
  });

  test('anywhere in what the checkpoint uses: events may come again, none is lost', async () => {
    const file = [...sample.files.keys()].find((one) => one.includes('checkpoint'))!;
    const bytes = sample.files.get(file)!;
    const leafs = pagesOf(bytes, FLAGS.leaf).flatMap((page) => [
      ...span(page * PAGE, HEADER + 4),
      ...span((page + 1) * PAGE - 100, 100),
    ]);
    for (const at of [...span(HEADER, 144), ...span(PAGE / 2 + HEADER, 144), ...leafs]) {
      assert.equal(await sample.survive(flip(file, at, at % 8), `byte ${at}`), 0);
    }
  });

  test(`or a run of bytes, ${RUNS} times at random`, async () => {
    const files = [...sample.files.keys()];
    const { random, seed } = randomFrom(MILLRACE_DAMAGE_SEED);
    let lost = 0;
    for (let run = 0; run < RUNS; run++) {
      const file = files[random(files.length)]!;
      const size = sample.files.get(file)!.length;
      const from = random(size);
      const length = 1 + random([1, 8, 100, 5000, 40_000][random(5)]!);
      const kind = random(4);
      const what = `seed ${seed}, run ${run}: ${length} bytes at ${from} of ${file}, kind ${kind}`;
      lost += await sample.survive(damageOf(file, from, Math.min(size, from + length), kind, random), what);
    }
    assert.ok(RUNS < 100 || lost > 0, 'the damages do damage');
  });

  test('a file that has been cut anywhere gives what is left of it', async () => {
    for (const file of sample.files.keys()) {
      const size = sample.files.get(file)!.length;
      for (const to of [1, 100, PAGE + 50, PAGE * 2, PAGE * 3 + 7, size >> 1, size - PAGE, size - 1]) {
        const apply = (bytes: Buffer) => bytes.subarray(0, to);
        await sample.survive({ file, from: to, to: size, apply }, `${file} cut to ${to}`);
      }
    }
  });
});

function damageOf(file: string, from: number, to: number, kind: number, random: Random): Damage {
  const other = random(from + 1);
  const apply = (bytes: Buffer) => {
    if (kind === 0) bytes.fill(0, from, to);
    else if (kind === 1) bytes.fill(0xff, from, to);
    else if (kind === 2) bytes.copyWithin(from, other, other + to - from);
    else for (let at = from; at < to; at++) bytes[at] = random(256);
    return bytes;
  };
  return { file, from, to, apply };
}
