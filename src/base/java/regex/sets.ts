/**
 * Escapes and character classes: what stands for one character. A set is written as the inside of a
 * JavaScript class under flag v.
 */
import { lettersOfRange, sameLetters } from './case.ts';
import type { Cursor, Flags } from './cursor.ts';
import { propertySet } from './properties.ts';

/** What an escape stands for: one character, or the inside of a class. */
export type Escaped = { readonly point: number } | { readonly set: string };

export const LINE_TERMINATORS = '\\n\\r\\u0085\\u2028\\u2029';
const HORIZONTAL = ' \\t\\xa0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000';
const VERTICAL = '\\n\\x0b\\f\\r\\u0085\\u2028\\u2029';

const SETS: Readonly<Record<string, string>> = {
  d: '0-9',
  w: 'a-zA-Z_0-9',
  s: ' \\t\\n\\x0b\\f\\r',
  h: HORIZONTAL,
  v: VERTICAL,
};
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12, a: 7, e: 27 };
const VERTICAL_TAB = 11;

/** A character in a pattern or class of JavaScript. */
export function characterText(point: number): string {
  const plain = point < 128 ? /[A-Za-z0-9_ ]/.test(String.fromCharCode(point)) : false;
  return plain ? String.fromCharCode(point) : `\\u{${point.toString(16)}}`;
}

function isLetter(point: number): boolean {
  return (point >= 65 && point <= 90) || (point >= 97 && point <= 122);
}

/** One character as a set: itself, and under (?i) what it equals. */
export function singleSet(cursor: Cursor, point: number): string {
  const { i, u } = cursor.flags;
  if (!i) return characterText(point);
  if (!u) return isLetter(point) ? characterText(point) + characterText(point ^ 32) : characterText(point);
  const same = sameLetters(point);
  if (same.includes(0xdf))
    cursor.fail('Java takes ß and ẞ for the same under (?iu) in some places only', 'write [ßẞ]');
  return same.map(characterText).join('');
}

function rangeSet({ i, u }: Flags, from: number, to: number): string {
  const plain = `${characterText(from)}-${characterText(to)}`;
  if (!i) return plain;
  if (u) return plain + lettersOfRange(from, to).map(characterText).join('');
  let others = '';
  for (let letter = 65; letter <= 90; letter++) {
    for (const point of [letter, letter + 32]) {
      const other = point ^ 32;
      if (point >= from && point <= to && (other < from || other > to)) others += characterText(other);
    }
  }
  return plain + others;
}

/** An escape, at its backslash. `inRange`: \v is the vertical tab there, as in old versions of Java. */
export function readEscape(cursor: Cursor, inRange = false): Escaped {
  const number = readNumber(cursor);
  if (number !== null) return { point: number };
  const next = cursor.text[cursor.at + 1];
  if (next === undefined)
    cursor.fail('Unexpected end: a backslash stands last', 'double it, or put behind it what it escapes');
  if (next === 'p' || next === 'P') return { set: readProperty(cursor) };
  if (next === 'v' && inRange) {
    cursor.at += 2;
    return { point: VERTICAL_TAB };
  }
  if (Object.hasOwn(SETS, next)) {
    cursor.at += 2;
    return { set: SETS[next]! };
  }
  if (next !== next.toLowerCase() && Object.hasOwn(SETS, next.toLowerCase())) {
    cursor.at += 2;
    return { set: `[^${SETS[next.toLowerCase()]!}]` };
  }
  if (Object.hasOwn(CONTROLS, next)) {
    cursor.at += 2;
    return { point: CONTROLS[next]! };
  }
  if (next === 'N')
    cursor.fail('Characters by name, \\N{…}, are not available', 'write \\x{…} with its number');
  if (/[a-zA-Z1-9]/.test(next))
    cursor.fail(
      'Illegal/unsupported escape sequence',
      'escape only characters that are not letters or digits',
    );
  cursor.at++;
  return { point: cursor.point() };
}

/** \0n \xhh \x{…} \uhhhh \cX, or null. */
function readNumber(cursor: Cursor): number | null {
  const start = cursor.at;
  const match = cursor.take(
    /\\(?:0([0-3]?[0-7]{1,2})|x([0-9a-fA-F]{2})|x\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|c([\s\S]))/y,
  );
  if (match === null) {
    if (/[0xuc]/.test(cursor.text[start + 1] ?? ' '))
      cursor.fail('Illegal octal, hexadecimal or control escape');
    return null;
  }
  const [, octal, two, any, four, control] = match;
  if (octal !== undefined) return Number.parseInt(octal, 8);
  if (control !== undefined) return control.charCodeAt(0) ^ 64;
  let point = Number.parseInt((two ?? any ?? four)!, 16);
  if (point > 0x10ffff) cursor.fail('Hexadecimal code point is too big');
  if (four !== undefined && point >= 0xd800 && point <= 0xdbff) {
    const low = cursor.take(/\\u([dD][c-fC-F][0-9a-fA-F]{2})/y);
    if (low !== null) point = String.fromCharCode(point, Number.parseInt(low[1]!, 16)).codePointAt(0)!;
  }
  if (point >= 0xd800 && point <= 0xdfff)
    cursor.fail('Half a surrogate pair is not available', 'write the whole character');
  return point;
}

function readProperty(cursor: Cursor): string {
  const match = cursor.take(/\\([pP])(?:\{([^}]*)\}|([^{]))/y);
  if (match === null) cursor.fail('Unclosed character family');
  const name = match[2] ?? match[3]!;
  const set = propertySet(name, cursor.flags.i);
  if (set === null)
    cursor.fail(`Unknown character property name {${name}}`, 'use a category, script or POSIX class of Java');
  return match[1] === 'P' ? `[^${set}]` : set;
}

/** A class in brackets, at the first character behind the opening one; returns it with brackets. */
export function readClass(cursor: Cursor): string {
  const negated = cursor.char === '^';
  if (negated) cursor.at++;
  const inside = readUnion(cursor);
  cursor.at++;
  return `[${negated ? '^' : ''}${inside}]`;
}

/** Up to the closing bracket, which stays. The negation of a class holds for its intersections, too. */
function readUnion(cursor: Cursor): string {
  let union = '';
  let intersected = false;
  for (;;) {
    const char = cursor.peek();
    if (char === undefined) cursor.fail('Unclosed character class', 'close it with ]');
    if (char === ']' && union !== '') return union;
    if (char === '[') {
      cursor.at++;
      union += readClass(cursor);
    } else if (isIntersection(cursor)) {
      const right = readRight(cursor);
      union = union === '' ? right : `[[${union}]&&[${right}]]`;
      intersected = true;
    } else if (intersected) {
      // Java 17 adds it to the left of the intersection, too.
      cursor.fail('A single & stands behind an intersection', 'put it in front: [&[a-z&&[^x]]]');
    } else {
      union += readRange(cursor);
    }
  }
}

function isIntersection(cursor: Cursor): boolean {
  if (cursor.char !== '&') return false;
  const start = cursor.at++;
  const two = cursor.peek() === '&';
  if (!two && cursor.at > start + 1)
    cursor.fail('Java takes a blank behind & in a class for something else', 'escape it: \\&');
  cursor.at = two ? cursor.at + 1 : start;
  return two;
}

/** What && takes: nested classes, and, from the first character that is none, all the rest. */
function readRight(cursor: Cursor): string {
  let right = '';
  for (;;) {
    const char = cursor.peek();
    if (char === undefined) cursor.fail('Unclosed character class', 'close it with ]');
    if (char === ']' || char === '&') {
      if (right === '') cursor.fail('Nothing stands behind &&', 'write the class that it intersects with');
      return right;
    }
    if (char === '[') {
      cursor.at++;
      right += readClass(cursor);
    } else {
      right += readUnion(cursor);
    }
  }
}

/** One character of a class, an escape that is a set, or a range. */
function readRange(cursor: Cursor): string {
  let from: number;
  if (cursor.char === '\\') {
    const escaped = readEscape(cursor, cursor.text[cursor.at + 2] === '-');
    if ('set' in escaped) return escaped.set;
    from = escaped.point;
  } else {
    from = cursor.point();
  }
  if (cursor.peek() !== '-') return singleSet(cursor, from);
  const next = cursor.text[cursor.at + 1];
  if (next === '[' || next === ']' || next === undefined) return singleSet(cursor, from);
  cursor.at++;
  const to = cursor.peek() === '\\' ? readEscape(cursor, true) : { point: cursor.point() };
  if (!('point' in to) || to.point < from) cursor.fail('Illegal character range');
  return rangeSet(cursor.flags, from, to.point);
}
