/**
 * The order of all suffixes of a text, by induced sorting (SA-IS) in time and memory that grow with the
 * length alone. A shorter suffix comes before one that it begins.
 *
 * A suffix is *rising* when it is less than the one behind it. A rising suffix behind a falling one is a
 * *valley*. Valleys stand apart, so there are at most half as many as letters; once they are in order, one
 * pass up puts all falling suffixes in order and one pass down all rising ones. To order the valleys, the
 * pieces between them are named by rank, and the text of these names is sorted the same way.
 *
 * Source: G. Nong, S. Zhang, W. H. Chan, "Two Efficient Algorithms for Linear Time Suffix Array
 * Construction".
 */
type Text = Uint8Array | Int32Array;

const NONE = -1;

/** Letters are 0 … `letterMax`. */
export function suffixArray(text: Text, letterMax: number): Int32Array {
  if (text.length < 2) return new Int32Array(text.length);
  return new Sorter(text, letterMax).sort();
}

class Sorter {
  readonly #text: Text;
  readonly #rising: Uint8Array;
  /** First place of each letter; falling suffixes stand before rising ones. */
  readonly #starts: Int32Array;
  /** First place of the rising suffixes of each letter. */
  readonly #risingStarts: Int32Array;
  readonly #next: Int32Array;
  readonly #order: Int32Array;
  readonly #valleys: Int32Array;

  constructor(text: Text, letterMax: number) {
    const { length } = text;
    this.#text = text;
    this.#rising = risingOf(text);
    this.#starts = new Int32Array(letterMax + 2);
    this.#risingStarts = new Int32Array(letterMax + 1);
    this.#next = new Int32Array(letterMax + 2);
    this.#order = new Int32Array(length);
    this.#count(letterMax);
    const valleys = new Int32Array(length >> 1);
    let count = 0;
    for (let i = 1; i < length; i++) {
      if (this.#rising[i] === 1 && this.#rising[i - 1] === 0) valleys[count++] = i;
    }
    this.#valleys = valleys.subarray(0, count);
  }

  #count(letterMax: number): void {
    const text = this.#text;
    const starts = this.#starts;
    for (let i = 0; i < text.length; i++) {
      const letter = text[i]!;
      starts[letter + 1]!++;
      if (this.#rising[i] === 0) this.#risingStarts[letter]!++;
    }
    for (let letter = 0; letter <= letterMax; letter++) {
      this.#risingStarts[letter]! += starts[letter]!;
      starts[letter + 1]! += starts[letter]!;
    }
  }

  sort(): Int32Array {
    const valleys = this.#valleys;
    this.#induce(valleys);
    if (valleys.length > 1) this.#induce(this.#sortedValleys());
    return this.#order;
  }

  /** Orders all suffixes from an order of the valleys. */
  #induce(valleys: Int32Array): void {
    const text = this.#text;
    const rising = this.#rising;
    const order = this.#order;
    const next = this.#next;
    const last = text.length - 1;
    order.fill(NONE);
    next.set(this.#risingStarts);
    for (let i = 0; i < valleys.length; i++) order[next[text[valleys[i]!]!]!++] = valleys[i]!;
    next.set(this.#starts);
    order[next[text[last]!]!++] = last;
    for (let i = 0; i <= last; i++) {
      const before = order[i]! - 1;
      if (before >= 0 && rising[before] === 0) order[next[text[before]!]!++] = before;
    }
    next.set(this.#starts);
    for (let i = last; i >= 0; i--) {
      const before = order[i]! - 1;
      // The rising suffixes of a letter end where the next letter starts.
      if (before >= 0 && rising[before] === 1) order[--next[text[before]! + 1]!] = before;
    }
  }

  /** The valleys in their order, once their pieces are in order. */
  #sortedValleys(): Int32Array {
    const valleys = this.#valleys;
    const { length } = this.#text;
    const numbers = new Int32Array(length).fill(NONE);
    for (let i = 0; i < valleys.length; i++) numbers[valleys[i]!] = i;
    const names = new Int32Array(valleys.length);
    let name = -1;
    let previous = NONE;
    for (let i = 0; i < length; i++) {
      const number = numbers[this.#order[i]!]!;
      if (number === NONE) continue;
      if (previous === NONE || !this.#isSamePiece(previous, number)) name++;
      names[number] = name;
      previous = number;
    }
    const sorted = suffixArray(names, name);
    for (let i = 0; i < sorted.length; i++) sorted[i] = valleys[sorted[i]!]!;
    return sorted;
  }

  /**
   * Whether two pieces, up to and with the valley behind each, are the same. The last one has no such end.
   */
  #isSamePiece(one: number, other: number): boolean {
    const valleys = this.#valleys;
    const text = this.#text;
    if (one + 1 === valleys.length || other + 1 === valleys.length) return false;
    const start = valleys[one]!;
    const length = valleys[one + 1]! - start;
    const from = valleys[other]!;
    if (valleys[other + 1]! - from !== length) return false;
    for (let i = 0; i <= length; i++) if (text[start + i] !== text[from + i]) return false;
    return true;
  }
}

/** The last suffix is falling: what stands behind it, nothing, is less. */
function risingOf(text: Text): Uint8Array {
  const rising = new Uint8Array(text.length);
  for (let i = text.length - 2; i >= 0; i--) {
    const here = text[i]!;
    const behind = text[i + 1]!;
    rising[i] = here === behind ? rising[i + 1]! : here < behind ? 1 : 0;
  }
  return rising;
}
