/** The pattern language of java.util.regex as a tree of nodes. */
import { Cursor, type Flags } from './cursor.ts';
import { childrenOf, type Mode, type Node } from './nodes.ts';
import { characterText, LINE_TERMINATORS, readClass, readEscape, singleSet } from './sets.ts';

export interface Parsed {
  readonly root: Node;
  readonly groupCount: number;
  readonly names: ReadonlyMap<string, number>;
}

const START = '(?<![^])';
const END = '(?![^])';
const NEVER: Node = { kind: 'assert', text: '(?!)' };
const REPEAT_MAX = 2 ** 31 - 1;

/**
 * A word in the sense of \b: letters and digits of all scripts (as in Java before 19), `_`, and marks
 * behind a letter or digit. Java looks for that letter by chars, so none beyond U+FFFF counts.
 */
const BASE = '[[\\p{L}\\p{Nd}]&&[\\x00-\\uffff]]';
const MARK = '[\\p{Mn}&&[\\x00-\\uffff]]';
const WORD_BEFORE = `[\\p{L}\\p{Nd}_]|${BASE}${MARK}+`;
const WORD_BEHIND = `[\\p{L}\\p{Nd}_]|\\p{Mn}(?<=${BASE}${MARK}*\\p{Mn})`;
const BOUNDARY = `(?:(?<=${WORD_BEFORE})(?!${WORD_BEHIND})|(?<!${WORD_BEFORE})(?=${WORD_BEHIND}))`;
const NO_BOUNDARY = `(?:(?<=${WORD_BEFORE})(?=${WORD_BEHIND})|(?<!${WORD_BEFORE})(?!${WORD_BEHIND}))`;

/**
 * \R: CR LF, but a lone CR when what follows demands it. Repeated, Java does not try the second again. (A
 * group around it loses the second try in some repetitions, and keeps it in others: those are refused.)
 */
const LINE_BREAK: Node = lineBreak('\\r');
const REPEATED_LINE_BREAK: Node = lineBreak('\\r(?!\\n)');

function lineBreak(carriageReturn: string): Node {
  const set = (text: string): Node => ({ kind: 'set', text });
  return {
    kind: 'choice',
    options: [
      { kind: 'sequence', items: [set('\\r'), set('\\n')] },
      set(carriageReturn),
      set('[\\n\\x0b\\f\\u0085\\u2028\\u2029]'),
    ],
  };
}

function holdsLineBreak(node: Node): boolean {
  return node === LINE_BREAK || childrenOf(node).some(holdsLineBreak);
}

function assertion(text: string): Node {
  return { kind: 'assert', text };
}

function dot({ s, d }: Flags): Node {
  if (s) return { kind: 'set', text: '[^]' };
  return { kind: 'set', text: d ? '[^\\n]' : `[^${LINE_TERMINATORS}]` };
}

function caret({ m, d }: Flags): Node {
  if (!m) return assertion(START);
  // Never at the end of the text, not even when it is empty.
  return assertion(
    d ? `(?:(?<=\\n)|${START})(?=[^])` : `(?:(?<=[\\n\\u0085\\u2028\\u2029]|\\r(?!\\n))|${START})(?=[^])`,
  );
}

/** The end, or in front of a line terminator there; `\Z` is the same without flag m. */
function dollar({ m, d }: { readonly m: boolean; readonly d: boolean }): Node {
  if (d) return assertion(m ? `(?=\\n|${END})` : `(?=\\n?${END})`);
  const terminator = '(?:\\r\\n?|(?<!\\r)\\n|[\\u0085\\u2028\\u2029])';
  return assertion(m ? `(?:${END}|(?=${terminator}))` : `(?=${terminator}?${END})`);
}

class Parser {
  readonly #cursor: Cursor;
  #groupCount = 0;
  readonly #names = new Map<string, number>();

  constructor(source: string) {
    this.#cursor = new Cursor(source);
  }

  parse(): Parsed {
    const root = this.#choice();
    if (this.#cursor.at < this.#cursor.text.length)
      this.#cursor.fail("Unmatched closing ')'", 'escape it: \\)');
    return { root, groupCount: this.#groupCount, names: this.#names };
  }

  #choice(): Node {
    const options = [this.#sequence()];
    while (this.#cursor.peek() === '|') {
      this.#cursor.at++;
      options.push(this.#sequence());
    }
    return options.length === 1 ? options[0]! : { kind: 'choice', options };
  }

  #sequence(): Node {
    const items: Node[] = [];
    for (;;) {
      const char = this.#cursor.peek();
      if (char === undefined || char === '|' || char === ')') break;
      const atom = this.#atom(char);
      if (atom !== null) items.push(this.#quantified(atom));
    }
    return items.length === 1 ? items[0]! : { kind: 'sequence', items };
  }

  /** Null for inline flags, which change what follows up to the end of their group. */
  #atom(char: string): Node | null {
    const cursor = this.#cursor;
    switch (char) {
      case '(':
        return this.#group();
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        return cursor.fail(`Dangling meta character '${char}'`, `escape it: \\${char}`);
      case '{':
        return cursor.fail('Illegal repetition: nothing to repeat', 'escape the brace: \\{');
    }
    if (char === '[') {
      cursor.at++;
      return { kind: 'set', text: readClass(cursor) };
    }
    const node = char === '.' ? dot(cursor.flags) : char === '^' ? caret(cursor.flags) : null;
    if (node === null && char !== '$') return this.#character(cursor.point());
    cursor.at++;
    return node ?? dollar(cursor.flags);
  }

  #character(point: number): Node {
    const set = singleSet(this.#cursor, point);
    return { kind: 'set', text: set === characterText(point) ? set : `[${set}]` };
  }

  #quantified(body: Node): Node {
    const cursor: Cursor = this.#cursor;
    const char = cursor.peek();
    let min = char === '+' ? 1 : 0;
    let max = char === '?' ? 1 : Number.POSITIVE_INFINITY;
    if (char === '{') {
      const match = cursor.take(/\{(\d+)(?:(,)(\d*))?\}/y);
      if (match === null) cursor.fail('Illegal repetition', 'escape the brace: \\{');
      min = Number(match[1]);
      if (match[2] === undefined) max = min;
      else if (match[3] !== '') max = Number(match[3]);
      if (max < min || min > REPEAT_MAX || (max > REPEAT_MAX && match[3] !== ''))
        cursor.fail('Illegal repetition range');
    } else if (char === '*' || char === '+' || char === '?') {
      cursor.at++;
    } else {
      return body;
    }
    const next = cursor.peek();
    const mode: Mode = next === '?' ? 'lazy' : next === '+' ? 'possessive' : 'greedy';
    if (mode !== 'greedy') cursor.at++;
    if (cursor.peek() === '{')
      cursor.fail('A second {…} repeats nothing in Java', 'put what it repeats into (?:…)');
    if (body === LINE_BREAK) return { kind: 'repeat', body: REPEATED_LINE_BREAK, min, max, mode };
    if (char !== '?' && holdsLineBreak(body))
      cursor.fail(
        '\\R in a group that is repeated is not available',
        'write (?>\\R) or list the line ends: (?:\\r?\\n)',
      );
    return { kind: 'repeat', body, min, max, mode };
  }

  #group(): Node | null {
    const cursor = this.#cursor;
    cursor.at++;
    const outer = cursor.flags;
    // A group within (?:…) is not repeated itself: the sequence keeps them apart.
    let wrap = (body: Node): Node => (body.kind === 'group' ? { kind: 'sequence', items: [body] } : body);
    if (cursor.peek() !== '?') {
      wrap = this.#capture();
    } else {
      const look = cursor.take(/\?(<?)([=!])/y);
      const named = look === null ? cursor.take(/\?<([a-zA-Z][a-zA-Z0-9]*)>/y) : null;
      if (look !== null) {
        const [, behind, sign] = look;
        wrap = (body) => ({ kind: 'look', ahead: behind === '', negated: sign === '!', body });
      } else if (named !== null) {
        const name = named[1]!;
        if (this.#names.has(name)) cursor.fail(`Named capturing group <${name}> is already defined`);
        wrap = this.#capture();
        this.#names.set(name, this.#groupCount);
      } else if (cursor.take(/\?>/y) !== null) {
        wrap = (body) => ({ kind: 'atomic', body });
      } else if (this.#inlineFlags() === ')') {
        return null;
      }
    }
    const body = this.#choice();
    if (cursor.char !== ')') cursor.fail('Unclosed group', 'close it with )');
    cursor.at++;
    cursor.flags = outer;
    return wrap(body);
  }

  #capture(): (body: Node) => Node {
    const number = ++this.#groupCount;
    return (body) => ({ kind: 'group', number, body });
  }

  /** `?i-s:` or `?i-s)`: changes the flags and returns what ended them. */
  #inlineFlags(): string {
    const cursor: Cursor = this.#cursor;
    const match = cursor.take(/\?([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])/y);
    if (match === null) cursor.fail('Unknown group type or inline modifier');
    const flags: Record<string, boolean> = { ...cursor.flags };
    for (const [letters, value] of [
      [match[1]!, true],
      [match[2] ?? '', false],
    ] as const) {
      for (const letter of letters) {
        if (letter === 'U')
          cursor.fail('Flag U is not available', 'use (?u) for letter case and \\p{L}, \\p{Nd} and the like');
        if (letter === 'c') cursor.fail('Flag c (canonical equivalence) is not available', 'leave it out');
        if (!Object.hasOwn(flags, letter)) cursor.fail(`Unknown inline modifier ${letter}`);
        flags[letter] = value;
      }
    }
    cursor.flags = flags as unknown as Flags;
    return match[3]!;
  }

  #escape(): Node {
    const cursor = this.#cursor;
    const next = cursor.text[cursor.at + 1] ?? '';
    const fixed: Readonly<Record<string, () => Node>> = {
      A: () => assertion(START),
      z: () => assertion(END),
      Z: () => dollar({ m: false, d: cursor.flags.d }),
      B: () => assertion(NO_BOUNDARY),
      R: () => LINE_BREAK,
      b: () => assertion(BOUNDARY),
    };
    if (next === 'b' && cursor.text[cursor.at + 2] === '{')
      cursor.fail('\\b{…} is not available', 'write the pattern without it');
    if (Object.hasOwn(fixed, next)) {
      cursor.at += 2;
      return fixed[next]!();
    }
    if (next === 'G')
      cursor.fail('\\G (end of the previous match) is not available', 'write the pattern without it');
    if (next === 'X')
      cursor.fail('\\X (what is seen as one character) is not available', 'write \\P{M}\\p{M}*');
    if (next === 'k' || /^[1-9]$/.test(next)) return this.#reference();
    const escaped = readEscape(cursor);
    return 'set' in escaped ? { kind: 'set', text: `[${escaped.set}]` } : this.#character(escaped.point);
  }

  /** \11 is group 11 when there are that many groups so far, else group 1 and a 1. */
  #reference(): Node {
    const cursor: Cursor = this.#cursor;
    let number: number;
    const named = cursor.take(/\\k<([a-zA-Z][a-zA-Z0-9]*)>/y);
    if (named !== null) {
      number =
        this.#names.get(named[1]!) ?? cursor.fail(`Named capturing group <${named[1]}> does not exist`);
    } else {
      if (cursor.text[cursor.at + 1] === 'k') cursor.fail('\\k is not followed by <name>');
      number = Number(cursor.text[cursor.at + 1]);
      cursor.at += 2;
      for (let digit = cursor.char; digit !== undefined && /\d/.test(digit); digit = cursor.char) {
        if (number * 10 + Number(digit) > this.#groupCount) break;
        number = number * 10 + Number(digit);
        cursor.at++;
      }
    }
    if (number > this.#groupCount) return NEVER;
    if (cursor.flags.i)
      cursor.fail(
        'A back reference under (?i) is not available',
        'switch the flag off around it: (?-i:\\1), or repeat the part of the pattern',
      );
    return { kind: 'reference', number };
  }
}

/** @throws MillraceError CONF_OPTION_VALUE for what Java refuses and what cannot be translated. */
export function parsePattern(source: string): Parsed {
  return new Parser(source).parse();
}
