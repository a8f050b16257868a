/**
 * A control ring: a single-producer, single-consumer queue of fixed records in a SharedArrayBuffer.
 *
 * Limits: records of RECORD_WORDS u32 words; a power of two of records; positions are u32 and wrap.
 * Layout: word 0 head (reader's position), word 1 patient (1 while the reader needs no bell for new records),
 *   word 16 tail (writer's position), word 32 state (0 open, 1 closed), records from word 48; record n stands
 *   at (n mod size) · RECORD_WORDS. Head and tail have cache lines of their own.
 * Operations: the writer fills the record at `claim()` and makes it visible with `publish()`, one store after
 *   all words are written; the reader sees `available()` records, reads words in place, and frees them with
 *   `advance()`.
 * Recovery: none. A ring ends with either of its owners: the supervisor closes it and makes a new one, so no
 *   code ever continues in a ring that a dead thread left half-way. A record that was claimed and not
 *   published is not seen.
 * It does not wait or wake (memory/wait), carries no bytes (memory/store), and checks
 * nothing a record at a time.
 */
import { assert } from '../../base/assert.ts';

export const RECORD_WORDS = 8;
const HEAD = 0;
const PATIENT = 1;
const TAIL = 16;
const STATE = 32;
const FIRST = 48;

export function allocateRing(records: number): SharedArrayBuffer {
  assert(records > 0 && (records & (records - 1)) === 0, 'a ring has a power of two of records');
  return new SharedArrayBuffer((FIRST + records * RECORD_WORDS) * 4);
}

class RingEnd {
  protected readonly control: Int32Array;
  readonly words: Uint32Array;
  protected readonly mask: number;
  readonly records: number;

  constructor(memory: SharedArrayBuffer) {
    this.control = new Int32Array(memory, 0, FIRST);
    this.words = new Uint32Array(memory);
    this.records = (this.words.length - FIRST) / RECORD_WORDS;
    this.mask = this.records - 1;
  }

  protected wordOf(position: number): number {
    return FIRST + (position & this.mask) * RECORD_WORDS;
  }

  /** True once the supervisor gave the ring up because one of its ends died or stopped. */
  get closed(): boolean {
    return Atomics.load(this.control, STATE) !== 0;
  }

  close(): void {
    Atomics.store(this.control, STATE, 1);
  }
}

export class RingWriter extends RingEnd {
  #tail: number;
  #head: number;

  constructor(memory: SharedArrayBuffer) {
    super(memory);
    this.#tail = Atomics.load(this.control, TAIL);
    this.#head = Atomics.load(this.control, HEAD);
  }

  /** Records that can be claimed and published now. */
  room(): number {
    let used = (this.#tail - this.#head) | 0;
    if (used >= this.records >> 1) {
      this.#head = Atomics.load(this.control, HEAD);
      used = (this.#tail - this.#head) | 0;
    }
    return this.records - used;
  }

  /** Index in `words` of the next record's first word. The caller has checked `room()`. */
  claim(): number {
    return this.wordOf(this.#tail);
  }

  /** False while the reader will look by itself, soon enough, for what it waits for. */
  get wantsBell(): boolean {
    return Atomics.load(this.control, PATIENT) === 0;
  }

  publish(): void {
    this.#tail = (this.#tail + 1) | 0;
    Atomics.store(this.control, TAIL, this.#tail);
  }
}

export class RingReader extends RingEnd {
  #head: number;
  #patient = false;

  constructor(memory: SharedArrayBuffer) {
    super(memory);
    this.#head = Atomics.load(this.control, HEAD);
  }

  /**
   * A patient reader is not woken for new records; it finds them when it wakes for another reason, or after
   * its longest sleep. Who stops being patient looks at `available()` after this call, or sleeps over what
   * came before it.
   */
  setPatient(patient: boolean): void {
    if (patient === this.#patient) return;
    this.#patient = patient;
    Atomics.store(this.control, PATIENT, patient ? 1 : 0);
  }

  available(): number {
    return (Atomics.load(this.control, TAIL) - this.#head) | 0;
  }

  /** Index in `words` of record `n` of those available. */
  peek(n = 0): number {
    return this.wordOf(this.#head + n);
  }

  /** Frees the first `count` records for the writer. */
  advance(count = 1): void {
    this.#head = (this.#head + count) | 0;
    Atomics.store(this.control, HEAD, this.#head);
  }
}
