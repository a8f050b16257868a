/** Spooldir: the deserializers other than LINE, in an agent and by themselves. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { avroReaders } from '../../../src/sources/spooldir/avro-reader.ts';
import { blobReaders } from '../../../src/sources/spooldir/blob-reader.ts';
import { until } from '../../kit/until.ts';
import { memoryFile, readAll } from './memory-file.ts';
import { runSpool, Spool } from './spool.ts';

const AVRO = readFileSync(join(import.meta.dirname, '../../fixtures/avro-container/records-deflate.avro'));
const SECTIONS = join(import.meta.dirname, 'sections.ts');

describe('AVRO', { concurrency: 4 }, () => {
  test('a record is an event, with the fingerprint of its schema', async (t) => {
    const spool = new Spool();
    spool.put('a.avro', AVRO);
    const { collected } = await runSpool(t, spool, { deserializer: 'avro', basenameHeader: true });
    await collected.untilCount(12);
    for (const { body, headers } of collected.events) {
      assert.equal(headers.get('flume.avro.schema.hash'), '3c2d6d00c4590704');
      assert.equal(headers.get('basename'), 'a.avro');
      assert.ok(Buffer.from(body, 'latin1').includes(Buffer.from('é string')));
    }
    await spool.untilNames('a.avro.COMPLETED');
  });

  test('LITERAL: with the schema itself', async (t) => {
    const spool = new Spool();
    spool.put('a.avro', AVRO);
    const { collected } = await runSpool(t, spool, {
      deserializer: 'org.apache.flume.serialization.AvroEventDeserializer$Builder',
      'deserializer.schemaType': 'LITERAL',
    });
    await collected.untilCount(12);
    const literal = collected.events[0]!.headers.get('flume.avro.schema.literal')!;
    assert.ok(AVRO.includes(literal));
    assert.equal(JSON.parse(literal).name, 'All');
    assert.equal(collected.events[0]!.headers.has('flume.avro.schema.hash'), false);
  });

  test('reading goes on at the mark before a block: what Java stores, and what is stored here', async () => {
    const file = memoryFile(AVRO);
    const open = avroReaders('HASH');
    const { bodies, ends } = await readAll(open, file);
    assert.equal(bodies.length, 12);
    for (const [i, end] of ends.entries()) {
      if (end === null) continue;
      assert.deepEqual((await readAll(open, file, end)).bodies, bodies.slice(i + 1));
      // DataFileReader.previousSync is behind the mark; Flume stores where the mark begins.
      const behind = AVRO.subarray(end, end + 16);
      assert.deepEqual(behind, AVRO.subarray(-16));
    }
    assert.ok(ends.filter((end) => end !== null).length > 2);
  });

  test('a wrong count of records is an error, and what stands before the block comes out', async () => {
    const open = avroReaders('HASH');
    const { bodies, ends } = await readAll(open, memoryFile(AVRO));
    // Behind the first mark that is followed by another block.
    const whole = ends.findIndex((end) => end !== null);
    const countAt = ends[whole]! + 16;
    for (const count of [0, AVRO[countAt]! - 2, AVRO[countAt]! + 2]) {
      const damaged = Buffer.from(AVRO);
      damaged[countAt] = count;
      const read = await readAll(open, memoryFile(damaged));
      assert.deepEqual(read.bodies.slice(0, whole + 1), bodies.slice(0, whole + 1));
      assert.equal((read.error as { code?: string } | null)?.code, 'BAD_INPUT', `a count of ${count}`);
    }
  });

  test('a file that is no container, or ends within a block, is set aside with what is wrong', async (t) => {
    const spool = new Spool();
    spool.put('a', 'lines\n');
    spool.put('b', AVRO.subarray(0, -30));
    spool.put('c', AVRO);
    const running = await runSpool(t, spool, { deserializer: 'AVRO' });
    await spool.untilNames('a', 'b', 'c.COMPLETED');
    const reasons = spool.setAside().map(({ reason }) => reason);
    assert.match(reasons[0]!, /\/a cannot be read: Not an Avro data file\./);
    assert.match(reasons[1]!, /\/b cannot be read: the file ends within a block/);
    // Whole blocks of it came out.
    await until('events', () => running.collected.events.length > 12);
    assert.ok(spool.setAside()[1]!.offset > 0);
  });
});

describe('BLOB', { concurrency: 4 }, () => {
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, n) => n % 251));

  test('a file is an event, byte for byte', async (t) => {
    const spool = new Spool();
    spool.put('a', bytes);
    spool.put('b', '');
    const type = 'org.apache.flume.sink.solr.morphline.BlobDeserializer$Builder';
    const { collected } = await runSpool(t, spool, { deserializer: type });
    await collected.untilCount(2);
    assert.deepEqual(Buffer.from(collected.bodies[0]!, 'latin1'), bytes);
    assert.equal(collected.bodies[1], '');
    await spool.untilNames('a.COMPLETED', 'b.COMPLETED');
  });

  test('one larger than maxBlobLength becomes several, read on at each, with a warning', async () => {
    let cuts = 0;
    const open = blobReaders(30_000, () => cuts++);
    const { bodies, ends } = await readAll(open, memoryFile(bytes));
    assert.deepEqual(ends, [30_000, 60_000, 90_000, 100_000]);
    assert.equal(bodies.join(''), bytes.toString('hex'));
    assert.equal(cuts, 3);
    assert.deepEqual((await readAll(open, memoryFile(bytes), 60_000)).bodies, bodies.slice(2));
  });

  test('one larger than an event may be is refused with the option that helps', async () => {
    const file = { path: 'f', size: 50_000_000, read: async () => 0 };
    const { error } = await readAll(
      blobReaders(100_000_000, () => {}),
      file,
    );
    assert.match(error!.message, /an event of 50000000 bytes is too large/);
    assert.match(JSON.stringify(error), /set deserializer\.maxBlobLength to at most \d+/);
  });
});

describe('a plug-in', { concurrency: 4 }, () => {
  test('makes events with headers of its own, and is given its options', async (t) => {
    const spool = new Spool();
    spool.put('a', '--\none\ntwo\n--\nthree\n');
    spool.put('b', 'no mark\n');
    spool.put('c', '--\nfour\n');
    const running = await runSpool(t, spool, {
      deserializer: SECTIONS,
      'deserializer.mark': '--',
      basenameHeader: true,
    });
    await running.collected.untilCount(3);
    const seen = running.collected.events.map(({ body, headers }) => [
      body,
      headers.get('section'),
      headers.get('basename'),
    ]);
    assert.deepEqual(seen, [
      ['one\ntwo\n', '0', 'a'],
      ['three\n', '1', 'a'],
      ['four\n', '0', 'c'],
    ]);
    await spool.untilNames('a.COMPLETED', 'b', 'c.COMPLETED');
    assert.match(spool.setAside()[0]!.reason, /b cannot be read: it does not begin with --/);
  });

  test('a module without createDeserializer is refused with what it needs', async (t) => {
    const wrong = join(import.meta.dirname, 'memory-file.ts');
    const { flow } = await runSpool(t, new Spool(), { deserializer: wrong });
    await flow.untilLogged(/deserializer .*memory-file\.ts exports no function createDeserializer/);
  });
});
