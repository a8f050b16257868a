/**
 * Messages without frames: their ends are found however they are cut, and agree with what the reader reads.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BinaryReader } from '../../../src/wire/thrift/binary-reader.ts';
import { BinaryScanner } from '../../../src/wire/thrift/binary-scanner.ts';
import { Scratch } from '../../../src/wire/thrift/byte-queue.ts';
import { UnframedMessages } from '../../../src/wire/thrift/messages-in.ts';
import { RequestEncoder } from '../../../src/wire/thrift/requests.ts';
import { TYPE } from '../../../src/wire/thrift/types.ts';
import { batchOf, chunkOf, cut, fixture, someEvents, viewOf } from './kit.ts';

function unframed(pieces: readonly Buffer[], bytesMax = 1 << 24): Buffer[] {
  const messages = new UnframedMessages(new Scratch(), bytesMax);
  const found: Buffer[] = [];
  for (const piece of pieces) {
    messages.push(chunkOf(piece));
    while (messages.next() >= 0) found.push(Buffer.from(messages.take()));
  }
  return found;
}

/** A value of any type, as the binary protocol writes it, and its type. */
const values: fc.Arbitrary<{ type: number; bytes: Buffer }> = fc.letrec((tie) => {
  const value = tie('value') as fc.Arbitrary<{ type: number; bytes: Buffer }>;
  const fixed = (type: number, length: number) =>
    fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => ({ type, bytes: Buffer.from(bytes) }));
  const sized = (size: number) => {
    const head = Buffer.alloc(4);
    head.writeInt32BE(size);
    return head;
  };
  const text = fc.uint8Array({ maxLength: 20 }).map((bytes) => ({
    type: TYPE.string as number,
    bytes: Buffer.concat([sized(bytes.length), bytes]),
  }));
  const repeated = fc.tuple(value, fc.nat(4));
  return {
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fixed(TYPE.bool, 1),
      fixed(TYPE.i16, 2),
      fixed(TYPE.i64, 8),
      fixed(TYPE.uuid, 16),
      text,
      repeated.map(([{ type, bytes }, n]) => ({
        type: TYPE.list as number,
        bytes: Buffer.concat([Buffer.from([type]), sized(n), ...Array<Buffer>(n).fill(bytes)]),
      })),
      fc.tuple(text, value, fc.nat(3)).map(([key, { type, bytes }, n]) => ({
        type: TYPE.map as number,
        bytes: Buffer.concat([
          Buffer.from([key.type, type]),
          sized(n),
          ...Array.from({ length: n }, () => [key.bytes, bytes]).flat(),
        ]),
      })),
      fc.array(value, { maxLength: 3 }).map((fields) => ({
        type: TYPE.struct as number,
        bytes: Buffer.concat([
          ...fields.flatMap(({ type, bytes }, i) => [Buffer.from([type, 0, i + 1]), bytes]),
          Buffer.from([0]),
        ]),
      })),
    ),
  };
}).value as fc.Arbitrary<{ type: number; bytes: Buffer }>;

describe('messages without frames', () => {
  test('calls of any events, in any pieces', () => {
    fc.assert(
      fc.property(
        fc.array(someEvents, { maxLength: 3 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (batches, at) => {
          const encoder = new RequestEncoder('binary');
          const messages = batches.map((events) =>
            Buffer.from(encoder.batch(batchOf(viewOf(events)), 0).frame.subarray(4)),
          );
          assert.deepEqual(unframed(cut(Buffer.concat(messages), at)), messages);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('arguments of any shape: the scanner ends where the reader does', () => {
    const head = Buffer.from([0x80, 1, 0, 1, 0, 0, 0, 1, 0x61, 0, 0, 0, 9]);
    fc.assert(
      fc.property(values, fc.array(fc.nat(), { maxLength: 8 }), ({ type, bytes }, at) => {
        const message = Buffer.concat([head, Buffer.from([type, 0, 1]), bytes, Buffer.from([0])]);
        const reader = new BinaryReader();
        reader.over(message, 0, message.length);
        reader.message();
        reader.skip(TYPE.struct);
        assert.equal(reader.at, message.length);
        assert.deepEqual(unframed(cut(Buffer.concat([message, message]), at)), [message, message]);
      }),
      { numRuns: 300 },
    );
  });

  test('any bytes: the scanner ends, asks for more, or refuses', () => {
    const good = fixture('thrift-legacy-requests.bin');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }), (changes) => {
        const bytes = Buffer.from(good);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        const scanner = new BinaryScanner();
        try {
          const at = scanner.scan(bytes, 0);
          assert.ok(at <= bytes.length);
        } catch (error) {
          assert.equal((error as Error).name, 'ThriftProtocolError');
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('a length of 2 GB is refused as soon as it is announced', () => {
    const message = Buffer.concat([
      Buffer.from([0x80, 1, 0, 1, 0, 0, 0, 1, 0x61, 0, 0, 0, 9]),
      Buffer.from([TYPE.string, 0, 1, 0x7f, 0xff, 0xff, 0xff]),
    ]);
    assert.throws(() => unframed([message], 4096), {
      name: 'ThriftProtocolError',
      message: /a message of \d+ bytes: at most 4096 are taken/,
    });
  });
});
