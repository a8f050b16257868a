/**
 * Power cuts: of what was written since the last sync any pages are on the disk and the others are as they
 * were before, in files that were copied while the log was written. What had been acknowledged by the first
 * copy is delivered; nothing is invented or reported, and the log goes on.
 *
 * MILLRACE_POWER_RUNS=N sets how many logs are tried.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { EventLog } from '../../../src/storage/log/log.ts';
import { type Random, randomFrom } from '../../kit/random.ts';
import { firsts, group, type Place, place } from './place.ts';

const { MILLRACE_POWER_RUNS, MILLRACE_POWER_SEED } = process.env;
const RUNS = Number(MILLRACE_POWER_RUNS ?? 30);
const IMAGES = 20;
const COPIES_MAX = 60;
const PAGE = 4096;
const EVENTS = 3;
const SEGMENT_BYTES = 1 << 22;
/** Two on a page fill it, so that many pages are in flight. */
const SIZES = [60, 300, 1500, 1900, 3000, 9000] as const;

type Copy = ReadonlyMap<string, Buffer>;

const isSegment = (file: string) => /segment-[0-9a-f]+\.mdb$/.test(file);

/** All files of a log. Journals before segments: what is settled is in one of them at least. */
function copyOf({ checkpointDir }: Place): Copy {
  const base = join(checkpointDir, '..');
  const files = (readdirSync(base, { recursive: true }) as string[])
    .filter((file) => statSync(join(base, file)).isFile() && !/lock$/.test(file))
    .sort((a, b) => Number(isSegment(a)) - Number(isSegment(b)));
  return new Map(files.map((file) => [file, readFileSync(join(base, file))]));
}

/** Whether no segment has been synced between two copies. */
function isOfOneSync(before: Copy, after: Copy): boolean {
  return [...after].every(([file, bytes]) => {
    const earlier = before.get(file);
    const synced = (one: Buffer) => one.subarray(PAGE / 2, PAGE);
    return !isSegment(file) || (earlier !== undefined && synced(earlier).equals(synced(bytes)));
  });
}

interface Written {
  readonly at: Place;
  readonly copies: readonly Copy[];
  /** First events of what was acknowledged before the first copy and never taken. */
  readonly wanted: ReadonlySet<number>;
}

/** Writes a log by several writers at once, and copies it from some acknowledgement on. */
async function write(random: Random, journalBytes: number): Promise<Written> {
  const at = { ...place(1 + random(2), SEGMENT_BYTES), journalBytes };
  const log = await EventLog.open(at);
  const only = random(2) === 0 ? SIZES[random(SIZES.length)] : undefined;
  const copies: Copy[] = [];
  const acknowledged = new Set<number>();
  let wanted = new Set<number>();
  let left = 10 + random(100);
  const writer = async () => {
    for (let n = 0; n < 20; n++) {
      const { end } = log;
      const records = Array.from({ length: 1 + random(3) }, (_, i) =>
        group(end + i * EVENTS, EVENTS, only ?? SIZES[random(SIZES.length)]!),
      );
      await log.append(records).settled;
      for (const i of records.keys()) acknowledged.add(end + i * EVENTS);
      if (copies.length > 0) continue;
      if (random(4) === 0) {
        acknowledged.delete(end);
        log.take(end, end + EVENTS);
        log.maintain(Date.now());
      }
      if (--left > 0) continue;
      wanted = new Set(acknowledged);
      copies.push(copyOf(at));
    }
  };
  let isWriting = true;
  const writers = Promise.all(Array.from({ length: 1 + random(16) }, writer)).then(() => {
    isWriting = false;
  });
  while (isWriting) {
    const [first] = copies;
    const next = first === undefined || copies.length > COPIES_MAX ? null : copyOf(at);
    if (next !== null && isOfOneSync(first!, next)) copies.push(next);
    await setImmediate();
  }
  await writers;
  await log.close();
  return { at, copies, wanted };
}

/** Files as the power cut leaves them: each page of a segment is as it was in some copy. */
function cut(random: Random, copies: readonly Copy[], to: Place): void {
  const newest = copies.at(-1)!;
  const oldPercent = [10, 50, 90][random(3)]!;
  for (const [file, bytes] of newest) {
    const left = Buffer.from(bytes);
    for (let at = 0; isSegment(file) && at < left.length; at += PAGE) {
      if (random(100) >= oldPercent) continue;
      const page = copies[random(copies.length)]!.get(file)!.subarray(at, at + PAGE);
      left.fill(0, at, at + PAGE).set(page, at);
    }
    const path = join(to.checkpointDir, '..', file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, left);
  }
}

async function survive(to: Place, wanted: ReadonlySet<number>, what: string): Promise<void> {
  let log = await EventLog.open(to);
  try {
    assert.deepEqual(
      [...wanted.difference(new Set(firsts(log)))],
      [],
      `${what}: what was acknowledged is delivered`,
    );
    const { end } = log;
    await log.append([group(end, EVENTS)]).settled;
    await log.close();
    log = await EventLog.open(to);
    const missing = new Set([...wanted, end]).difference(new Set(firsts(log)));
    assert.deepEqual([...missing], [], `${what}: it goes on`);
    assert.deepEqual(to.reports, [], what);
  } finally {
    await log.close();
  }
}

for (const [name, journalBytes] of [
  ['groups that go to segments at once', 0],
  ['small groups in journals', 64 * 1024],
] as const) {
  test(`${name}: what was acknowledged is there, whatever pages a power cut lost`, async () => {
    const { random, seed } = randomFrom(MILLRACE_POWER_SEED);
    let images = 0;
    for (let run = 0; run < RUNS; run++) {
      const { at, copies, wanted } = await write(random, journalBytes);
      for (let n = 0; n < IMAGES && copies.length > 1; n++) {
        const to = { ...place(at.dataDirs.length, SEGMENT_BYTES), journalBytes };
        cut(random, copies, to);
        await survive(to, wanted, `seed ${seed}, run ${run}, image ${n}`);
        rmSync(join(to.checkpointDir, '..'), { recursive: true });
        images++;
      }
      rmSync(join(at.checkpointDir, '..'), { recursive: true });
    }
    assert.ok(images > 0, 'copies were made while pages were in flight');
  });
}
