/** Bits, the highest first, into a buffer that grows by doubling. */
export class BitWriter {
  #bytes: Buffer;
  #used = 0;
  /** The lowest `#waiting` bits are not in the buffer yet; fewer than eight between two calls. */
  #held = 0;
  #waiting = 0;

  constructor(sizeBytes: number) {
    this.#bytes = Buffer.allocUnsafe(Math.max(64, Math.ceil(sizeBytes)));
  }

  /** The lowest `count` bits of `value`; up to 32. */
  bits(count: number, value: number): void {
    if (count > 16) {
      this.#put(count - 16, value >>> 16);
      this.#put(16, value);
    } else {
      this.#put(count, value);
    }
  }

  #put(count: number, value: number): void {
    this.#held = (this.#held << count) | (value & ((1 << count) - 1));
    this.#waiting += count;
    while (this.#waiting >= 8) {
      this.#waiting -= 8;
      if (this.#used === this.#bytes.length) this.#grow();
      this.#bytes[this.#used++] = this.#held >>> this.#waiting;
    }
  }

  #grow(): void {
    const larger = Buffer.allocUnsafe(this.#bytes.length * 2);
    this.#bytes.copy(larger);
    this.#bytes = larger;
  }

  /** Fills the last byte with zeros; returns all bytes. */
  finish(): Buffer {
    if (this.#waiting > 0) this.#put(8 - this.#waiting, 0);
    return this.#bytes.subarray(0, this.#used);
  }
}
