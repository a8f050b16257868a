/** The reader promises of a log what the log then does: delivers, or passes over. */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { EventLog, type LogSettings } from '../../../src/storage/log/log.ts';
import { LogReader } from '../../../src/storage/log/reader.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

function settings(base: string, directories: number): LogSettings {
  return {
    checkpointDir: join(base, 'checkpoint'),
    dataDirs: Array.from({ length: directories }, (_, n) => join(base, `data${n}`)),
    owner: 'channel c1',
    segmentBytes: 30_000,
    journalBytes: 0,
    freeBytesMin: 0,
    checkpointMs: 10,
    cipher: null,
    report: () => {},
  };
}

interface Seen {
  readonly blocks: number[];
  readonly end: number;
  readonly taken: number;
}

async function seenByReader(place: LogSettings, turnBlocks: number): Promise<Seen> {
  const reader = await LogReader.open(place);
  const blocks: number[] = [];
  for (let from = reader.taken.low; from < reader.end; ) {
    let left = turnBlocks;
    from = reader.walk(from, (found) => {
      if (found.what === 'block') blocks.push(found.key.first);
      return --left > 0;
    });
    await new Promise((resolve) => setImmediate(resolve));
  }
  const seen = { blocks, end: reader.end, taken: reader.taken.untakenCount(reader.end) };
  reader.close();
  return seen;
}

async function seenByLog(place: LogSettings): Promise<Seen> {
  const log = await EventLog.open(place);
  const taken = log.taken.untakenCount(log.end);
  const blocks: number[] = [];
  log.read(0, (key) => {
    blocks.push(key.first);
    return true;
  });
  const seen = { blocks, end: log.end, taken };
  await log.close();
  return seen;
}

/** A log of some groups, parts of it taken; a flipped byte and a missing segment where they are wanted. */
async function make(plan: Plan): Promise<LogSettings> {
  const place = settings(temporaryDirectory(), plan.directories);
  const log = await EventLog.open(place);
  for (const [n, count] of plan.groups.entries()) {
    await log.append([{ count, value: Buffer.alloc(9000, `block ${n};`) }]).settled;
  }
  for (const [from, length] of plan.takes)
    log.take(Math.min(from, log.end), Math.min(from + length, log.end));
  await log.close();
  const files = place.dataDirs.flatMap((path) =>
    readdirSync(path)
      .filter((name) => name.endsWith('.mdb'))
      .map((name) => join(path, name)),
  );
  if (plan.flipped !== null && files.length > 0) {
    const file = files[plan.flipped % files.length]!;
    const bytes = readFileSync(file);
    const at = bytes.indexOf('block ', 8192 + (plan.flipped % 20_000));
    if (at > 0) bytes[at] = 1;
    writeFileSync(file, bytes);
  }
  if (plan.removed !== null && files.length > 0) rmSync(files[plan.removed % files.length]!);
  return place;
}

interface Plan {
  readonly directories: number;
  readonly groups: readonly number[];
  readonly takes: readonly (readonly [from: number, length: number])[];
  readonly flipped: number | null;
  readonly removed: number | null;
}

const plans: fc.Arbitrary<Plan & { turnBlocks: number }> = fc.record({
  directories: fc.integer({ min: 1, max: 3 }),
  groups: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }),
  takes: fc.array(fc.tuple(fc.nat(100), fc.integer({ min: 1, max: 20 })), { maxLength: 4 }),
  flipped: fc.option(fc.nat(1_000_000)),
  removed: fc.option(fc.nat(100)),
  turnBlocks: fc.integer({ min: 1, max: 30 }),
});

describe('the reader of a log', () => {
  test('sees the blocks that the log delivers, whatever is taken, damaged or gone, and changes no file', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async ({ turnBlocks, ...plan }) => {
        const place = await make(plan);
        const base = join(place.checkpointDir, '..');
        const copy = temporaryDirectory();
        cpSync(base, copy, { recursive: true });
        const seen = await seenByReader(place, turnBlocks);
        for (const entry of readdirSync(copy, { recursive: true, withFileTypes: true })) {
          if (!entry.isFile() || entry.name.endsWith('-lock')) continue;
          const file = join(entry.parentPath, entry.name);
          const now = readFileSync(join(base, file.slice(copy.length)));
          assert.ok(now.equals(readFileSync(file)), file);
        }
        assert.deepEqual(seen, await seenByLog(settings(copy, plan.directories)));
      }),
      { numRuns: 40 },
    );
  });

  test('holds the directories while it reads, and lets them go', async () => {
    const place = settings(temporaryDirectory(), 2);
    await (await EventLog.open(place)).close();
    const reader = await LogReader.open({ ...place, owner: 'a reader' });
    await assert.rejects(EventLog.open(place), { code: 'STORAGE_LOCKED', message: /in use by a reader/ });
    reader.close();
    await (await EventLog.open(place)).close();
  });
});
