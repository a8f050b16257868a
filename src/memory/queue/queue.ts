/**
 * A memory channel's queue of block ranges, in shared memory that outlives the channel's worker.
 *
 * Limits: one writer; positions are u32 and wrap; at least ENTRIES_MIN entries, doubled when full, and halved
 *   by `trim` when most of them were not needed for a while.
 * Layout: 16 words: head (first entry not done), tail (next entry to write); then entries of 8 words
 *     segment · offset · first · count · slots · done · held · 0
 *   done: events committed, from the first on, no gap; held: 1 for copies of events that were handed out
 *   before, which come before everything that is not held;
 *   entry n stands at (n mod size).
 * Operations: `push` writes an entry and then moves the tail with one store, which is the commit of a put.
 *   `done` counts events committed, in any order; entries done at the head are freed.
 * Recovery: a new worker opens the same memory. What was pushed is there; what was committed without a gap is
 *   done; commits beyond a gap count as not done, so such events are handed out again: a memory channel may
 *   repeat after its worker died, it does not lose.
 */
import { assert } from '../../base/assert.ts';
import { noteDropped } from '../store/collect.ts';

const HEAD = 0;
const TAIL = 1;
const FIRST = 16;
const ENTRY_WORDS = 8;
const ENTRIES_MIN = 1024;
const SEGMENT = 0;
const OFFSET = 1;
const FIRST_EVENT = 2;
const COUNT = 3;
const SLOTS = 4;
const DONE = 5;
const HELD = 6;

export interface QueueEntry {
  readonly segment: number;
  readonly offset: number;
  readonly first: number;
  readonly count: number;
  readonly slots: number;
}

/** Where a reader stands: an entry and the next event in it. */
export interface QueueCursor {
  position: number;
  event: number;
}

export class BlockQueue {
  #words: Int32Array;
  #mask: number;
  /** A push that finds more entries than this has something to do: make room, or tell `trim` of a peak. */
  #mark: number;
  readonly #save: (memory: SharedArrayBuffer) => void;
  #head: number;
  #tail: number;
  /** Runs [first, end) of an entry's events that are done beyond a gap, sorted, by position. */
  readonly #beyond = new Map<number, [number, number][]>();

  /**
   * `save` is told of every memory the queue moves to, before anything is in it that
   * is not in the one before.
   */
  constructor(memory: SharedArrayBuffer | null, save: (memory: SharedArrayBuffer) => void) {
    this.#save = save;
    const own = memory ?? new SharedArrayBuffer((FIRST + ENTRIES_MIN * ENTRY_WORDS) * 4);
    if (memory === null) save(own);
    this.#words = new Int32Array(own);
    this.#mask = (this.#words.length - FIRST) / ENTRY_WORDS - 1;
    this.#mark = this.#mask;
    this.#head = Atomics.load(this.#words, HEAD);
    this.#tail = Atomics.load(this.#words, TAIL);
  }

  get head(): number {
    return this.#head;
  }

  get tail(): number {
    return this.#tail;
  }

  /** Entries not done. */
  get length(): number {
    return (this.#tail - this.#head) | 0;
  }

  #at(position: number): number {
    return FIRST + (position & this.#mask) * ENTRY_WORDS;
  }

  entry(position: number): QueueEntry {
    const words = this.#words;
    const at = this.#at(position);
    return {
      segment: words[at + SEGMENT]! >>> 0,
      offset: words[at + OFFSET]!,
      first: words[at + FIRST_EVENT]!,
      count: words[at + COUNT]!,
      slots: words[at + SLOTS]!,
    };
  }

  /** Events of an entry that are done from its first on. */
  doneOf(position: number): number {
    return this.#words[this.#at(position) + DONE]!;
  }

  isHeld(position: number): boolean {
    return this.#words[this.#at(position) + HELD] === 1;
  }

  push(entry: QueueEntry, isHeld = false): void {
    if (this.length > this.#mark) this.#passMark();
    const words = this.#words;
    const at = this.#at(this.#tail);
    words[at + SEGMENT] = entry.segment | 0;
    words[at + OFFSET] = entry.offset;
    words[at + FIRST_EVENT] = entry.first;
    words[at + COUNT] = entry.count;
    words[at + SLOTS] = entry.slots;
    words[at + DONE] = 0;
    words[at + HELD] = isHeld ? 1 : 0;
    this.#tail = (this.#tail + 1) | 0;
    Atomics.store(words, TAIL, this.#tail);
  }

  #passMark(): void {
    if (this.length > this.#mask) this.#move((this.#mask + 1) * 2);
    this.#mark = this.#mask;
  }

  /**
   * Gives half of the memory back when no more than a quarter was in use since the call before. Called every
   * few seconds, it undoes a peak in steps, and a queue that swings keeps what it needs.
   */
  trim(): void {
    if (this.#mask < ENTRIES_MIN) return;
    if (this.#mark < this.#mask) this.#move((this.#mask + 1) / 2);
    const few = this.#mask >>> 2;
    this.#mark = this.length > few ? this.#mask : few;
  }

  /** To memory for `entries` entries: a power of two, and room for all that are here. */
  #move(entries: number): void {
    const before = this.#words;
    const memory = new SharedArrayBuffer((FIRST + entries * ENTRY_WORDS) * 4);
    const words = new Int32Array(memory);
    for (let position = this.#head; position !== this.#tail; position = (position + 1) | 0) {
      const from = this.#at(position);
      words.set(before.subarray(from, from + ENTRY_WORDS), FIRST + (position & (entries - 1)) * ENTRY_WORDS);
    }
    words[HEAD] = this.#head;
    words[TAIL] = this.#tail;
    this.#save(memory);
    noteDropped(before.byteLength);
    this.#words = words;
    this.#mask = entries - 1;
  }

  /**
   * Counts `count` events from `event` (0 is the entry's first) as done. Returns true when the whole entry
   * is. The entry is freed once all before it are done, too.
   */
  done(position: number, event: number, count: number): boolean {
    const at = this.#at(position);
    const total = this.#words[at + COUNT]!;
    let done = this.#words[at + DONE]!;
    assert(event >= done && event + count <= total, 'events are done once');
    if (event !== done) {
      this.#addBeyond(position, event, event + count);
      return false;
    }
    done += count;
    const beyond = this.#beyond.get(position);
    while (beyond !== undefined && beyond[0]?.[0] === done) done = beyond.shift()![1];
    if (beyond?.length === 0) this.#beyond.delete(position);
    this.#words[at + DONE] = done;
    if (done < total) return false;
    this.#freeHead();
    return true;
  }

  #addBeyond(position: number, first: number, end: number): void {
    const runs = this.#beyond.get(position) ?? [];
    runs.push([first, end]);
    runs.sort((a, b) => a[0] - b[0]);
    this.#beyond.set(position, runs);
  }

  #freeHead(): void {
    const words = this.#words;
    while (this.#head !== this.#tail) {
      const at = this.#at(this.#head);
      if (words[at + DONE] !== words[at + COUNT]) break;
      this.#head = (this.#head + 1) | 0;
    }
    Atomics.store(words, HEAD, this.#head);
  }
}
