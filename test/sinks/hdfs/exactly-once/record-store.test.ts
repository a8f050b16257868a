/** A commit record is made or not, whatever fails, and whoever asks afterwards hears the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { MillraceError } from '../../../../src/base/errors.ts';
import { Calls } from '../../../../src/sinks/hdfs/calls.ts';
import {
  type CommitRecord,
  decodeRecord,
  encodeRecord,
} from '../../../../src/sinks/hdfs/exactly-once/record.ts';
import { OutcomeUnknown, RecordStore } from '../../../../src/sinks/hdfs/exactly-once/record-store.ts';
import { FileSystemError } from '../../../../src/sinks/hdfs/file-system/door.ts';
import { RecordedLog } from '../../../kit/part.ts';
import { until } from '../../../kit/until.ts';
import { FaultyFileSystem, Hang, LostAnswer, type Operation } from '../faulty-file-system.ts';

const DIRECTORY = '/d/.millrace/log';

function record(low: number): CommitRecord {
  return {
    log: 'log',
    opening: 'o',
    writer: 'here, process 1',
    low,
    ranges: [[low + 2, low + 3]],
    files: [],
  };
}

class Rig {
  readonly disk: FaultyFileSystem;
  readonly troubles: (string | null)[] = [];
  readonly store: RecordStore;

  constructor(disk = new FaultyFileSystem(), bytesMax = 1000) {
    this.disk = disk;
    this.store = new RecordStore({
      fileSystem: disk,
      directory: DIRECTORY,
      bytesMax,
      calls: new Calls(0),
      log: new RecordedLog(),
      troubled: (reason) => void this.troubles.push(reason),
    });
  }

  /** What another store finds, as after a crash. */
  async found(): Promise<number | null> {
    this.disk.fault = () => null;
    const { store } = new Rig(this.disk);
    return (await store.newest())?.low ?? null;
  }

  names(): string[] {
    return [...this.disk.files.keys()].map((path) => path.slice(DIRECTORY.length + 1)).sort();
  }
}

const unavailable = () => new FileSystemError('unavailable', 'no NameNode');

test('a record is text that says whether it is whole', () => {
  const file = { root: 'hdfs://nn', inUse: '/d/a b.1.tmp', final: '/d/ä.1', length: 17 };
  const full: CommitRecord = { ...record(7), ranges: [[9, 12]], files: [file] };
  const bytes = encodeRecord(full);
  assert.deepEqual(decodeRecord(bytes), full);
  assert.throws(() => decodeRecord(bytes.subarray(0, -4)), /checksum/);
  assert.throws(() => decodeRecord(Buffer.alloc(0)), /checksum/);
  const [json] = bytes.toString().split('\n');
  const later = json!.replace('"version":1', '"version":2');
  const sum = crc32(later).toString(16).padStart(8, '0');
  assert.throws(() => decodeRecord(Buffer.from(`${later}\n${sum}\n`)), /it has version 2/);
});

test('the newest record counts; the one before is deleted behind it', async () => {
  const rig = new Rig();
  assert.equal(await rig.store.newest(), null);
  for (const low of [1, 2, 3]) await rig.store.write(record(low));
  await rig.store.stop();
  assert.deepEqual(rig.names(), ['commit-0000000000000003']);
  const next = new Rig(rig.disk);
  assert.deepEqual(await next.store.newest(), record(3));
  await next.store.write(record(4));
  assert.equal(await rig.found(), 4);
});

for (const operation of ['create', 'write', 'close', 'rename'] as const) {
  test(`a ${operation} that is refused: the record is not made, and the next one is`, async () => {
    const rig = new Rig();
    await rig.store.write(record(1));
    rig.disk.fault = (what, path) => (what === operation && path.includes('draft') ? unavailable() : null);
    await assert.rejects(rig.store.write(record(2)), /no NameNode/);
    assert.equal(await rig.found(), 1);
    await rig.store.write(record(3));
    assert.equal(await rig.found(), 3);
  });
}

test('a rename whose answer is lost is found to be done', async () => {
  const rig = new Rig();
  rig.disk.fault = (what) => (what === 'rename' ? new LostAnswer('no answer') : null);
  await rig.store.write(record(1));
  assert.equal(await rig.found(), 1);
});

test('while nobody answers it is asked again, and the operator is told', async () => {
  const rig = new Rig();
  await rig.store.write(record(1));
  let away = true;
  rig.disk.fault = (what) => {
    if (what === 'rename') return new LostAnswer('no answer');
    return away && what !== 'create' && what !== 'write' && what !== 'close' ? unavailable() : null;
  };
  const writing = rig.store.write(record(2));
  await until('it is told', () => rig.troubles.length > 0);
  assert.match(rig.troubles[0]!, /not known whether the commit record .*-0*2 was made: no NameNode/);
  away = false;
  await writing;
  assert.equal(rig.troubles.at(-1), null);
  assert.equal(await rig.found(), 2);
});

test('a question whose own answer is lost: the draft is gone, and so is the chance of the rename', async () => {
  const rig = new Rig();
  let asked = 0;
  rig.disk.fault = (what, path) => {
    if (what === 'rename') return unavailable();
    return what === 'delete' && path.endsWith('.draft') && asked++ === 0 ? new LostAnswer('lost') : null;
  };
  await assert.rejects(rig.store.write(record(1)), /no NameNode/);
  assert.equal(asked, 2);
  assert.equal(await rig.found(), null);
});

test('a stop ends the questions: it stays unknown', async () => {
  const rig = new Rig();
  rig.disk.fault = (what) => (what === 'rename' || what === 'delete' ? unavailable() : null);
  const writing = rig.store.write(record(1));
  await until('it asks', () => rig.troubles.length > 0);
  await rig.store.stop();
  await assert.rejects(writing, OutcomeUnknown);
});

test('a stop ends the wait for a rename that nobody answers: it stays unknown, and nothing more is asked', async () => {
  const rig = new Rig();
  rig.disk.fault = (what) => (what === 'rename' ? new Hang() : null);
  const writing = rig.store.write(record(1));
  await until('it is on its way', () => rig.disk.calls.some((call) => call.startsWith('rename')));
  const asked = rig.disk.calls.length;
  rig.store.end();
  await assert.rejects(writing, OutcomeUnknown);
  await assert.rejects(rig.store.write(record(2)), /the sink stops without an answer to the create of/);
  assert.equal(rig.disk.calls.length, asked);
});

test('a rename that is answered soon after the stop has begun is heard', async () => {
  const rig = new Rig();
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.disk.fault = (what) => (what === 'rename' ? promise : null);
  const writing = rig.store.write(record(1));
  await until('it is on its way', () => rig.disk.calls.some((call) => call.startsWith('rename')));
  rig.store.end();
  resolve();
  await writing;
  assert.equal(await rig.found(), 1);
});

test('a rename that a slow server does late cannot be done any more once a start has looked', async () => {
  const rig = new Rig();
  await rig.store.write(record(1));
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.disk.fault = (what) => (what === 'rename' ? promise : null);
  const late = rig.store.write(record(2)).catch((error: unknown) => error);
  await until('it is on its way', () =>
    rig.disk.calls.some((call) => call.startsWith('rename') && /-0*2\./.test(call)),
  );
  assert.equal(await rig.found(), 1);
  resolve();
  assert.ok((await late) instanceof Error);
  assert.equal(await rig.found(), 1);
});

test('a record that somebody else made is not replaced, and it is told who did', async () => {
  const one = new Rig();
  await one.store.write(record(1));
  const other = new Rig(one.disk);
  await other.store.newest();
  await other.store.write({ ...record(2), writer: 'there, process 7' });
  const error = await one.store.write(record(3)).catch((reason: unknown) => reason);
  assert.ok(error instanceof MillraceError);
  assert.match(error.message, /-0*2 was made or deleted by there, process 7: another agent runs on a copy/);
  assert.equal(await one.found(), 2);
});

test('so it is when that record has gone meanwhile', async () => {
  const one = new Rig();
  await one.store.write(record(1));
  const other = new Rig(one.disk);
  await other.store.newest();
  for (const low of [2, 3]) await other.store.write(record(low));
  await other.store.stop();
  await one.store.write(record(4));
  await one.store.stop();
  await assert.rejects(one.store.write(record(5)), /another agent runs on a copy/);
});

test('a record before the newest that who was killed deletes late is nobody else’s work', async () => {
  const rig = new Rig();
  await rig.store.write(record(1));
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.disk.fault = (what) => (what === 'delete' ? promise : null);
  await rig.store.write(record(2));
  const next = new Rig(rig.disk);
  rig.disk.fault = () => null;
  await next.store.newest();
  resolve();
  await until('it is deleted', () => rig.names().length === 1);
  for (const low of [3, 4]) {
    await next.store.write(record(low));
    await until('the one before is deleted', () => rig.names().length === 1);
  }
  assert.equal(await next.found(), 4);
});

test('a record that is damaged stops everything, with a remedy', async () => {
  const rig = new Rig();
  await rig.store.write(record(1));
  const [path] = [...rig.disk.files.keys()];
  rig.disk.files.set(path!, Buffer.from('{"version":1}\n00000000\n'));
  await assert.rejects(new Rig(rig.disk).store.newest(), (error: MillraceError) => {
    assert.match(error.message, /commit-0*1 cannot be used: its checksum does not match/);
    assert.match(error.detail.remedy!, /restore it/);
    return true;
  });
});

test('a record of more bytes than the limit is not read, and it is told which, how large, and what to do', async () => {
  const rig = new Rig();
  await rig.store.write(record(1));
  const [[path, bytes]] = [...rig.disk.files] as [[string, Buffer]];
  const small = new Rig(rig.disk, bytes.length - 1);
  await assert.rejects(small.store.newest(), (error: MillraceError) => {
    const size = `it has ${bytes.length} bytes, and ${bytes.length - 1} are the limit`;
    assert.equal(error.message, `the commit record file://${path} cannot be used: ${size}`);
    assert.match(error.detail.remedy!, /restore it; moving file:\/\/\/d\/\.millrace\/log away/);
    return true;
  });
  assert.ok(!rig.disk.calls.some((call) => call.startsWith('read')));
  assert.deepEqual(await new Rig(rig.disk, bytes.length).store.newest(), record(1));
});

test('a record that no start could read is not made, and it is told what makes it large', async () => {
  const rig = new Rig(new FaultyFileSystem(), 200);
  await rig.store.write(record(1));
  const file = { root: 'hdfs://nn', inUse: `/d/${'a'.repeat(100)}.tmp`, final: '/d/a', length: 1 };
  await assert.rejects(rig.store.write({ ...record(2), files: [file] }), (error: MillraceError) => {
    assert.match(
      error.message,
      /-0*2 would have \d+ bytes, and 200 are the limit: files that are not finished: 1, ranges of events: 1/,
    );
    assert.match(error.detail.remedy!, /`files to finish` and `held back`/);
    return true;
  });
  assert.deepEqual(rig.names(), ['commit-0000000000000001']);
  await rig.store.write(record(3));
  assert.equal(await rig.found(), 3);
});

test('what a write says is what the next start finds, whatever fails in between', async () => {
  const faults = fc.array(fc.constantFrom('none', 'none', 'none', 'before', 'after'), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(faults, async (plan) => {
      const rig = new Rig();
      let step = 0;
      let known: number | null = null;
      rig.disk.fault = (_what: Operation) => {
        const fault = plan[step++] ?? 'none';
        if (fault === 'none') return null;
        return fault === 'before' ? unavailable() : new LostAnswer('lost');
      };
      for (let low = 1; low <= 6; low++) {
        const isMade = await rig.store.write(record(low)).then(
          () => true,
          () => false,
        );
        if (isMade) known = low;
      }
      await rig.store.stop();
      assert.equal(await rig.found(), known);
    }),
    { numRuns: 60 },
  );
});
