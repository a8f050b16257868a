/** A decimal counter as ASCII digits: the next number costs a carry, not a division. */
const ZERO = 48;
const NINE = 57;
const DIGITS_MAX = 20;

export class DecimalCounter {
  /** The number's digits stand at the end, from `first` on. */
  readonly #digits = new Uint8Array(DIGITS_MAX).fill(ZERO);
  #first = DIGITS_MAX - 1;

  constructor(value = 0) {
    this.set(value);
  }

  set(value: number): void {
    const text = String(value);
    this.#first = DIGITS_MAX - text.length;
    for (let i = 0; i < text.length; i++) this.#digits[this.#first + i] = text.charCodeAt(i);
  }

  /** Writes the number at `at` and counts on. Returns its length. */
  write(target: Uint8Array, at: number): number {
    const digits = this.#digits;
    const first = this.#first;
    const length = DIGITS_MAX - first;
    for (let i = 0; i < length; i++) target[at + i] = digits[first + i]!;
    let i = DIGITS_MAX - 1;
    while (digits[i] === NINE) digits[i--] = ZERO;
    if (i < first) {
      digits[i] = ZERO + 1;
      this.#first = i;
    } else {
      digits[i] = digits[i]! + 1;
    }
    return length;
  }
}

export const DECIMAL_BYTES_MAX = DIGITS_MAX;
