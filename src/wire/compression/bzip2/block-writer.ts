/**
 * Writes a sorted block: bytes are moved to the front, so that near repeats are small numbers; runs of zeros
 * are numbers in base two (digits 1 and 2, the lowest first); what results is written in up to six Huffman
 * codes, the best one for each fifty symbols.
 */
import type { BitWriter } from './bit-writer.ts';
import type { SortedBlock } from './block-sort.ts';
import { codesOf, lengthsOf } from './huffman.ts';

const RUN_ONE = 0;
const RUN_TWO = 1;
const GROUP_SYMBOLS = 50;
const TABLES_MIN = 2;
/** A table more for each of these numbers of symbols that is reached. */
const TABLE_STEPS = [200, 600, 1200, 2400];
const ROUNDS = 4;
/** Cost of a symbol in a table that does not expect it, before the tables are made of real counts. */
const UNEXPECTED_BITS = 15;

interface Symbols {
  /** Ends with the end mark. */
  readonly values: Uint16Array;
  /** Number of different ones that there may be. */
  readonly kinds: number;
}

export function writeBlock({ lasts, origin }: SortedBlock, out: BitWriter): void {
  out.bits(1, 0);
  out.bits(24, origin);
  const present = presentBytes(lasts);
  writeByteMap(present, out);
  const symbols = moveToFront(lasts, present);
  const { tables, choices } = chooseTables(symbols);
  out.bits(3, tables.length);
  writeChoices(choices, tables.length, out);
  for (const lengths of tables) writeLengths(lengths, out);
  writeSymbols(symbols.values, tables, choices, out);
}

/** The different bytes, in order. */
function presentBytes(bytes: Uint8Array): Uint8Array {
  const isPresent = new Uint8Array(256);
  for (let i = 0; i < bytes.length; i++) isPresent[bytes[i]!] = 1;
  const present: number[] = [];
  for (let byte = 0; byte < 256; byte++) if (isPresent[byte] === 1) present.push(byte);
  return Uint8Array.from(present);
}

/** A bit for each sixteen bytes, and for those with any a bit for each byte. */
function writeByteMap(present: Uint8Array, out: BitWriter): void {
  const rows = new Uint16Array(16);
  for (const byte of present) rows[byte >> 4]! |= 0x8000 >> (byte & 15);
  for (const row of rows) out.bits(1, row === 0 ? 0 : 1);
  for (const row of rows) if (row !== 0) out.bits(16, row);
}

function moveToFront(bytes: Uint8Array, present: Uint8Array): Symbols {
  const order = Uint8Array.from(present);
  const values = new Uint16Array(bytes.length + 1);
  let used = 0;
  let zeros = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    let moved = order[0]!;
    if (moved === byte) {
      zeros++;
      continue;
    }
    used = putZeros(zeros, values, used);
    zeros = 0;
    let place = 0;
    while (moved !== byte) {
      place++;
      const next = order[place]!;
      order[place] = moved;
      moved = next;
    }
    order[0] = byte;
    values[used++] = place + 1;
  }
  used = putZeros(zeros, values, used);
  values[used++] = present.length + 1;
  return { values: values.subarray(0, used), kinds: present.length + 2 };
}

function putZeros(count: number, values: Uint16Array, at: number): number {
  let used = at;
  for (let rest = count; rest > 0; rest = (rest - 1) >> 1)
    values[used++] = (rest & 1) === 1 ? RUN_ONE : RUN_TWO;
  return used;
}

interface Tables {
  /** Of each table the code lengths of all symbols. */
  readonly tables: readonly Uint8Array[];
  /** The table of each group. */
  readonly choices: Uint8Array;
}

/** Starts with a table for each part of the symbols, and makes them anew of the groups that chose them. */
function chooseTables({ values, kinds }: Symbols): Tables {
  const count = TABLES_MIN + TABLE_STEPS.filter((step) => values.length >= step).length;
  const choices = new Uint8Array(Math.ceil(values.length / GROUP_SYMBOLS));
  let tables = firstTables(values, kinds, count);
  for (let round = 0; round < ROUNDS; round++) {
    const counts = Array.from({ length: count }, () => new Uint32Array(kinds));
    for (let group = 0; group < choices.length; group++) {
      const from = group * GROUP_SYMBOLS;
      const to = Math.min(from + GROUP_SYMBOLS, values.length);
      const best = cheapest(tables, values, from, to);
      choices[group] = best;
      const own = counts[best]!;
      for (let i = from; i < to; i++) own[values[i]!]!++;
    }
    tables = counts.map(lengthsOf);
  }
  return { tables, choices };
}

/** Symbols are divided by value, so that each part has about as many occurrences. */
function firstTables(values: Uint16Array, kinds: number, count: number): Uint8Array[] {
  const occurrences = new Uint32Array(kinds);
  for (let i = 0; i < values.length; i++) occurrences[values[i]!]!++;
  const tables = Array.from({ length: count }, () => new Uint8Array(kinds).fill(UNEXPECTED_BITS));
  let sum = 0;
  for (let symbol = 0; symbol < kinds; symbol++) {
    const part = Math.min(count - 1, Math.floor((sum * count) / values.length));
    tables[part]![symbol] = 0;
    sum += occurrences[symbol]!;
  }
  return tables;
}

function cheapest(tables: readonly Uint8Array[], values: Uint16Array, from: number, to: number): number {
  let best = 0;
  let bestBits = Number.POSITIVE_INFINITY;
  for (let t = 0; t < tables.length; t++) {
    const lengths = tables[t]!;
    let bits = 0;
    for (let i = from; i < to; i++) bits += lengths[values[i]!]!;
    if (bits < bestBits) {
      best = t;
      bestBits = bits;
    }
  }
  return best;
}

/** As many ones as the table is far from the front, and a zero. */
function writeChoices(choices: Uint8Array, tables: number, out: BitWriter): void {
  out.bits(15, choices.length);
  const order = Array.from({ length: tables }, (_, table) => table);
  for (const table of choices) {
    const place = order.indexOf(table);
    order.splice(place, 1);
    order.unshift(table);
    for (let i = 0; i < place; i++) out.bits(1, 1);
    out.bits(1, 0);
  }
}

/** The first length, then for each symbol the steps up (10) and down (11) to its own, and a zero. */
function writeLengths(lengths: Uint8Array, out: BitWriter): void {
  let current = lengths[0]!;
  out.bits(5, current);
  for (const length of lengths) {
    for (; current < length; current++) out.bits(2, 0b10);
    for (; current > length; current--) out.bits(2, 0b11);
    out.bits(1, 0);
  }
}

function writeSymbols(
  values: Uint16Array,
  tables: readonly Uint8Array[],
  choices: Uint8Array,
  out: BitWriter,
): void {
  const codes = tables.map(codesOf);
  for (let i = 0; i < values.length; i++) {
    const table = choices[Math.floor(i / GROUP_SYMBOLS)]!;
    const symbol = values[i]!;
    out.bits(tables[table]![symbol]!, codes[table]![symbol]!);
  }
}
