/** The log on a disk that fails: nothing acknowledged is lost, nothing refused comes back, and it goes on. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { EventLog } from '../../../src/storage/log/log.ts';
import { FaultyDisk } from '../../kit/faulty-disk.ts';
import { until } from '../../kit/until.ts';
import {
  appendAll,
  checkpointIn,
  crashed,
  firsts,
  group,
  multiples,
  place,
  segments,
  untilKept,
} from './place.ts';

const isData = (file: string) => file.includes('segment-');
const isCheckpoint = (file: string) => file.includes('checkpoint-');

function refused(log: EventLog, pattern: RegExp): Promise<void> {
  const { settled } = log.append([group(log.end, 10)]);
  return assert.rejects(settled, (error: Error) => pattern.test(error.message));
}

for (const [fault, pattern] of [
  ['full', /could not be written: .*ENOSPC/],
  ['readOnly', /could not be written: .*EROFS/],
  ['sync', /could not be written: .*EIO/],
] as const) {
  test(`a disk that is ${fault} while committing: what it refused never comes, the rest does`, async () => {
    const disk = new FaultyDisk();
    const at = place();
    const log = await EventLog.open({ ...at, disk });
    await appendAll(log, 5);
    disk.fault = fault;
    const began = Date.now();
    await refused(log, pattern);
    assert.match(log.refusal(began)!.message, pattern, 'it is not tried again at once');
    await refused(log, pattern);
    disk.fault = null;
    assert.equal(log.refusal(Date.now() + 1000), null, 'it is tried again later');
    const next = log.end;
    await appendAll(log, 5);
    const wanted = [...multiples(10, 5), ...multiples(10, 5).map((first) => next + first)];
    assert.deepEqual(firsts(log), wanted);
    // Refused events that did reach the disk may be there after a crash; no acknowledged one is missing.
    const after = await EventLog.open(crashed(at));
    const found = firsts(after);
    assert.deepEqual(
      found.filter((first) => wanted.includes(first)),
      wanted,
    );
    await after.close();
    await log.close();
    const again = await EventLog.open(at);
    assert.deepEqual(firsts(again), wanted, 'after a clean end they do not come either');
    await again.close();
  });
}

describe('a sync that failed', () => {
  test('its file is not written any more: pages may be missing that later ones build upon', async () => {
    const disk = new FaultyDisk();
    const at = place();
    const log = await EventLog.open({ ...at, disk });
    await appendAll(log, 3);
    assert.equal(segments(at.dataDirs[0]!).length, 1);
    disk.fault = 'sync';
    await refused(log, /EIO/);
    disk.fault = null;
    const bytes = readFileSync(segments(at.dataDirs[0]!)[0]!);
    await appendAll(log, 3);
    const files = segments(at.dataDirs[0]!);
    assert.equal(files.length, 2);
    assert.ok(readFileSync(files[0]!).equals(bytes), 'the first file is as it was');
    await log.close();
  });

  test('of the checkpoint: it is reported, and the next one holds', async () => {
    const disk = new FaultyDisk();
    disk.concerns = isCheckpoint;
    const at = place();
    const log = await EventLog.open({ ...at, disk });
    await appendAll(log, 5);
    disk.fault = 'sync';
    log.take(0, 20);
    await untilKept(log, 'the failure is reported', () => at.reports.length > 0);
    assert.match(at.reports[0]!, /The checkpoint could not be written: .*EIO/);
    disk.fault = null;
    await untilKept(log, 'the checkpoint is written', () => log.isClean);
    await log.close();
    const again = await EventLog.open(at);
    assert.deepEqual(firsts(again), [20, 30, 40]);
    await again.close();
  });
});

describe('a power cut loses a file whose name is not on the disk', () => {
  test('no put is answered before the name of its new segment is', async () => {
    const disk = new FaultyDisk();
    const at = place();
    const log = await EventLog.open({ ...at, disk });
    const release = disk.holdNames();
    let isAnswered = false;
    const { settled } = log.append([group(log.end, 10)]);
    void settled.then(() => {
      isAnswered = true;
    });
    await until('the record is in the file', () =>
      segments(at.dataDirs[0]!).some((file) => readFileSync(file).includes('0+10;')),
    );
    assert.deepEqual([isAnswered, log.durable], [false, 0]);
    release();
    await settled;
    assert.equal(log.durable, 10);
    await log.close();
  });

  test('a put whose segment has no name there is refused, and the next one gets a new segment', async () => {
    const disk = new FaultyDisk();
    const at = place();
    const log = await EventLog.open({ ...at, disk });
    disk.fault = 'nameless';
    await refused(log, /could not be written: .*EIO/);
    disk.fault = null;
    await appendAll(log, 2);
    assert.match(segments(at.dataDirs[0]!).at(-1)!, /segment-000000000000000a\.mdb$/);
    assert.deepEqual(firsts(log), [10, 20]);
    await log.close();
  });

  test('segments stay until the name of the first checkpoint, which says that they are taken, is', async () => {
    const disk = new FaultyDisk();
    const at = place(1, 10_000);
    const log = await EventLog.open({ ...at, disk });
    for (let n = 0; n < 4; n++) await log.append([group(log.end, 10, 10_000)]).settled;
    const count = segments(at.dataDirs[0]!).length;
    assert.ok(count > 1);
    disk.fault = 'nameless';
    log.take(0, log.end);
    await untilKept(log, 'the failure is reported', () => at.reports.length > 0);
    assert.equal(segments(at.dataDirs[0]!).length, count);
    disk.fault = null;
    await untilKept(log, 'the segments are deleted', () => segments(at.dataDirs[0]!).length === 1);
    await log.close();
  });

  test('the checkpoint before stays until the name of the new one is', async () => {
    const at = place();
    const first = await EventLog.open(at);
    await appendAll(first, 3);
    await first.close();
    const before = checkpointIn(at);
    const disk = new FaultyDisk();
    const log = await EventLog.open({ ...at, disk });
    disk.fault = 'nameless';
    log.take(0, 10);
    await untilKept(log, 'the failure is reported', () => at.reports.length > 0);
    assert.match(at.reports[0]!, /The checkpoint could not be written: .*EIO/);
    assert.ok(existsSync(before));
    disk.fault = null;
    await untilKept(log, 'the checkpoint is written', () => log.isClean);
    assert.ok(!existsSync(before));
    await log.close();
  });
});

for (const fault of ['full', 'readOnly'] as const) {
  test(`a disk that is ${fault} while checkpointing: events may come again, none is missing`, async () => {
    const disk = new FaultyDisk();
    disk.concerns = isCheckpoint;
    const at = place();
    const log = await EventLog.open({ ...at, disk });
    await appendAll(log, 5);
    disk.fault = fault;
    log.take(0, 30);
    await untilKept(log, 'the failure is reported', () => at.reports.length > 0);
    assert.match(at.reports[0]!, /The checkpoint could not be written: .*E(NOSPC|ROFS)/);
    assert.equal(log.isClean, false);
    const after = await EventLog.open(crashed(at));
    assert.deepEqual(firsts(after), multiples(10, 5));
    await after.close();
    disk.fault = null;
    await untilKept(log, 'the checkpoint is written', () => log.isClean);
    const later = await EventLog.open(crashed(at));
    assert.deepEqual(firsts(later), [30, 40]);
    await later.close();
    await log.close();
  });
}

test('torn writes at the end: what was acknowledged is there, the torn blocks are passed over', async () => {
  const disk = new FaultyDisk();
  disk.concerns = isData;
  const at = place();
  const log = await EventLog.open({ ...at, disk });
  await appendAll(log, 5, 10, 4000);
  disk.fault = 'torn';
  for (let n = 0; n < 3; n++) void log.append([group(log.end, 10, 4000)]);
  await untilKept(log, 'they are in the file', () => disk.lost === 3);
  // The process ends here: LMDB has the torn writes, and nobody was told.
  disk.fault = null;
  const last = log.append([group(log.end, 10, 4000)]);
  await last.settled;
  const left = crashed(at);
  const after = await EventLog.open(left);
  assert.deepEqual(firsts(after), [...multiples(10, 5), last.first]);
  const blocks = left.reports.filter((text) => /fails its checksum: it is kept in .*quarantine/.test(text));
  assert.equal(blocks.length, 3);
  assert.deepEqual(readdirSync(join(left.dataDirs[0]!, 'quarantine')).sort(), [
    'block-50',
    'block-60',
    'block-70',
  ]);
  await after.close();
});

test('old bytes in place of a block: it is passed over, what is right is delivered', async () => {
  const disk = new FaultyDisk();
  disk.concerns = isData;
  const at = place();
  const log = await EventLog.open({ ...at, disk });
  await appendAll(log, 4);
  disk.fault = 'old';
  assert.deepEqual(firsts(log), [0]);
  assert.equal(at.reports.length, 3);
  for (const text of at.reports) assert.match(text, /fails its checksum: it is kept in/);
  await log.close();
});

test('a bad block on a disk that takes no copy of it: passed over, and it stays in its segment', async () => {
  const disk = new FaultyDisk();
  disk.concerns = isData;
  const at = place();
  const log = await EventLog.open({ ...at, disk });
  await appendAll(log, 3);
  // What cannot be made a folder cannot hold the copy.
  const quarantine = join(at.dataDirs[0]!, 'quarantine');
  writeFileSync(quarantine, '');
  disk.fault = 'old';
  assert.deepEqual(firsts(log), [0]);
  assert.match(at.reports[0]!, /passed over and stays in its segment, as it cannot be copied \(/);
  disk.fault = null;
  rmSync(quarantine);
  assert.deepEqual(firsts(log), multiples(10, 3), 'it was not given up');
  await log.close();
});

test('a disk that cannot be read now: the error is told, and nothing is set aside', async () => {
  const disk = new FaultyDisk();
  disk.concerns = isData;
  const at = place();
  const log = await EventLog.open({ ...at, disk });
  await appendAll(log, 3);
  disk.fault = 'unreadable';
  assert.throws(() => firsts(log), /EIO/);
  assert.deepEqual(at.reports, []);
  disk.fault = null;
  assert.deepEqual(firsts(log), multiples(10, 3));
  await log.close();
});
