/** Reads bzip2 streams, one behind the other, plainly and slowly; checks every number that can be checked. */
import assert from 'node:assert/strict';

const BLOCK_MARK = 0x314159265359;
const END_MARK = 0x177245385090;
const GROUP_SYMBOLS = 50;
const LENGTH_MAX = 20;

class Bits {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  bit(): number {
    const byte = this.#bytes[this.#at >> 3];
    assert.ok(byte !== undefined, 'the stream ends in the middle');
    return (byte >> (7 - (this.#at++ & 7))) & 1;
  }

  take(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + this.bit();
    return value;
  }

  toByte(): void {
    this.#at = Math.ceil(this.#at / 8) * 8;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length * 8;
  }
}

export function bunzip2(bytes: Uint8Array): Buffer {
  const bits = new Bits(bytes);
  const out: Buffer[] = [];
  do {
    assert.equal(bits.take(24), 0x425a68, 'BZh');
    const blockBytesMax = (bits.take(8) - 0x30) * 100_000;
    let crcs = 0;
    let mark = bits.take(48);
    for (; mark === BLOCK_MARK; mark = bits.take(48)) {
      const crc = bits.take(32);
      const block = readBlock(bits, blockBytesMax);
      assert.equal(crcOf(block), crc, 'the CRC of a block');
      crcs = (((crcs << 1) | (crcs >>> 31)) ^ crc) >>> 0;
      out.push(block);
    }
    assert.equal(mark, END_MARK);
    assert.equal(bits.take(32), crcs, 'the CRC over all blocks');
    bits.toByte();
  } while (!bits.atEnd);
  return Buffer.concat(out);
}

function readBlock(bits: Bits, bytesMax: number): Buffer {
  assert.equal(bits.bit(), 0, 'not randomised');
  const origin = bits.take(24);
  const present = readByteMap(bits);
  const sorted = fromFront(readSymbols(bits, present.length + 2), present);
  assert.ok(sorted.length <= bytesMax && origin < sorted.length, `a block of ${sorted.length} bytes`);
  return joinRuns(unsort(sorted, origin));
}

function readByteMap(bits: Bits): number[] {
  const rows = Array.from({ length: 16 }, () => bits.bit());
  const present: number[] = [];
  rows.forEach((row, high) => {
    for (let low = 0; row === 1 && low < 16; low++) if (bits.bit() === 1) present.push(high * 16 + low);
  });
  return present;
}

/** The symbols up to the end mark. */
function readSymbols(bits: Bits, kinds: number): number[] {
  const tables = bits.take(3);
  assert.ok(tables >= 2 && tables <= 6, `${tables} tables`);
  const order = Array.from({ length: tables }, (_, table) => table);
  const choices = Array.from({ length: bits.take(15) }, () => {
    let place = 0;
    while (bits.bit() === 1) place++;
    order.unshift(...order.splice(place, 1));
    return order[0]!;
  });
  const codes = Array.from({ length: tables }, () => readCodes(bits, kinds));
  const symbols: number[] = [];
  for (;;) {
    const table = choices[Math.floor(symbols.length / GROUP_SYMBOLS)];
    assert.ok(table !== undefined, 'a group has its table');
    const symbol = readSymbol(bits, codes[table]!);
    if (symbol === kinds - 1) {
      assert.equal(choices.length, Math.floor(symbols.length / GROUP_SYMBOLS) + 1);
      return symbols;
    }
    symbols.push(symbol);
  }
}

/** Symbol by its code with a 1 in front. */
function readCodes(bits: Bits, kinds: number): Map<number, number> {
  let length = bits.take(5);
  const lengths = Array.from({ length: kinds }, () => {
    while (bits.bit() === 1) length += bits.bit() === 1 ? -1 : 1;
    assert.ok(length >= 1 && length <= LENGTH_MAX, `a code of ${length} bits`);
    return length;
  });
  const codes = new Map<number, number>();
  let code = 0;
  for (let wanted = 1; wanted <= LENGTH_MAX; wanted++) {
    lengths.forEach((own, symbol) => {
      if (own === wanted) codes.set(2 ** wanted + code++, symbol);
    });
    assert.ok(code <= 2 ** wanted, 'codes of a length fit');
    code *= 2;
  }
  return codes;
}

function readSymbol(bits: Bits, codes: Map<number, number>): number {
  for (let code = 1, length = 0; length <= LENGTH_MAX; length++) {
    code = code * 2 + bits.bit();
    const symbol = codes.get(code);
    if (symbol !== undefined) return symbol;
  }
  assert.fail('no such code');
}

function fromFront(symbols: readonly number[], present: readonly number[]): Uint8Array {
  const order = [...present];
  const out: number[] = [];
  let weight = 1;
  for (const symbol of symbols) {
    if (symbol <= 1) {
      for (let i = weight * (symbol + 1); i > 0; i--) out.push(order[0]!);
      weight *= 2;
      continue;
    }
    weight = 1;
    order.unshift(...order.splice(symbol - 1, 1));
    out.push(order[0]!);
  }
  return Uint8Array.from(out);
}

function unsort(lasts: Uint8Array, origin: number): Uint8Array {
  const starts = new Uint32Array(257);
  for (const byte of lasts) starts[byte + 1]!++;
  for (let byte = 0; byte < 256; byte++) starts[byte + 1]! += starts[byte]!;
  const next = new Uint32Array(lasts.length);
  lasts.forEach((byte, i) => {
    next[starts[byte]!++] = i;
  });
  let at = next[origin]!;
  return Uint8Array.from(lasts, () => {
    const byte = lasts[at]!;
    at = next[at]!;
    return byte;
  });
}

function joinRuns(bytes: Uint8Array): Buffer {
  const out: number[] = [];
  let run = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    run = byte === bytes[i - 1] && run > 0 ? run + 1 : 1;
    out.push(byte);
    if (run < 4) continue;
    run = 0;
    i++;
    assert.ok(i < bytes.length, 'a run has its number');
    for (let more = bytes[i]!; more > 0; more--) out.push(byte);
  }
  return Buffer.from(out);
}

function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return ~crc >>> 0;
}
