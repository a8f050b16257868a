import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FrameMemory } from '../../../src/wire/avro/frame-memory.ts';
import { FrameReader } from '../../../src/wire/avro/frame-reader.ts';
import { cut, frame, int32, isRefusal, LIMITS } from './avro.ts';

interface Frame {
  readonly serial: number;
  readonly payload: string;
}

function frames(chunks: readonly Buffer[], memory = new FrameMemory(2 ** 30), limits = LIMITS): Frame[] {
  const reader = new FrameReader(limits, memory);
  const found: Frame[] = [];
  try {
    for (const chunk of chunks) {
      reader.add(chunk);
      while (reader.next()) {
        const { serial, payload, from, to } = reader;
        found.push({ serial, payload: payload.toString('latin1', from, to) });
      }
    }
  } finally {
    reader.close();
  }
  assert.equal(memory.bytes, 0, 'all memory was given back');
  return found;
}

const arbitraryFrame = fc.record({
  serial: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  parts: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }),
});

describe('avro: frames', () => {
  test('however the bytes are cut, the frames are the same', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryFrame, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (list, places) => {
          const bytes = Buffer.concat(list.map(({ serial, parts }) => frame(serial, ...parts)));
          const wanted = list.map(({ serial, parts }) => ({
            serial,
            payload: Buffer.concat(parts).toString('latin1'),
          }));
          assert.deepEqual(frames(cut(bytes, places)), wanted);
        },
      ),
    );
  });

  test('byte by byte, a frame of large buffers grows its memory as it comes', () => {
    const parts = [70_000, 1, 0, 140_000].map((size, n) => Buffer.alloc(size, n + 65));
    const bytes = frame(9, ...parts);
    const chunks = Array.from({ length: bytes.length }, (_, n) => bytes.subarray(n, n + 1));
    const [found] = frames(chunks);
    assert.equal(found!.serial, 9);
    assert.ok(found!.payload === Buffer.concat(parts).toString('latin1'));
  });

  test('a payload that cannot be used yet is held, and so is what came behind it', () => {
    const memory = new FrameMemory(2 ** 30);
    const reader = new FrameReader(LIMITS, memory);
    const chunk = Buffer.concat([frame(1, Buffer.from('first')), frame(2, Buffer.from('second'))]);
    reader.add(chunk);
    assert.ok(reader.next());
    reader.hold();
    chunk.fill(0xff);
    assert.equal(reader.payload.toString('latin1', reader.from, reader.to), 'first');
    assert.ok(reader.next());
    assert.equal(reader.serial, 2);
    assert.equal(reader.payload.toString('latin1', reader.from, reader.to), 'second');
    assert.equal(reader.next(), false);
    assert.equal(memory.bytes, 0);
  });

  const hostile: readonly (readonly [string, Buffer, RegExp])[] = [
    [
      '2 GB announced',
      Buffer.concat([int32(1), int32(1), int32(2 ** 31 - 1)]),
      /a frame of 2147483647 bytes/,
    ],
    ['a negative length', Buffer.concat([int32(1), int32(1), int32(-5)]), /a buffer of -5 bytes/],
    ['2^31 - 1 buffers', Buffer.concat([int32(1), int32(2 ** 31 - 1)]), /a frame of 2147483647 buffers/],
    ['-1 buffers', Buffer.concat([int32(1), int32(-1)]), /a frame of -1 buffers/],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), /buffers/],
  ];
  for (const [what, bytes, text] of hostile) {
    test(`hostile: ${what} is refused before memory is taken`, () => {
      const memory = new FrameMemory(2 ** 30);
      assert.throws(
        () => frames([bytes], memory),
        (error) => isRefusal(error) && text.test((error as Error).message),
      );
      assert.equal(memory.bytes, 0);
    });
  }

  test('hostile: many buffers that are too much together are refused at the limit', () => {
    const limits = { payloadBytesMax: 1000, buffersMax: 100 };
    const memory = new FrameMemory(2 ** 30);
    const part = Buffer.alloc(400);
    assert.equal(frames([frame(1, part, part)], memory, limits).length, 1);
    assert.throws(
      () => frames([frame(1, part, part, part)], memory, limits),
      /a frame of 1200 bytes or more/,
    );
  });

  test('a length that is announced takes no more memory than twice what has come', () => {
    const memory = new FrameMemory(2 ** 30);
    const reader = new FrameReader(LIMITS, memory);
    reader.add(Buffer.concat([int32(1), int32(1), int32(60_000_000), Buffer.alloc(1000)]));
    assert.equal(reader.next(), false);
    assert.ok(memory.bytes <= 64 * 1024, `${memory.bytes}`);
    reader.close();
  });

  test('half received requests of all peers together are bounded', () => {
    const memory = new FrameMemory(1024 * 1024);
    const begun = Buffer.concat([int32(1), int32(1), int32(500_000), Buffer.alloc(1000)]);
    const readers = Array.from({ length: 3 }, () => new FrameReader(LIMITS, memory));
    for (const reader of readers.slice(0, 2)) {
      reader.add(begun);
      reader.next();
    }
    readers[2]!.add(begun);
    assert.throws(() => readers[2]!.next(), /unfinished requests of all peers would take more than 1048576/);
    for (const reader of readers) reader.close();
    assert.equal(memory.bytes, 0);
  });
});
