/** Writes to a journal's file: in place on a quick disk, by other threads on a slow one. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { DiskPace, IN_PLACE_BYTES_MAX, openJournal } from '../../../src/storage/log/journal-file.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

const FILE_BYTES = 4 * IN_PLACE_BYTES_MAX;

/** Says what it is told to, and counts the writes in place. */
class GivenPace extends DiskPace {
  quick = true;
  inPlace = 0;

  override isQuick(): boolean {
    return this.quick;
  }

  override note(): void {
    this.inPlace++;
  }
}

describe('a journal’s file', () => {
  test('has all its bytes from the start, and keeps what it had', async () => {
    const file = join(temporaryDirectory(), 'journal-0');
    writeFileSync(file, 'before');
    const journal = await openJournal(file, FILE_BYTES);
    await journal.close();
    const bytes = readFileSync(file);
    assert.equal(bytes.length, FILE_BYTES);
    assert.ok(bytes.equals(Buffer.concat([Buffer.from('before'), Buffer.alloc(FILE_BYTES - 6)])));
  });

  test('short writes to a quick disk are made in place; others, and those to a slow one, are not', async () => {
    const file = join(temporaryDirectory(), 'journal-0');
    const pace = new GivenPace();
    const journal = await openJournal(file, FILE_BYTES, pace);
    const expected = Buffer.alloc(FILE_BYTES);
    const write = async (bytes: number, position: number, fill: string): Promise<void> => {
      expected.fill(fill, position, position + bytes);
      await journal.write(expected.subarray(position, position + bytes), position);
      assert.ok(readFileSync(file).equals(expected), fill);
    };
    expected.write('now');
    const written = journal.write(expected.subarray(0, 3), 0);
    assert.ok(readFileSync(file).equals(expected), 'it is there when the call returns');
    await written;
    assert.equal(pace.inPlace, 1);
    await write(IN_PLACE_BYTES_MAX, 512, 'a');
    assert.equal(pace.inPlace, 2);
    await write(IN_PLACE_BYTES_MAX + 1, 1024, 'b');
    pace.quick = false;
    await write(100, 0, 'c');
    assert.equal(pace.inPlace, 2);
    await journal.close();
  });

  for (const quick of [true, false]) {
    test(`a write that fails rejects, ${quick ? 'in place' : 'by another thread'}`, async () => {
      const pace = new GivenPace();
      pace.quick = quick;
      const journal = await openJournal(join(temporaryDirectory(), 'journal-0'), 512, pace);
      await journal.close();
      await assert.rejects(journal.write(Buffer.alloc(512), 0));
      assert.equal(pace.inPlace, 0);
    });
  }
});

describe('the pace of a disk', () => {
  /** Writes of that time until it is found slow: returns how many; infinity when `count` were not enough. */
  function writes(pace: DiskPace, fromMs: number, tookMs: number, count: number): number {
    for (let n = 1; n <= count; n++) {
      pace.note(fromMs - tookMs, fromMs);
      if (!pace.isQuick(fromMs)) return n;
    }
    return Number.POSITIVE_INFINITY;
  }

  test('a disk of 0.1 ms is quick, also when a write in a hundred takes 8 ms', () => {
    const pace = new DiskPace();
    assert.equal(pace.isQuick(0), true);
    for (let n = 0; n < 50; n++) {
      assert.equal(writes(pace, n * 100, 0.1, 99), Number.POSITIVE_INFINITY);
      assert.equal(writes(pace, n * 100, 8, 1), Number.POSITIVE_INFINITY);
    }
  });

  test('a slow disk is found slow after a few writes, and gets about a twentieth of the time', () => {
    for (const tookMs of [1.5, 8, 20, 4000]) {
      const pace = new DiskPace();
      let nowMs = 0;
      let inPlaceMs = 0;
      for (let round = 0; round < 20; round++) {
        const count = writes(pace, nowMs, tookMs, 20);
        assert.ok(count <= 20, `${tookMs} ms: quick after 20 writes`);
        inPlaceMs += count * tookMs;
        nowMs += count * tookMs;
        let waitedMs = 0;
        while (!pace.isQuick(nowMs + waitedMs)) waitedMs += 1;
        nowMs += waitedMs;
      }
      const share = inPlaceMs / nowMs;
      assert.ok(share > 0.02 && share < 0.1, `${tookMs} ms: ${share}`);
    }
  });

  test('a disk that has become quick is used in place again', () => {
    const pace = new DiskPace();
    assert.equal(writes(pace, 0, 4000, 1), 1);
    assert.deepEqual([pace.isQuick(79_999), pace.isQuick(80_000)], [false, true]);
    assert.equal(writes(pace, 90_000, 0.1, 1000), Number.POSITIVE_INFINITY);
  });
});
