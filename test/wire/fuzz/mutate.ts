/** Bytes that were right, changed in the ways that break decoders. The same number gives the same changes. */

import { wordsOf } from '../../kit/random.ts';

/** Numbers below `end`, from a seed. */
export class Random {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = wordsOf(seed);
  }

  below(end: number): number {
    return this.#next() % end;
  }

  oneOf<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** True once in `n` times. */
  onceIn(n: number): boolean {
    return this.below(n) === 0;
  }
}

const BYTES = [0, 1, 2, 3, 0x0b, 0x0c, 0x0f, 0x1c, 0x7f, 0x80, 0x81, 0xfe, 0xff];
const WORDS = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 65_536, 16_384_001, 0x0c0b0f0d];
const VARINTS = [
  'ffffffff0f',
  'feffffff0f',
  '8080808010',
  'ffffffffffffffffff01',
  '80808080808080808080',
  '01',
  '00',
].map((hex) => Buffer.from(hex, 'hex'));
const CHANGES_MAX = 6;
/** Heads and lengths stand in front more often than not. */
const FRONT_BYTES = 160;

type Change = (bytes: Buffer, at: number, random: Random, other: Buffer) => Buffer;

function splice(bytes: Buffer, from: number, to: number, between: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, from), between, bytes.subarray(to)]);
}

function inPlace(write: (bytes: Buffer, at: number, random: Random) => void): Change {
  return (bytes, at, random) => {
    const copy = Buffer.from(bytes);
    write(copy, at, random);
    return copy;
  };
}

const someOf = (bytes: Buffer, random: Random) => {
  const from = random.below(bytes.length + 1);
  return bytes.subarray(from, from + random.below(64));
};

const CHANGES: readonly Change[] = [
  inPlace((bytes, at, random) => {
    bytes[at] = bytes[at]! ^ (1 << random.below(8));
  }),
  inPlace((bytes, at, random) => {
    bytes[at] = random.oneOf(BYTES);
  }),
  inPlace((bytes, at, random) => {
    bytes[at] = bytes[at]! + random.oneOf([1, -1, 2, -2]);
  }),
  inPlace((bytes, at, random) => {
    if (at + 4 <= bytes.length) bytes.writeInt32BE(random.oneOf(WORDS), at);
  }),
  (bytes, at, random) => splice(bytes, at, at + random.below(2), random.oneOf(VARINTS)),
  (bytes, at, random) => splice(bytes, at, at + random.below(16), Buffer.alloc(0)),
  (bytes, at, random) => splice(bytes, at, at, someOf(bytes, random)),
  (bytes, at, random, other) => splice(bytes, at, at + random.below(64), someOf(other, random)),
  (bytes, at) => bytes.subarray(0, at),
];

/** One of the corpus, changed one to six times. */
export function mutated(corpus: readonly Buffer[], random: Random): Buffer {
  let bytes = random.oneOf(corpus);
  for (let n = 1 + random.below(CHANGES_MAX); n > 0; n--) {
    const end = random.onceIn(2) ? Math.min(bytes.length, FRONT_BYTES) : bytes.length;
    const at = end === 0 ? 0 : random.below(end);
    bytes = random.oneOf(CHANGES)(bytes, at, random, random.oneOf(corpus));
  }
  return bytes;
}

/** The same bytes as they may come: in one to four pieces of memory of their own. */
export function inPieces(bytes: Buffer, random: Random): Buffer[] {
  const places = Array.from({ length: random.below(4) }, () => random.below(bytes.length + 1));
  const ends = [...places, bytes.length].sort((a, b) => a - b);
  return ends.map((end, n) => Buffer.from(bytes.subarray(n === 0 ? 0 : ends[n - 1], end)));
}
