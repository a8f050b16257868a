/** The bytes of a journal file: what was written is found again, whatever stands behind it or between. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  decodeJournal,
  encodeWrite,
  type Pass,
  SECTOR_BYTES,
} from '../../../src/storage/log/journal-format.ts';
import { crcOf } from '../../../src/storage/log/record.ts';
import type { StoredRecord } from '../../../src/storage/log/segment-reader.ts';

const PASS: Pass = { generation: 7, nonce: 0x1234abcd };
const FILE_BYTES = 64 * 1024;

function record(first: number, value: Buffer): StoredRecord {
  return { key: { first, count: 1, crc: crcOf(value), low: 0, durable: 0, isEncrypted: false }, value };
}

/** Writes one behind another; each is a list of lengths. */
function fileOf(writes: readonly (readonly number[])[], pass = PASS) {
  const file = Buffer.alloc(FILE_BYTES);
  const ends: number[] = [];
  const firsts: number[] = [];
  let at = 0;
  for (const lengths of writes) {
    const records = lengths.map((length) =>
      record(firsts.push(firsts.length) - 1, Buffer.alloc(length, at + 1)),
    );
    const { bytes } = encodeWrite(records, pass);
    assert.equal(bytes.length % SECTOR_BYTES, 0);
    if (at + bytes.length > FILE_BYTES) break;
    at += bytes.copy(file, at);
    ends.push(at);
  }
  return { file, ends };
}

const writesArbitrary = fc.array(fc.array(fc.nat(2000), { minLength: 1, maxLength: 5 }), { maxLength: 20 });
const firstsOf = (file: Buffer) => decodeJournal(file).records.map(({ key }) => key.first);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);
/** Records of the writes that fit the file. */
const countIn = (writes: readonly (readonly number[])[], ends: readonly number[]) =>
  writes.slice(0, ends.length).reduce((sum, { length }) => sum + length, 0);

describe('a journal file', () => {
  test('gives back every record of every write, and no other', () => {
    fc.assert(
      fc.property(writesArbitrary, (writes) => {
        const { file, ends } = fileOf(writes);
        const content = decodeJournal(file);
        assert.deepEqual(firstsOf(file), upTo(countIn(writes, ends)));
        assert.equal(content.damagedAt, null);
        assert.equal(content.generation, ends.length === 0 ? 0 : PASS.generation);
        for (const { key, value } of content.records) assert.equal(crcOf(value), key.crc);
      }),
    );
  });

  test('what is left of an earlier pass behind the end is no record', () => {
    fc.assert(
      fc.property(writesArbitrary, fc.nat(20), (writes, kept) => {
        const { file } = fileOf(writes, { generation: 5, nonce: 99 });
        const newer = fileOf(writes.slice(0, kept), PASS);
        const end = newer.ends.at(-1) ?? 0;
        newer.file.copy(file, 0, 0, end);
        if (end === 0) return;
        assert.deepEqual(firstsOf(file), upTo(countIn(writes.slice(0, kept), newer.ends)));
        assert.equal(decodeJournal(file).damagedAt, null);
      }),
    );
  });

  test('what a sender put into an event is no record, though it looks like one', () => {
    const { bytes: forged } = encodeWrite([record(2 ** 40, Buffer.alloc(8))], { ...PASS, nonce: 1 });
    const { file, ends } = fileOf([[100]]);
    forged.copy(file, ends[0]!);
    assert.deepEqual(firstsOf(file), [0]);
  });

  test('a write that is cut off anywhere takes nothing from those before it', () => {
    fc.assert(
      fc.property(writesArbitrary, fc.nat(FILE_BYTES), (writes, cut) => {
        const { file, ends } = fileOf(writes);
        // Sectors reach the disk whole; which of the last write's do is open.
        const end = ends.at(-1) ?? 0;
        const before = ends.at(-2) ?? 0;
        const kept = Math.min(end, before + Math.floor(cut / SECTOR_BYTES) * SECTOR_BYTES);
        file.fill(0, kept, end);
        const whole = countIn(writes, ends.slice(0, -1));
        const found = firstsOf(file);
        assert.deepEqual(found.slice(0, whole), upTo(whole));
        assert.equal(decodeJournal(file).damagedAt, null);
        for (const { key, value } of decodeJournal(file).records) assert.equal(crcOf(value), key.crc);
      }),
    );
  });

  test('damage in the middle is told, and the writes behind it are found', () => {
    const { file, ends } = fileOf([[300, 300], [300], [900, 10], [20]]);
    file[ends[0]! + 3]! ^= 0x10; // the head of record 2
    assert.deepEqual(firstsOf(file), [0, 1, 3, 4, 5]);
    assert.equal(decodeJournal(file).damagedAt, ends[0]);
  });

  test('a value that fails its checksum before others is handed on: whoever reads it keeps it aside', () => {
    const { file, ends } = fileOf([[300], [300], [300]]);
    file[ends[0]! + 200]! ^= 0x10;
    assert.deepEqual(firstsOf(file), [0, 1, 2]);
    file[ends[1]! + 200]! ^= 0x10;
    assert.deepEqual(firstsOf(file), [0], 'nothing whole stands behind: it may be a write that was cut off');
  });

  test('its first record damaged: the others are found', () => {
    const { file } = fileOf([[300], [300], [300]]);
    file[1]! ^= 0x10;
    assert.deepEqual(firstsOf(file), [1, 2]);
    assert.equal(decodeJournal(file).damagedAt, 0);
  });

  test('any bytes at all are read without an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => firstsOf(Buffer.from(bytes)).length >= 0),
    );
  });
});
