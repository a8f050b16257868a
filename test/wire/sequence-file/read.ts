/** Reads SequenceFiles by their layout; fails when anything is left over or out of place. */
import assert from 'node:assert/strict';
import { codecByName } from '../../../src/wire/hadoop-codecs/codec.ts';
import { decompress } from '../../kit/decompress.ts';

export interface SequenceRecord {
  readonly key: bigint;
  readonly value: Buffer;
}

export interface SequenceFile {
  readonly keyClass: string;
  readonly valueClass: string;
  /** Class name; null without compression. */
  readonly codec: string | null;
  readonly syncMark: Buffer;
  readonly records: readonly SequenceRecord[];
  /** Offsets of the sync marks, that of the header left out. */
  readonly marks: readonly number[];
  /** Records of each block. */
  readonly blocks: readonly number[];
}

class Reader {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get atEnd(): boolean {
    return this.at === this.bytes.length;
  }

  take(length: number): Buffer {
    assert.ok(length >= 0 && this.at + length <= this.bytes.length, 'the file ends in the middle');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  int(): number {
    return this.take(4).readInt32BE();
  }

  variableInt(): number {
    const first = this.take(1).readInt8();
    if (first >= -112) return first;
    assert.ok(first < -112 && first >= -116, 'not negative, not more than four bytes');
    return this.take(-112 - first).readUIntBE(0, -112 - first);
  }

  text(): string {
    return this.take(this.variableInt()).toString();
  }

  /** A column of a block. */
  column(codec: string): Reader {
    return new Reader(decompress(codecByName(codec)!.form, this.take(this.variableInt())));
  }
}

export function readSequenceFile(bytes: Buffer): SequenceFile {
  const reader = new Reader(bytes);
  assert.equal(reader.take(4).toString('latin1'), 'SEQ\u0006');
  const keyClass = reader.text();
  const valueClass = reader.text();
  const [isCompressed, isBlockCompressed] = reader.take(2) as unknown as [number, number];
  assert.equal(isCompressed, isBlockCompressed);
  const codec = isCompressed === 1 ? reader.text() : null;
  assert.equal(reader.int(), 0, 'no metadata');
  const syncMark = reader.take(16);
  const marks: number[] = [];
  const blocks: number[] = [];
  const records: SequenceRecord[] = [];
  while (!reader.atEnd) {
    const start = reader.at;
    const length = reader.int();
    if (length === -1) {
      marks.push(start);
      assert.deepEqual(reader.take(16), syncMark);
      if (codec === null) continue;
      const block = readBlock(reader, codec, valueClass);
      blocks.push(block.length);
      records.push(...block);
    } else {
      assert.equal(codec, null, 'a block begins with a sync mark');
      assert.equal(reader.int(), 8, 'length of the key');
      const key = reader.take(8).readBigInt64BE();
      records.push({ key, value: bodyOf(reader.take(length - 8), valueClass) });
    }
  }
  return { keyClass, valueClass, codec, syncMark, records, marks, blocks };
}

function readBlock(reader: Reader, codec: string, valueClass: string): SequenceRecord[] {
  const count = reader.variableInt();
  const [keyLengths, keys, valueLengths, values] = Array.from({ length: 4 }, () => reader.column(codec)) as [
    Reader,
    Reader,
    Reader,
    Reader,
  ];
  const records = Array.from({ length: count }, () => {
    assert.equal(keyLengths.variableInt(), 8);
    return {
      key: keys.take(8).readBigInt64BE(),
      value: bodyOf(values.take(valueLengths.variableInt()), valueClass),
    };
  });
  for (const column of [keyLengths, keys, valueLengths, values]) assert.ok(column.atEnd, 'a column ends');
  return records;
}

function bodyOf(bytes: Buffer, valueClass: string): Buffer {
  const reader = new Reader(bytes);
  const value = reader.take(valueClass.endsWith('.Text') ? reader.variableInt() : reader.int());
  assert.ok(reader.atEnd, 'a value is as long as it says');
  return value;
}
