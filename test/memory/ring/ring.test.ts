import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { allocateRing, RECORD_WORDS, RingReader, RingWriter } from '../../../src/memory/ring/ring.ts';

/** Words of the layout that tests reach for: where a ring stands is not part of its interface. */
const HEAD = 0;
const TAIL = 16;

/** A ring whose positions have already come as far as `position`. */
function ringAt(records: number, position: number): SharedArrayBuffer {
  const memory = allocateRing(records);
  const control = new Int32Array(memory);
  control[HEAD] = position;
  control[TAIL] = position;
  return memory;
}

function write(writer: RingWriter, value: number): void {
  const at = writer.claim();
  for (let word = 0; word < RECORD_WORDS; word++) writer.words[at + word] = (value * 31 + word) >>> 0;
  writer.publish();
}

function assertRecord(reader: RingReader, at: number, value: number): void {
  for (let word = 0; word < RECORD_WORDS; word++) {
    assert.equal(reader.words[at + word], (value * 31 + word) >>> 0, `word ${word} of record ${value}`);
  }
}

type Step = { readonly op: 'write' | 'read' | 'peek'; readonly count: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ op: fc.constantFrom('write', 'read', 'peek'), count: fc.integer({ min: 1, max: 12 }) }),
  { maxLength: 60 },
);

/** Just before the signed and the unsigned end of 32 bits, where positions wrap, and anywhere. */
const positions = fc.oneof(
  fc.integer({ min: 0x7fffffff - 20, max: 0x7fffffff }),
  fc.integer({ min: -20, max: 20 }),
  fc.integer(),
);

class RingModel {
  readonly #records: number;
  readonly #writer: RingWriter;
  readonly #reader: RingReader;
  readonly #model: number[] = [];
  #next = 0;

  constructor(memory: SharedArrayBuffer, records: number) {
    this.#records = records;
    this.#writer = new RingWriter(memory);
    this.#reader = new RingReader(memory);
  }

  run({ op, count }: Step): void {
    if (op === 'write') this.#write(count);
    else if (op === 'read') this.#read(count);
    this.#check();
  }

  #write(count: number): void {
    for (let n = 0; n < count && this.#writer.room() > 0; n++) {
      write(this.#writer, this.#next);
      this.#model.push(this.#next++);
    }
  }

  #read(count: number): void {
    const some = Math.min(count, this.#reader.available());
    for (let n = 0; n < some; n++) assertRecord(this.#reader, this.#reader.peek(n), this.#model[n]!);
    this.#model.splice(0, some);
    if (some > 0) this.#reader.advance(some);
  }

  #check(): void {
    assert.equal(this.#reader.available(), this.#model.length);
    const room = this.#writer.room();
    const free = this.#records - this.#model.length;
    assert.ok(room <= free, `room ${room} of ${free}`);
    assert.equal(room === 0, free === 0, 'a writer stops only at a full ring');
    this.#model.forEach((value, n) => {
      assertRecord(this.#reader, this.#reader.peek(n), value);
    });
  }
}

describe('control ring', () => {
  test('is a queue for any steps of its two ends, also where positions wrap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), positions, steps, (power, position, list) => {
        const model = new RingModel(ringAt(1 << power, position), 1 << power);
        for (const step of list) model.run(step);
      }),
      { numRuns: 300 },
    );
  });

  for (const start of [0x7ffffffc, -4]) {
    test(`goes on past position ${start >>> 0} full and empty in turn`, () => {
      const memory = ringAt(4, start);
      const writer = new RingWriter(memory);
      const reader = new RingReader(memory);
      for (let round = 0; round < 5; round++) {
        for (let n = 0; n < 4; n++) write(writer, round * 4 + n);
        assert.equal(writer.room(), 0);
        assert.equal(reader.available(), 4);
        for (let n = 0; n < 4; n++) {
          assertRecord(reader, reader.peek(), round * 4 + n);
          reader.advance();
        }
        assert.equal(reader.available(), 0);
        assert.equal(writer.room(), 4);
      }
    });
  }

  test('does not show a record that was claimed and not published', () => {
    const memory = allocateRing(4);
    const writer = new RingWriter(memory);
    writer.words[writer.claim()] = 7;
    assert.equal(new RingReader(memory).available(), 0);
  });

  test('is closed for both ends by either, and what was published can still be read', () => {
    for (const closer of ['writer', 'reader'] as const) {
      const memory = allocateRing(4);
      const ends = { writer: new RingWriter(memory), reader: new RingReader(memory) };
      write(ends.writer, 5);
      assert.equal(ends.writer.closed || ends.reader.closed, false);
      ends[closer].close();
      assert.equal(ends.writer.closed && ends.reader.closed, true);
      assert.equal(ends.reader.available(), 1);
      assertRecord(ends.reader, ends.reader.peek(), 5);
    }
  });

  test('tells the writer whether its reader wants the bell', () => {
    const memory = allocateRing(4);
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    assert.equal(writer.wantsBell, true);
    reader.setPatient(true);
    assert.equal(writer.wantsBell, false);
    write(writer, 1);
    assert.equal(reader.available(), 1, 'patience hides nothing');
    reader.setPatient(false);
    assert.equal(writer.wantsBell, true);
  });

  test('has a power of two of records', () => {
    for (const records of [0, -8, 3, 12]) assert.throws(() => allocateRing(records), /power of two/);
  });
});
