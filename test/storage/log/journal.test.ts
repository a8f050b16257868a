/** Small groups go to a journal first: they come back as others do, after any end. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SECTOR_BYTES } from '../../../src/storage/log/journal-format.ts';
import { EventLog } from '../../../src/storage/log/log.ts';
import { LogReader } from '../../../src/storage/log/reader.ts';
import { FaultyDisk } from '../../kit/faulty-disk.ts';
import {
  appendAll,
  crashed,
  firsts,
  group,
  multiples,
  type Place,
  place,
  segments,
  untilKept,
} from './place.ts';

const JOURNAL_BYTES = 16 * 1024;
/** More than a journal of that size takes at once. */
const LARGE_BYTES = 8 * 1024;

const isJournal = (file: string) => /journal-[01]$/.test(file);

function journaled(directories = 1, journalBytes = JOURNAL_BYTES): Place {
  return { ...place(directories), journalBytes };
}

function journals(at: Place): string[] {
  return at.dataDirs.flatMap((path) =>
    readdirSync(path)
      .filter(isJournal)
      .map((name) => join(path, name)),
  );
}

for (const directories of [1, 2]) {
  describe(`a log with journals in ${directories} data directories`, () => {
    test('gives small groups back, in order, with no segment written for them', async () => {
      const at = journaled(directories);
      const log = await EventLog.open(at);
      await appendAll(log, 12);
      assert.deepEqual(firsts(log), multiples(10, 12));
      assert.deepEqual(firsts(log, 55), multiples(10, 12).slice(5));
      assert.deepEqual(at.dataDirs.flatMap(segments), []);
      assert.equal(journals(at).length, directories);
      await log.close();
    });

    test('puts what is not taken into segments before its file is written over', async () => {
      const at = journaled(directories);
      const log = await EventLog.open(at);
      await appendAll(log, 300);
      assert.deepEqual(firsts(log), multiples(10, 300));
      assert.ok(at.dataDirs.flatMap(segments).length > 0);
      assert.equal(journals(at).length, 2 * directories);
      const after = await EventLog.open(crashed(at));
      assert.deepEqual(firsts(after), multiples(10, 300));
      assert.equal(after.end, 3000);
      await after.close();
      await log.close();
      assert.deepEqual(at.reports, []);
    });

    test('writes no segment while takes keep up, and knows after a crash what was taken', async () => {
      const at = journaled(directories);
      const log = await EventLog.open(at);
      for (let n = 0; n < 300; n++) {
        await appendAll(log, 1);
        log.take(n * 10, n * 10 + 10);
      }
      assert.deepEqual(at.dataDirs.flatMap(segments), []);
      const left = crashed(at);
      const after = await EventLog.open(left);
      assert.ok(after.taken.low >= 3000 - 10 * (directories + 1), `taken up to ${after.taken.low}`);
      assert.equal(after.end, 3000);
      await after.close();
      assert.deepEqual(left.reports, []);
      await log.close();
    });

    test('a clean end leaves no journal, and everything in segments', async () => {
      const at = journaled(directories);
      const log = await EventLog.open(at);
      await appendAll(log, 20);
      log.take(0, 50);
      await log.close();
      assert.deepEqual(journals(at), []);
      const again = await EventLog.open({ ...at, journalBytes: 0 });
      assert.deepEqual(firsts(again), multiples(10, 20).slice(5));
      assert.equal(again.end, 200);
      await again.close();
    });
  });
}

/** What a log went through, one after another. */
type Step =
  | { readonly do: 'append'; readonly bytes: readonly number[] }
  | { readonly do: 'take'; readonly from: number; readonly count: number }
  | { readonly do: 'crash' | 'restart' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      bytes: fc.array(fc.oneof(fc.integer({ min: 20, max: 3000 }), fc.constant(LARGE_BYTES)), {
        minLength: 1,
        maxLength: 6,
      }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('take' as const),
      from: fc.nat(300),
      count: fc.integer({ min: 1, max: 60 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'restart' as const) }) },
);

/** Runs the steps on a log and on a set of the events that must come. */
async function holds(directories: number, steps: readonly Step[]): Promise<void> {
  let at = journaled(directories);
  let log = await EventLog.open(at);
  /** Acknowledged groups by first event; those whose take may not have reached the disk come or not. */
  let wanted = new Set<number>();
  let doubtful = new Set<number>();
  const check = () => {
    const found = firsts(log);
    assert.deepEqual(
      [...found].sort((a, b) => a - b),
      found,
      'in order',
    );
    assert.deepEqual(
      found.filter((first) => !doubtful.has(first)),
      [...wanted].sort((a, b) => a - b),
    );
    doubtful = new Set();
    wanted = new Set(found);
  };
  for (const one of steps) {
    if (one.do === 'append') {
      // All at once: they may overtake each other on the disk.
      const appended = one.bytes.map((bytes) => log.append([group(log.end, 5, bytes)]));
      await Promise.all(appended.map(({ settled }) => settled));
      for (const { first } of appended) wanted.add(first);
    } else if (one.do === 'take') {
      for (const first of [...wanted]) {
        if (first < one.from || first >= one.from + one.count) continue;
        log.take(first, first + 5);
        wanted.delete(first);
        doubtful.add(first);
      }
      log.maintain(Date.now());
    } else {
      const { end } = log;
      const left = crashed(at);
      await log.close();
      if (one.do === 'crash') at = { ...left, journalBytes: at.journalBytes };
      else doubtful = new Set();
      log = await EventLog.open(at);
      assert.equal(log.end, end, 'no number is given twice');
      check();
    }
  }
  doubtful = new Set();
  check();
  assert.deepEqual(at.reports, []);
  await log.close();
}

for (const directories of [1, 2]) {
  test(`any appends, takes, crashes and restarts with ${directories} data directories: nothing acknowledged is missing`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => holds(directories, steps)),
      { numRuns: Number(process.env.MILLRACE_LOG_RUNS ?? 40) },
    );
  });
}

describe('a journal on a disk that fails', () => {
  test('a write that fails is refused, and what comes later goes to a segment', async () => {
    const disk = new FaultyDisk();
    disk.concerns = isJournal;
    const at = journaled();
    const log = await EventLog.open({ ...at, disk });
    await appendAll(log, 3);
    disk.fault = 'sync';
    await assert.rejects(log.append([group(30, 10)]).settled, /could not be written: EIO/);
    disk.fault = null;
    await appendAll(log, 3);
    const wanted = [0, 10, 20, 40, 50, 60];
    assert.deepEqual(firsts(log), wanted);
    assert.equal(segments(at.dataDirs[0]!).length, 1);
    const after = await EventLog.open(crashed(at));
    assert.deepEqual(firsts(after), wanted, 'the segment is newer than the write that was refused');
    await after.close();
    await log.close();
  });

  test('without room for a journal groups are refused; with room they are taken', async () => {
    const disk = new FaultyDisk();
    disk.concerns = isJournal;
    disk.fault = 'full';
    const at = journaled();
    const log = await EventLog.open({ ...at, disk });
    await assert.rejects(log.append([group(0, 10)]).settled, /could not be written: ENOSPC/);
    disk.fault = null;
    await appendAll(log, 2);
    assert.deepEqual(firsts(log), [10, 20]);
    await log.close();
  });

  test('a segment that cannot be written: the journal takes what it has room for, and loses nothing', async () => {
    const disk = new FaultyDisk();
    disk.concerns = (file) => !isJournal(file);
    const at = journaled();
    const log = await EventLog.open({ ...at, disk });
    disk.fault = 'full';
    const accepted: number[] = [];
    let refused = 0;
    for (let n = 0; n < 80; n++) {
      const { first, settled } = log.append([group(log.end, 10, 500)]);
      await settled.then(
        () => accepted.push(first),
        () => refused++,
      );
    }
    assert.ok(accepted.length > 10 && refused > 10, `${accepted.length} accepted, ${refused} refused`);
    assert.deepEqual(firsts(log), accepted);
    const after = await EventLog.open(crashed(at));
    assert.deepEqual(firsts(after), accepted);
    await after.close();
    disk.fault = null;
    const { first, settled } = log.append([group(log.end, 10, 500)]);
    await settled;
    assert.deepEqual(firsts(log), [...accepted, first]);
    await log.close();
  });

  test('an end without room for the segment keeps the journal', async () => {
    const disk = new FaultyDisk();
    disk.concerns = (file) => file.includes('segment-');
    const at = journaled();
    const log = await EventLog.open({ ...at, disk });
    await appendAll(log, 5);
    disk.fault = 'full';
    await log.close();
    assert.match(at.reports.join(), /The journal in .* could not be put into a segment: .*ENOSPC/);
    const again = await EventLog.open(at);
    assert.deepEqual(firsts(again), multiples(10, 5));
    await again.close();
  });

  test('an end without a checkpoint keeps the journal, which knows what was taken', async () => {
    const disk = new FaultyDisk();
    disk.concerns = (file) => file.includes('checkpoint');
    const at = journaled();
    const log = await EventLog.open({ ...at, disk });
    await appendAll(log, 5);
    log.take(0, 50);
    disk.fault = 'readOnly';
    await appendAll(log, 1);
    await log.close();
    assert.equal(journals(at).length, 1);
    const again = await EventLog.open(at);
    assert.deepEqual(firsts(again), [50]);
    await again.close();
  });
});

describe('a journal that is damaged', () => {
  async function damaged(at: (bytes: Buffer) => number): Promise<Place> {
    const from = journaled();
    const log = await EventLog.open(from);
    for (let n = 0; n < 6; n++) await appendAll(log, 1);
    const left = { ...crashed(from), journalBytes: from.journalBytes };
    await log.close();
    const [file] = journals(left);
    const bytes = readFileSync(file!);
    const place = at(bytes);
    bytes[place] = bytes[place]! ^ 0x20;
    writeFileSync(file!, bytes);
    return left;
  }

  test('between its records: what was there is missing and told, the rest is delivered', async () => {
    const at = await damaged(() => 2 * SECTOR_BYTES + 1);
    const log = await EventLog.open(at);
    assert.deepEqual(firsts(log), [0, 10, 30, 40, 50]);
    assert.match(
      at.reports.join('\n'),
      /journal-[01] is damaged at byte 1024: what stood there is passed over/,
    );
    assert.match(at.reports.join('\n'), /Events 20 to 29 \(10\) are missing from the log/);
    assert.ok(
      !existsSync(join(at.dataDirs[0]!, 'log-name.json')) || log.numbering.log !== '',
      'it has a new name',
    );
    await log.close();
  });

  test('in a block: it is kept in quarantine, the rest is delivered', async () => {
    const at = await damaged((bytes) => bytes.indexOf('20+10;'));
    const log = await EventLog.open(at);
    assert.deepEqual(firsts(log), [0, 10, 30, 40, 50]);
    assert.match(at.reports.join(), /events 20 to 29 \(10\) fails its checksum: it is kept in .*quarantine/);
    await log.close();
  });

  test('who only looks sees what is in the journal, and what is wrong with it', async () => {
    const at = await damaged(() => 2 * SECTOR_BYTES + 1);
    const before = journals(at).map((file) => readFileSync(file));
    const reader = await LogReader.open({ ...at, owner: 'test' });
    const found: number[] = [];
    const missing: number[] = [];
    reader.walk(0, (one) => {
      if (one.what === 'block') found.push(one.key.first);
      if (one.what === 'missing') missing.push(...one.ranges.map(([from]) => from));
      return true;
    });
    assert.deepEqual(found, [0, 10, 30, 40, 50]);
    assert.deepEqual(missing, [20]);
    assert.match(reader.damaged[0]!.why, /is damaged at byte 1024/);
    reader.close();
    assert.deepEqual(
      journals(at).map((file) => readFileSync(file)),
      before,
    );
  });
});

test('takes that only the journal knows outlive the files that are written over', async () => {
  const at = journaled();
  const log = await EventLog.open({ ...at, checkpointMs: 1e9 });
  // One event stays: nothing but the journal says what was taken behind it.
  await appendAll(log, 1);
  for (let n = 1; n < 200; n++) {
    await appendAll(log, 1);
    log.take(n * 10, n * 10 + 10);
  }
  log.take(0, 10);
  await appendAll(log, 1);
  const left = crashed(at);
  const after = await EventLog.open(left);
  assert.deepEqual(firsts(after), [2000]);
  assert.deepEqual(left.reports, []);
  await after.close();
  await untilKept(log, 'the checkpoint is written', () => log.isClean);
  await log.close();
});
