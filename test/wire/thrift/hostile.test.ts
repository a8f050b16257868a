/**
 * Peers that mean harm, or have bugs: every answer is an error in time, and no memory is taken for a claim.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ByteQueue, Scratch } from '../../../src/wire/thrift/byte-queue.ts';
import { FramedMessages } from '../../../src/wire/thrift/messages-in.ts';
import { readerOf, writerOf } from '../../../src/wire/thrift/protocols.ts';
import { readResult } from '../../../src/wire/thrift/replies.ts';
import { RequestEncoder } from '../../../src/wire/thrift/requests.ts';
import { DEPTH_MAX, MESSAGE, type ProtocolName, TYPE } from '../../../src/wire/thrift/types.ts';
import type { ThriftWriter } from '../../../src/wire/thrift/writer.ts';
import { batchOf, CallDecoder, chunkOf, event, fixture, messagesOf, PROTOCOLS, viewOf } from './kit.ts';

/** A message whose arguments `write` writes. */
function messageOf(
  protocol: ProtocolName,
  write: (writer: ThriftWriter) => void,
  method = 'appendBatch',
): Buffer {
  const writer = writerOf(protocol);
  writer.message(method, MESSAGE.call, 1);
  writer.ensure(4_000_000);
  writer.enter();
  write(writer);
  return Buffer.from(writer.unframed());
}

const TWO_GB = 2 ** 31 - 1;
const wrong = { name: 'ThriftProtocolError' };

/** Text of one event up to its headers. */
function upToHeaders(writer: ThriftWriter, size: number): void {
  writer.field(TYPE.list, 1);
  writer.list(TYPE.struct, 1);
  writer.enter();
  writer.field(TYPE.map, 1);
  writer.stringMap(size);
}

describe('frames that are no frames', () => {
  const framesOf = (head: number[], bytesMax = 1 << 20) => messagesOf([Buffer.from(head)], bytesMax);

  test('one of 2 GB is refused as soon as it is announced', () => {
    assert.throws(() => framesOf([0x7f, 0xff, 0xff, 0xff]), {
      ...wrong,
      message: 'a frame of 2147483647 bytes: at most 1048576 are taken',
    });
  });

  test('a negative one is refused: the peer speaks something else', () => {
    assert.throws(() => framesOf([0x80, 0x01, 0x00, 0x01]), wrong);
    assert.throws(() => messagesOf([Buffer.from('GET / HTTP/1.1\r\n\r\n')], 1 << 20), wrong);
  });

  test('an empty one is a message without bytes', () => {
    assert.deepEqual(framesOf([0, 0, 0, 0]), [Buffer.alloc(0)]);
    assert.throws(() => new CallDecoder('compact').decode(Buffer.alloc(0)), wrong);
  });

  test('what waits for its end costs what came, not what was announced', () => {
    const frames = new FramedMessages(new Scratch(), 1 << 30);
    const before = process.memoryUsage();
    frames.push(chunkOf([0x3f, 0xff, 0xff, 0xff]));
    assert.equal(frames.next(), -1);
    for (let n = 0; n < 20_000; n++) frames.push(chunkOf([n]));
    assert.equal(frames.next(), -1);
    const after = process.memoryUsage();
    assert.ok(after.arrayBuffers - before.arrayBuffers < 4 * 1024 * 1024, 'gathered');
    assert.ok(frames.isPartial);
  });
});

for (const protocol of PROTOCOLS) {
  const decode = (message: Buffer) => new CallDecoder(protocol).decode(message);

  describe(`calls that are no calls, ${protocol}`, () => {
    test('a list of 2^31 events is refused at once', () => {
      for (const size of [TWO_GB, 2 ** 32 - 1]) {
        const message = messageOf(protocol, (writer) => {
          writer.field(TYPE.list, 1);
          writer.list(TYPE.struct, size);
        });
        assert.throws(() => decode(message), { ...wrong, message: /list size/ });
      }
    });

    test('a map of 2^31 headers is refused at once', () => {
      assert.throws(() => decode(messageOf(protocol, (writer) => upToHeaders(writer, TWO_GB))), {
        ...wrong,
        message: /map size of 2147483647/,
      });
    });

    test('a map of a million headers that are all there is refused by its number', () => {
      const message = messageOf(protocol, (writer) => {
        upToHeaders(writer, 1_000_000);
        writer.ensure(10_000_000);
        for (let n = 0; n < 2_000_000; n++) writer.length(0);
      });
      assert.throws(() => decode(message), {
        ...wrong,
        message: 'an event with 1000000 headers: at most 10000 are taken',
      });
    });

    test('a string longer than its message is refused', () => {
      for (const length of [TWO_GB, 5, -1]) {
        const message = messageOf(protocol, (writer) => {
          upToHeaders(writer, 1);
          writer.length(length);
          writer.text('ab');
        });
        assert.throws(() => decode(message), wrong);
      }
    });

    test('structs inside structs are passed over to a depth, then refused', () => {
      const nested = (depth: number) =>
        messageOf(protocol, (writer) => {
          const outers = Array.from({ length: depth }, () => {
            writer.field(TYPE.struct, 2);
            return writer.enter();
          });
          for (const outer of outers.reverse()) {
            writer.stop();
            writer.leave(outer);
          }
          writer.field(TYPE.list, 1);
          writer.list(TYPE.struct, 0);
          writer.stop();
        });
      assert.deepEqual(decode(nested(DEPTH_MAX)).events, []);
      assert.throws(() => decode(nested(100_000)), { ...wrong, message: /more than 64 deep/ });
    });

    test('a header twice: the last one counts; bytes that are not UTF-8 become U+FFFD', () => {
      const message = messageOf(protocol, (writer) => {
        upToHeaders(writer, 4);
        for (const text of ['a', '1', 'b', '2', 'a', '3', 'bad']) writer.text(text);
        writer.length(2);
        writer.bytes[writer.at++] = 0xff;
        writer.bytes[writer.at++] = 0x41;
        writer.field(TYPE.string, 2);
        writer.text('body');
        writer.stop();
        writer.stop();
      });
      assert.deepEqual(decode(message).events, [event('body', { a: '3', b: '2', bad: '\ufffdA' })]);
    });

    test('many headers are taken, up to the limit', () => {
      const headers = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`h${n}`, String(n)]));
      const call = new RequestEncoder(protocol).batch(batchOf(viewOf([event('x', headers)])), 0);
      assert.deepEqual(decode(messagesOf([call.frame])[0]!).events, [event('x', headers)]);
    });

    test('arguments without events, and events of another type, are refused as missing', () => {
      const none = messageOf(protocol, (writer) => writer.stop());
      const text = messageOf(protocol, (writer) => {
        writer.field(TYPE.string, 1);
        writer.text('no list');
        writer.stop();
      });
      for (const message of [none, text]) {
        assert.throws(() => decode(message), { message: "Required field 'events' was not present!" });
      }
    });

    test('fields that nobody knows are passed over', () => {
      const message = messageOf(
        protocol,
        (writer) => {
          writer.field(TYPE.string, 3);
          writer.text('unknown');
          writer.field(TYPE.struct, 1);
          const outer = writer.enter();
          writer.field(TYPE.i32, 9);
          writer.i32(-5);
          writer.field(TYPE.map, 1);
          writer.stringMap(0);
          writer.field(TYPE.string, 2);
          writer.text('body');
          writer.field(TYPE.list, 7);
          writer.list(TYPE.i32, 2);
          writer.i32(1);
          writer.i32(2);
          writer.stop();
          writer.leave(outer);
          writer.stop();
        },
        'append',
      );
      assert.deepEqual(decode(message).events, [event('body')]);
    });

    test('a changed call is refused or read as another; it neither hangs nor breaks the decoder', () => {
      const good = messagesOf([fixture(`${protocol}-requests.bin`)]).slice(0, 4);
      const decoder = new CallDecoder(protocol);
      const change = fc.tuple(fc.nat(), fc.nat(255));
      fc.assert(
        fc.property(
          fc.nat(3),
          fc.array(change, { maxLength: 6 }),
          fc.option(fc.nat()),
          (which, changes, end) => {
            const message = Buffer.from(good[which]!);
            for (const [at, byte] of changes) message[at % Math.min(message.length, 400)] = byte;
            const cutShort = end === null ? message : message.subarray(0, end % message.length);
            try {
              decoder.decode(Buffer.from(cutShort));
            } catch (error) {
              const { name } = error as Error;
              assert.ok(name === 'ThriftProtocolError' || name === 'ThriftApplicationError', String(error));
            }
          },
        ),
        { numRuns: 3000 },
      );
      assert.equal(decoder.decode(good[2]!).events.length, 21);
    });

    test('a changed answer is refused or read as another', () => {
      const good = messagesOf([fixture(`${protocol}-answers.bin`)]);
      const reader = readerOf(protocol);
      fc.assert(
        fc.property(fc.nat(good.length - 1), fc.nat(), fc.nat(255), (which, at, byte) => {
          const message = Buffer.from(good[which]!);
          message[at % message.length] = byte;
          reader.over(message, 0, message.length);
          try {
            readResult(reader, { method: 'append', sequence: 1 });
          } catch (error) {
            const { name } = error as Error;
            assert.ok(name === 'ThriftProtocolError' || name === 'ThriftApplicationError', String(error));
          }
        }),
        { numRuns: 1000 },
      );
    });
  });
}

describe('numbers of the compact protocol', () => {
  const reader = readerOf('compact');
  const read = (bytes: number[]) => {
    reader.over(Buffer.from(bytes), 0, bytes.length);
    return reader;
  };

  test('a varint that does not end is refused', () => {
    assert.throws(() => read(Array(20).fill(0x80)).i32(), wrong);
    assert.throws(() => read(Array(20).fill(0x80)).i64(), wrong);
    assert.throws(() => read(Array(20).fill(0x80)).skip(TYPE.i64), wrong);
  });

  test('i32 and i64 at their ends', () => {
    assert.equal(read([0xff, 0xff, 0xff, 0xff, 0x0f]).i32(), -(2 ** 31));
    assert.equal(read([0xfe, 0xff, 0xff, 0xff, 0x0f]).i32(), 2 ** 31 - 1);
    assert.equal(read([...Array(9).fill(0xff), 0x01]).i64(), -(2n ** 63n));
  });
});

describe('the queue of bytes', () => {
  test('any pushes, peeks and drops: the bytes are those that came, in order', () => {
    const step = fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 20_000 }) }),
      fc.record({ drop: fc.nat(30_000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const queue = new ByteQueue(new Scratch());
        let wanted = Buffer.alloc(0);
        let next = 0;
        for (const one of steps) {
          if ('push' in one) {
            const chunk = Buffer.from(Array.from({ length: one.push }, () => next++ % 251));
            wanted = Buffer.concat([wanted, chunk]);
            queue.push({ bytes: chunk, release: () => chunk.fill(0xee) });
          } else {
            const count = Math.min(one.drop, queue.length);
            if (count > 0) assert.ok(queue.peek(count).equals(wanted.subarray(0, count)));
            queue.drop(count);
            wanted = wanted.subarray(count);
          }
          assert.equal(queue.length, wanted.length);
        }
        if (queue.length > 0) assert.ok(queue.peek(queue.length).equals(wanted));
      }),
      { numRuns: 60 },
    );
  });
});
