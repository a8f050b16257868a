/**
 * Flume's event queue: pointers to puts in the order of delivery, of which any can be removed.
 *
 * Layout: `#items` holds the pointers in order, with gaps (-1) where one was removed; `#slots` is an open
 *   hash table of positions in `#items`, plus one (0 is free).
 * Operations: `add` appends; `remove` finds its pointer by the table, leaves a gap and moves the entries
 *   behind it up (backward shift, so that the table has no tombstones). When `#items` is full, gaps are
 *   closed, and it is doubled unless it was half empty.
 * Limits: 16 to 32 bytes per pointer; a Set of numbers takes three times as much and ends at 16.7 million.
 * It does not look for a pointer that is added twice.
 */
import { assert } from '../../base/assert.ts';

const ITEMS_MIN = 1024;
const GAP = -1;
/** A pointer is the index of a file times this, plus the offset of a put in it: offsets are Java ints. */
export const OFFSETS = 0x8000_0000;

export class PointerQueue {
  #items = new Float64Array(ITEMS_MIN);
  #slots = new Uint32Array(ITEMS_MIN * 2);
  #head = 0;
  #tail = 0;
  size = 0;

  add(pointer: number): void {
    assert(pointer >= 0 && Number.isSafeInteger(pointer), 'a pointer is a whole number');
    if (this.#tail === this.#items.length) this.#makeRoom();
    this.#items[this.#tail++] = pointer;
    this.#enter(pointer, this.#tail);
    this.size++;
  }

  /** Whether it was there. */
  remove(pointer: number): boolean {
    const items = this.#items;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashOf(pointer) & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const position = slots[slot]! - 1;
      if (items[position] !== pointer) continue;
      this.#leave(slot);
      items[position] = GAP;
      this.size--;
      while (this.#head < this.#tail && items[this.#head] === GAP) this.#head++;
      return true;
    }
    return false;
  }

  *[Symbol.iterator](): Generator<number, void, undefined> {
    for (let i = this.#head; i < this.#tail; i++) if (this.#items[i] !== GAP) yield this.#items[i]!;
  }

  #enter(pointer: number, mark: number): void {
    const mask = this.#slots.length - 1;
    let slot = hashOf(pointer) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = mark;
  }

  #leave(slot: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let free = slot;
    for (let next = (free + 1) & mask; slots[next] !== 0; next = (next + 1) & mask) {
      const home = hashOf(this.#items[slots[next]! - 1]!) & mask;
      // An entry may move up only as far as the slot where its search begins.
      if (((next - home) & mask) < ((next - free) & mask)) continue;
      slots[free] = slots[next]!;
      free = next;
    }
    slots[free] = 0;
  }

  #makeRoom(): void {
    const items = this.#items;
    const length = this.size * 2 > items.length ? items.length * 2 : items.length;
    const packed = new Float64Array(length);
    this.#slots = new Uint32Array(length * 2);
    this.#items = packed;
    let at = 0;
    for (let i = this.#head; i < this.#tail; i++) {
      if (items[i] === GAP) continue;
      packed[at++] = items[i]!;
      this.#enter(items[i]!, at);
    }
    this.#head = 0;
    this.#tail = at;
  }
}

function hashOf(pointer: number): number {
  const file = Math.floor(pointer / OFFSETS);
  const mixed = Math.imul((pointer - file * OFFSETS) ^ Math.imul(file, 0x9e37_79b1), 0x85eb_ca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
