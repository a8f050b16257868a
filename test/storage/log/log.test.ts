/** The log: what is appended comes back, after any end, and what is broken is passed over with a report. */
import assert from 'node:assert/strict';
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { EventLog } from '../../../src/storage/log/log.ts';
import { until } from '../../kit/until.ts';
import {
  appendAll,
  checkpointIn,
  crashed,
  firsts,
  group,
  multiples,
  type Place,
  place,
  segments,
  untilKept,
} from './place.ts';

for (const directories of [1, 2, 3]) {
  describe(`a log in ${directories} data directories`, () => {
    test('gives back what was appended, in order, from any offset', async () => {
      const log = await EventLog.open(place(directories));
      await appendAll(log, 30);
      assert.equal(log.durable, 300);
      assert.deepEqual(firsts(log), multiples(10, 30));
      assert.deepEqual(firsts(log, 105), multiples(10, 30).slice(10));
      await log.close();
    });

    test('goes on after a clean end and after a crash, with what is taken', async () => {
      const at = place(directories);
      const log = await EventLog.open(at);
      await appendAll(log, 20);
      log.take(0, 50);
      log.take(70, 80);
      await untilKept(log, 'the takes are on the disk', () => log.isClean);
      const after = crashed(at);
      await log.close();
      for (const settings of [at, after]) {
        const again = await EventLog.open(settings);
        assert.equal(again.end, 200);
        assert.equal(again.taken.low, 50);
        assert.deepEqual(again.taken.untaken(0, 100), [
          [50, 70],
          [80, 100],
        ]);
        assert.deepEqual(firsts(again), [50, 60, ...multiples(10, 20).slice(8)]);
        await appendAll(again, 1);
        assert.equal(again.end, 210);
        await again.close();
        assert.deepEqual(settings === at ? at.reports : after.reports, []);
      }
    });

    test('deletes segments as files once all their events are taken', async () => {
      const at = place(directories, 1 << 20);
      const log = await EventLog.open(at);
      await appendAll(log, 40, 10, 200_000);
      const before = log.segmentCount;
      assert.ok(before >= 4, `${before} segments`);
      log.take(0, 300);
      await untilKept(log, 'the first segments are gone', () => log.segmentCount < before);
      assert.deepEqual(firsts(log), multiples(10, 40).slice(30));
      log.take(300, 400);
      await untilKept(log, 'one a directory is left', () => log.segmentCount <= directories);
      await log.close();
      const files = at.dataDirs.flatMap(segments);
      assert.ok(files.length <= directories);
    });

    test('has takes behind an event that stays on the disk within a second, though records are appended', async () => {
      const at = place(directories);
      const log = await EventLog.open({ ...at, checkpointMs: 3_600_000 });
      await appendAll(log, 10);
      // Times long before the last record: the log is not at rest.
      const maintainUntilClean = (nowMs: number) => {
        log.maintain(nowMs);
        return until('the takes are on the disk', () => log.isClean);
      };
      log.take(10, 20);
      await maintainUntilClean(5000);
      log.take(30, 40);
      for (const nowMs of [5001, 5500, 5999]) log.maintain(nowMs);
      assert.equal(log.isClean, false);
      await maintainUntilClean(6001);
      const after = crashed(at);
      await log.close();
      const again = await EventLog.open(after);
      assert.deepEqual(again.taken.ranges, [
        [10, 20],
        [30, 40],
      ]);
      await again.close();
    });

    test('carries takes in the records behind them when no checkpoint was written', async () => {
      const at = place(directories);
      const log = await EventLog.open(at);
      await appendAll(log, 10);
      log.take(0, 60);
      await appendAll(log, 1);
      const after = crashed(at);
      rmSync(after.checkpointDir, { recursive: true, force: true });
      await log.close();
      const again = await EventLog.open(after);
      assert.equal(again.taken.low, 60);
      await again.close();
    });
  });
}

describe('a log that is damaged', () => {
  async function filled(): Promise<Place> {
    const at = place(1, 1 << 20);
    const log = await EventLog.open(at);
    await appendAll(log, 30, 10, 100_000);
    await log.close();
    return at;
  }

  test('a flipped byte in a block: the block is kept in quarantine, the rest is delivered', async () => {
    const at = await filled();
    const [file] = segments(at.dataDirs[0]!);
    const bytes = readFileSync(file!);
    const mark = bytes.indexOf('20+10;20+10;20+10;');
    bytes[mark + 5000] = bytes[mark + 5000]! ^ 0x40;
    writeFileSync(file!, bytes);
    const log = await EventLog.open(at);
    assert.deepEqual(firsts(log), [0, 10, ...multiples(10, 30).slice(3)]);
    assert.match(at.reports.join(), /events 20 to 29 \(10\) fails its checksum: it is kept in .*quarantine/);
    const kept = readdirSync(join(at.dataDirs[0]!, 'quarantine'));
    assert.deepEqual(kept, ['block-20']);
    assert.deepEqual(log.taken.untaken(0, 40), [
      [0, 20],
      [30, 40],
    ]);
    await log.close();
  });

  test('a missing segment: what it held is reported, the rest is delivered', async () => {
    const at = await filled();
    const files = segments(at.dataDirs[0]!);
    assert.ok(files.length >= 3);
    rmSync(files[1]!);
    const log = await EventLog.open(at);
    const found = firsts(log);
    assert.equal(found[0], 0);
    assert.equal(found.at(-1), 290);
    assert.match(at.reports.join(), /Events \d+ to \d+ \(\d+\) are missing from the log/);
    assert.equal(log.taken.untakenCount(log.end), found.length * 10);
    await log.close();
  });

  test('a missing newest segment: what it held is reported, and its numbers are not used again', async () => {
    const at = await filled();
    rmSync(segments(at.dataDirs[0]!).at(-1)!);
    const log = await EventLog.open(at);
    assert.equal(log.end, 300);
    const found = firsts(log);
    assert.match(at.reports.join(), /Events \d+ to 299 \(\d+\) are missing from the log/);
    assert.equal(log.taken.untakenCount(log.end), found.length * 10);
    await log.close();
  });

  test('a segment whose tree is damaged: its records are used, and the file stays when they are taken', async () => {
    const at = await filled();
    const [file] = segments(at.dataDirs[0]!);
    const bytes = readFileSync(file!);
    for (const meta of [0, 2048, 4096]) bytes.fill(0xee, meta + 24, meta + 24 + 144);
    writeFileSync(file!, bytes);
    for (const reports of [1, 0]) {
      const log = await EventLog.open(at);
      assert.deepEqual(firsts(log), multiples(10, 30));
      assert.equal(at.reports.splice(0).length, reports, 'it is told once');
      await log.close();
    }
    const log = await EventLog.open(at);
    log.take(0, 300);
    await untilKept(log, 'the segment is deleted', () => !existsSync(file!));
    assert.ok(readFileSync(`${file}.damaged`).equals(bytes));
    await log.close();
  });

  test('a segment that is no LMDB file: it is set aside and reported', async () => {
    const at = await filled();
    const files = segments(at.dataDirs[0]!);
    writeFileSync(files[1]!, 'not at all an LMDB file'.repeat(1000));
    const log = await EventLog.open(at);
    const found = firsts(log);
    assert.equal(found.at(-1), 290);
    assert.match(at.reports.join(), /it does not begin as an LMDB file does.*set aside/);
    assert.ok(existsSync(`${files[1]}.damaged`));
    await log.close();
  });

  test('a zero-length newest segment: as if it had never been made', async () => {
    const at = await filled();
    const empty = join(at.dataDirs[0]!, 'segment-000000000000012c.mdb');
    writeFileSync(empty, '');
    const log = await EventLog.open(at);
    assert.equal(log.end, 300);
    assert.deepEqual(firsts(log), multiples(10, 30));
    await log.close();
    assert.deepEqual(at.reports, []);
  });

  test('a torn tail: what is whole is delivered, the process lives', async () => {
    const at = await filled();
    const file = segments(at.dataDirs[0]!)[0]!;
    truncateSync(file, Math.floor(statSync(file).size / 2));
    const log = await EventLog.open(at);
    const found = firsts(log);
    const whole = log.taken.untakenCount(log.end);
    assert.equal(found.length * 10, whole, 'what is passed over is not counted any more');
    assert.equal(found.at(-1), 290);
    assert.match(at.reports.join(), /set aside|fails its checksum/);
    await log.close();
  });

  for (const [what, damage] of [
    ['missing', (file: string) => rmSync(file)],
    ['cut to nothing', (file: string) => truncateSync(file, 0)],
    ['overwritten', (file: string) => writeFileSync(file, Buffer.alloc(8192, 0xff))],
  ] as const) {
    test(`a checkpoint that is ${what}: events may come again, none is missing`, async () => {
      const at = await filled();
      const log = await EventLog.open(at);
      log.take(0, 100);
      await log.close();
      damage(checkpointIn(at));
      const again = await EventLog.open(at);
      const found = firsts(again);
      assert.deepEqual(found.slice(-20), multiples(10, 30).slice(10));
      assert.equal(again.end, 300);
      await again.close();
    });
  }

  test('two owners of one directory: the second is told who the first is', async () => {
    const at = place();
    const log = await EventLog.open(at);
    await assert.rejects(
      EventLog.open({ ...at, owner: 'channel c2' }),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'STORAGE_LOCKED');
        assert.match(error.message, /in use by channel c1 \(process \d+/);
        return true;
      },
    );
    await log.close();
    const next = await EventLog.open({ ...at, owner: 'channel c2' });
    await next.close();
  });

  test('a lock of a process that is gone is taken over', async () => {
    const at = place();
    await (await EventLog.open(at)).close();
    const lock = join(at.dataDirs[0]!, 'in_use.lock');
    const { hostname } = await import('node:os');
    writeFileSync(
      lock,
      JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), started: '1', owner: 'channel old' }),
    );
    await (await EventLog.open(at)).close();
    assert.ok(!existsSync(lock));
  });

  test('a checkpoint of an earlier process is there until there is a new one', async () => {
    const at = place();
    const log = await EventLog.open(at);
    await appendAll(log, 3);
    log.take(0, 10);
    await log.close();
    const first = checkpointIn(at);
    const again = await EventLog.open(at);
    assert.equal(checkpointIn(at), first);
    again.take(10, 20);
    await again.close();
    assert.notEqual(checkpointIn(at), first);
    const third = await EventLog.open(at);
    assert.deepEqual(firsts(third), [20]);
    await third.close();
  });

  test('too little free space refuses appends by figure and remedy', async () => {
    const log = await EventLog.open({ ...place(), freeBytesMin: Number.MAX_SAFE_INTEGER });
    const refusal = log.refusal(Date.now());
    assert.match(refusal!.message, /Usable space exhausted, only \d+ bytes remaining, required \d+ bytes/);
    assert.match(refusal!.detail.remedy!, /minimumRequiredSpace/);
    await log.close();
  });

  test('a copy of a running log opens elsewhere (what a crash leaves)', async () => {
    const at = place(2);
    const log = await EventLog.open(at);
    const flying = Array.from({ length: 20 }, () => log.append([group(log.end, 10, 50_000)]).settled);
    await flying[5];
    const durable = log.durable;
    const after = crashed(at);
    await Promise.all(flying);
    await log.close();
    const again = await EventLog.open(after);
    const found = firsts(again);
    assert.ok(found.length * 10 >= durable, `${found.length * 10} events of at least ${durable}`);
    await again.close();
  });
});
