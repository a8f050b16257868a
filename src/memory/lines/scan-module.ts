/**
 * A WebAssembly module that finds line ends, 16 bytes a step: JavaScript needs a call into the runtime for
 * every line. It works on a memory that it is given: what is searched is read into that (`line-memory.ts`).
 *
 *     scan(from, to, shift, lineStart, dropsReturn) → count
 *
 * `from` and `to` are addresses, `lineStart` is the start of the line that goes on at `from`. What it writes
 * is moved by `shift`, as `lineStart` is already: at STARTS the start of every line that ends in the range,
 * and behind them of the one that goes on; at LENGTHS their lengths without `\n` and, with `dropsReturn` 1,
 * without a `\r` before it. Up to 15 bytes behind `to` are read, and ignored.
 *
 * The module is assembled here from the few instructions it needs (WebAssembly Core 2.0, §5.4).
 */

export const PAGE_BYTES = 65_536;
/** Longest range of one call: each of its bytes may be a line end. */
export const SCAN_BYTES_MAX = 65_536;
const TABLE_BYTES = (SCAN_BYTES_MAX + 1) * 4;
/** Where the tables are, and where the bytes to be searched begin. */
export const STARTS = 0;
export const LENGTHS = TABLE_BYTES;
export const DATA = Math.ceil((2 * TABLE_BYTES) / PAGE_BYTES) * PAGE_BYTES;

type Code = readonly number[];

const I32 = 0x7f;
const V128 = 0x7b;
const NEWLINE = 10;
const RETURN = 13;
const STEP = 16;

/** A positive number in the format's variable length; a signed one has bit 6 of its last byte clear. */
function leb(value: number, signed: boolean): Code {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = rest & 0x7f;
    rest >>>= 7;
    if (rest === 0 && !(signed && low & 0x40)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

const u32 = (value: number) => leb(value, false);
const vector = (items: readonly Code[]) => [...u32(items.length), ...items.flat()];
const section = (id: number, content: Code) => [id, ...u32(content.length), ...content];
const name = (text: string) => [...u32(text.length), ...Buffer.from(text, 'latin1')];

const get = (local: number) => [0x20, local];
const set = (local: number) => [0x21, local];
const tee = (local: number) => [0x22, local];
const constant = (value: number) => [0x41, ...leb(value, true)];
/** Of a label, counted from the innermost. */
const branchIf = (label: number) => [0x0d, label];
const block = (...body: Code[]) => [0x02, 0x40, ...body.flat(), 0x0b];
const loop = (...body: Code[]) => [0x03, 0x40, ...body.flat(), 0x0b];
const when = (...body: Code[]) => [0x04, 0x40, ...body.flat(), 0x0b];
const store = (offset: number) => [0x36, 2, ...u32(offset)];
const load8 = [0x2d, 0, 0];
const isZero = [0x45];
const isEqual = [0x46];
const isLess = [0x49];
const countTrailingZeros = [0x68];
const add = [0x6a];
const subtract = [0x6b];
const and = [0x71];
const shiftLeft = [0x74];
const shiftRight = [0x76];
const loadVector = [0xfd, 0, 0, 0];
const splat = [0xfd, 0x0f];
const equalBytes = [0xfd, 0x23];
const bitmask = [0xfd, ...u32(0x64)];

const FROM = 0;
const TO = 1;
const SHIFT = 2;
const LINE_START = 3;
const DROPS_RETURN = 4;
const MASK = 5;
/** Offset in either table. */
const ENTRY = 6;
const END = 7;
const LENGTH = 8;
const NEWLINES = 9;

const dropReturn = when(
  [...get(END), ...constant(1), ...subtract, ...load8, ...constant(RETURN), ...isEqual],
  [...get(DROPS_RETURN), ...and],
  when([...get(LENGTH), ...constant(1), ...subtract, ...set(LENGTH)]),
);

const addLine = [
  ...[...get(FROM), ...get(MASK), ...countTrailingZeros, ...add, ...set(END)],
  ...[...get(END), ...get(SHIFT), ...add, ...get(LINE_START), ...subtract, ...tee(LENGTH)],
  ...dropReturn,
  ...[...get(ENTRY), ...get(LINE_START), ...store(STARTS)],
  ...[...get(ENTRY), ...get(LENGTH), ...store(LENGTHS)],
  ...[...get(ENTRY), ...constant(4), ...add, ...set(ENTRY)],
  ...[...get(END), ...get(SHIFT), ...add, ...constant(1), ...add, ...set(LINE_START)],
];

const lowestOff = [...get(MASK), ...get(MASK), ...constant(1), ...subtract, ...and, ...tee(MASK)];

const maskTail = when(
  [...get(MASK), ...constant(1), ...get(TO), ...get(FROM), ...subtract, ...shiftLeft],
  [...constant(1), ...subtract, ...and, ...set(MASK)],
);

const scan = [
  ...[...constant(NEWLINE), ...splat, ...set(NEWLINES)],
  ...loop(
    [...get(FROM), ...loadVector, ...get(NEWLINES), ...equalBytes, ...bitmask, ...set(MASK)],
    [...get(TO), ...get(FROM), ...subtract, ...constant(STEP), ...isLess, ...maskTail],
    block([...get(MASK), ...isZero, ...branchIf(0)], loop(addLine, lowestOff, branchIf(0))),
    [...get(FROM), ...constant(STEP), ...add, ...tee(FROM), ...get(TO), ...isLess, ...branchIf(0)],
  ),
  ...[...get(ENTRY), ...get(LINE_START), ...store(STARTS)],
  ...[...get(ENTRY), ...constant(2), ...shiftRight],
];

/** Imports its memory as `js.memory` and exports `scan`. */
export function scanModule(): Uint8Array<ArrayBuffer> {
  const locals = vector([
    [4, I32],
    [1, V128],
  ]);
  const body = [...locals, ...scan, 0x0b];
  return Uint8Array.from([
    ...[0, ...Buffer.from('asm', 'latin1'), 1, 0, 0, 0],
    ...section(1, vector([[0x60, ...vector(Array.from({ length: 5 }, () => [I32])), ...vector([[I32]])]])),
    ...section(2, vector([[...name('js'), ...name('memory'), 2, 0, ...u32(DATA / PAGE_BYTES)]])),
    ...section(3, vector([[0]])),
    ...section(7, vector([[...name('scan'), 0, 0]])),
    ...section(10, vector([[...u32(body.length), ...body]])),
  ]);
}
