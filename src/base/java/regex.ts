/**
 * java.util.regex patterns as JavaScript ones.
 *
 * Translated: possessive quantifiers and atomic groups (by a look-ahead that is matched back), inline flags i
 * s m x d u, POSIX and java character classes, class union and intersection, \Q…\E, \A \z \Z \h \v \R \X \e
 * \a \cX \0n \x{…}, named groups, Java's line terminators for `.`, `^` and `$`. Refused with a clear error:
 * \G, and what Java itself refuses. The result always has flag v (sets, code points) and d where groups are
 * used; \w \d \s \b are ASCII, as in Java. Source: the documentation of java.util.regex.Pattern (Java 17).
 */
import { MillraceError } from '../errors.ts';

const LINE_TERMINATORS = '\\n\\r\\u0085\\u2028\\u2029';

/** Inside of a character class, without brackets. */
const PROPERTIES: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  ASCII: '\\x00-\\x7f',
  Alpha: 'A-Za-z',
  Digit: '0-9',
  Alnum: 'A-Za-z0-9',
  Punct: '!-\\/\\:-@\\[-`\\{-~',
  Graph: '!-~',
  Print: ' -~',
  Blank: ' \\t',
  Cntrl: '\\x00-\\x1f\\x7f',
  XDigit: '0-9a-fA-F',
  Space: ' \\t\\n\\x0b\\f\\r',
  javaLowerCase: '\\p{Lowercase}',
  javaUpperCase: '\\p{Uppercase}',
  javaWhitespace: '\\t-\\r\\x1c-\\x1f\\p{Z}--[\\xa0\\u2007\\u202f]',
  javaMirrored: '\\p{Bidi_Mirrored}',
  javaLetter: '\\p{L}',
  javaDigit: '\\p{Nd}',
  javaLetterOrDigit: '\\p{L}\\p{Nd}',
  javaAlphabetic: '\\p{Alphabetic}',
  L1: '\\x00-\\xff',
};

interface Flags {
  i: boolean;
  s: boolean;
  m: boolean;
  x: boolean;
  d: boolean;
}

class Translator {
  readonly #source: string;
  #at = 0;
  /** Groups of the Java pattern, and of the result (which has more: those of possessive quantifiers). */
  #javaGroups = 0;
  #groups = 0;
  /** Number in the result of each Java group. */
  readonly numbers: number[] = [0];
  readonly names = new Map<string, number>();

  constructor(source: string) {
    this.#source = source;
  }

  fail(what: string, remedy = 'correct the pattern'): never {
    throw new MillraceError(
      'CONF_OPTION_VALUE',
      `${what} near index ${this.#at} in the pattern ${this.#source}`,
      {
        value: this.#source,
        remedy,
      },
    );
  }

  translate(): string {
    const result = this.#alternatives({ i: false, s: false, m: false, x: false, d: false });
    if (this.#at < this.#source.length) this.fail("Unmatched closing ')'");
    return result;
  }

  /** Up to the end or the closing bracket of a group. Flags set inside hold until there. */
  #alternatives(outer: Flags): string {
    const flags = { ...outer };
    const source = this.#source;
    let result = '';
    /** Inline flags open a group of the result that is closed with the Java group. */
    let open = 0;
    while (this.#at < source.length && source[this.#at] !== ')') {
      if (source[this.#at] === '|') {
        this.#at++;
        // The flags hold for the alternatives behind, too, each in a scope of its own.
        result += `${')'.repeat(open)}|`;
        open = 0;
        if (flags.i !== outer.i) {
          result += flags.i ? '(?i:' : '(?-i:';
          open = 1;
        }
        continue;
      }
      const inline = this.#inlineFlags(flags);
      if (inline !== null) {
        if (inline !== '') {
          result += inline;
          open++;
        }
        continue;
      }
      if (flags.x && this.#skipComment()) continue;
      result += this.#quantified(flags);
    }
    return result + ')'.repeat(open);
  }

  #skipComment(): boolean {
    const char = this.#source[this.#at]!;
    if (/\s/.test(char)) {
      this.#at++;
      return true;
    }
    if (char !== '#') return false;
    const end = this.#source.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.#source.length : end + 1;
    return true;
  }

  /** `(?im-s)`: changes `flags`; returns what opens their scope, null when there are no inline flags here. */
  #inlineFlags(flags: Flags): string | null {
    const match = /^\(\?([a-zA-Z]*)(?:-([a-zA-Z]+))?\)/.exec(this.#source.slice(this.#at, this.#at + 32));
    if (match === null) return null;
    const before = flags.i;
    this.#setFlags(flags, match[1]!, match[2] ?? '');
    this.#at += match[0].length;
    if (flags.i === before) return '';
    return flags.i ? '(?i:' : '(?-i:';
  }

  #setFlags(flags: Flags, on: string, off: string): void {
    for (const [letters, value] of [
      [on, true],
      [off, false],
    ] as const) {
      for (const letter of letters) {
        if (letter === 'i' || letter === 's' || letter === 'm' || letter === 'x' || letter === 'd')
          flags[letter] = value;
        else if (letter !== 'u' && letter !== 'U') this.fail(`Unknown inline modifier ${letter}`);
      }
    }
  }

  /** One atom with its quantifier. */
  #quantified(flags: Flags): string {
    const groupsBefore = this.#groups;
    const javaBefore = this.#javaGroups;
    const start = this.#at;
    let atom = this.#atom(flags);
    for (;;) {
      const match = /^(?:[*+?]|\{\d+(?:,\d*)?\})/.exec(this.#source.slice(this.#at));
      if (match === null) {
        if (this.#source[this.#at] === '{') this.fail('Illegal repetition', 'escape the brace: \\{');
        return atom;
      }
      if (start === this.#at)
        this.fail(`Dangling meta character '${match[0][0]}'`, 'escape it, or put what is repeated before it');
      this.#at += match[0].length;
      const next = this.#source[this.#at];
      if (next === '?') {
        this.#at++;
        atom = `${wrap(atom)}${match[0]}?`;
      } else if (next === '+') {
        this.#at++;
        atom = this.#atomic(`${wrap(atom)}${match[0]}`, groupsBefore, javaBefore);
      } else {
        atom = `${wrap(atom)}${match[0]}`;
      }
    }
  }

  /** What matches without giving back: (?=(…))\n. The groups inside move one number up. */
  #atomic(inner: string, groupsBefore: number, javaBefore: number): string {
    this.#groups++;
    const number = groupsBefore + 1;
    for (let group = javaBefore + 1; group <= this.#javaGroups; group++) this.numbers[group]!++;
    const moved = inner.replace(/\\(\\|(\d+))/g, (whole, _rest, digits: string | undefined) =>
      digits !== undefined && Number(digits) > groupsBefore ? `\\${Number(digits) + 1}` : whole,
    );
    return `(?:(?=(${moved}))\\${number})`;
  }

  #atom(flags: Flags): string {
    const char = this.#source[this.#at]!;
    switch (char) {
      case '(':
        return this.#group(flags);
      case '[':
        return this.#class();
      case '.':
        this.#at++;
        if (flags.s) return '[\\s\\S]';
        return flags.d ? '[^\\n]' : `[^${LINE_TERMINATORS}]`;
      case '^':
        this.#at++;
        if (!flags.m) return '(?<![\\s\\S])';
        return flags.d
          ? '(?:(?<![\\s\\S])|(?<=\\n)(?=[\\s\\S]))'
          : `(?:(?<![\\s\\S])|(?<=\\r\\n|[${LINE_TERMINATORS}])(?<!\\r(?=\\n))(?=[\\s\\S]))`;
      case '$':
        this.#at++;
        if (flags.m)
          return flags.d
            ? '(?=\\n|(?![\\s\\S]))'
            : `(?:(?![\\s\\S])|(?=[${LINE_TERMINATORS}])(?<!\\r(?=\\n)))`;
        return flags.d ? '(?=\\n?(?![\\s\\S]))' : finalTerminator();
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        return this.fail(`Dangling meta character '${char}'`, `escape it: \\${char}`);
      case '{':
        return this.fail('Illegal repetition', 'escape the brace: \\{');
      default: {
        const point = String.fromCodePoint(this.#source.codePointAt(this.#at)!);
        this.#at += point.length;
        return literal(point);
      }
    }
  }

  #group(flags: Flags): string {
    const rest = this.#source.slice(this.#at);
    const special = /^\(\?(?:<([a-zA-Z][a-zA-Z0-9]*)>|(=|!|<=|<!|>)|([a-zA-Z]*)(?:-([a-zA-Z]+))?:)/.exec(
      rest,
    );
    if (special === null && rest.startsWith('(?')) this.fail('Unknown group type');
    const groupsBefore = this.#groups;
    const javaBefore = this.#javaGroups;
    this.#at += special === null ? 1 : special[0].length;
    const inner = { ...flags };
    let head = '(?:';
    if (special === null || special[1] !== undefined) {
      this.numbers[++this.#javaGroups] = ++this.#groups;
      head = '(';
      if (special !== null) {
        if (this.names.has(special[1]!))
          this.fail(`Named capturing group <${special[1]}> is already defined`);
        this.names.set(special[1]!, this.#javaGroups);
      }
    } else if (special[2] !== undefined) {
      head = special[2] === '>' ? '' : `(?${special[2]}`;
    } else {
      this.#setFlags(inner, special[3]!, special[4] ?? '');
      if (inner.i !== flags.i) head = inner.i ? '(?i:' : '(?-i:';
    }
    const body = this.#alternatives(inner);
    if (this.#source[this.#at] !== ')') this.fail('Unclosed group', 'close it with )');
    this.#at++;
    return head === '' ? this.#atomic(body, groupsBefore, javaBefore) : `${head}${body})`;
  }

  /** An escape outside of a class. */
  #escape(): string {
    const next = this.#source[this.#at + 1];
    const two = (result: string) => {
      this.#at += 2;
      return result;
    };
    switch (next) {
      case undefined:
        return this.fail('Unexpected end: a backslash stands last', 'double it');
      case 'Q':
        return this.#quote();
      case 'A':
        return two('(?<![\\s\\S])');
      case 'z':
        return two('(?![\\s\\S])');
      case 'Z':
        return two(finalTerminator());
      case 'G':
        return this.fail('\\G (end of the previous match) is not available', 'write the pattern without it');
      case 'b':
      case 'B':
        return two(`\\${next}`);
      case 'R':
        return two('(?:\\r\\n|[\\n\\x0b\\f\\r\\u0085\\u2028\\u2029])');
      case 'X':
        return two('(?:\\r\\n|\\P{M}\\p{M}*)');
      case 'k':
        return this.#namedReference();
    }
    if (/[1-9]/.test(next)) return this.#reference();
    const inside = this.#classEscape();
    return inside.set ? `[${inside.text}]` : inside.text;
  }

  #quote(): string {
    const end = this.#source.indexOf('\\E', this.#at);
    const text = this.#source.slice(this.#at + 2, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#source.length : end + 2;
    return text === '' ? '(?:)' : `(?:${[...text].map(literal).join('')})`;
  }

  #namedReference(): string {
    const match = /^\\k<([a-zA-Z][a-zA-Z0-9]*)>/.exec(this.#source.slice(this.#at));
    const number = match === null ? undefined : this.names.get(match[1]!);
    if (match === null || number === undefined) this.fail('Unknown named group in \\k');
    this.#at += match.length === 0 ? 0 : match[0].length;
    return `(?:\\${this.numbers[number]})`;
  }

  /** \11 is group 11 when there are that many groups so far, else group 1 and a 1. */
  #reference(): string {
    let digits = this.#source[this.#at + 1]!;
    let end = this.#at + 2;
    while (/\d/.test(this.#source[end] ?? '') && Number(digits + this.#source[end]) <= this.#javaGroups) {
      digits += this.#source[end++];
    }
    this.#at = end;
    const number = this.numbers[Number(digits)];
    // A group that does not exist (yet) never matches in Java.
    return number === undefined ? '(?!)' : `(?:\\${number})`;
  }

  /** An escape that stands for characters; `set` when the text goes inside brackets. */
  #classEscape(): { text: string; set: boolean } {
    const rest = this.#source.slice(this.#at);
    const take = (length: number, text: string, set = true) => {
      this.#at += length;
      return { text, set };
    };
    const point = (length: number, value: number) => {
      if (value > 0x10ffff) this.fail('Hexadecimal code point is too big');
      return take(length, `\\u{${value.toString(16)}}`, false);
    };
    const next = rest[1]!;
    let match = /^\\[pP](?:\{([^}]*)\}|(\w))/.exec(rest);
    if (match !== null) {
      return take(match[0].length, this.#property(match[1] ?? match[2]!, rest[1] === 'P'));
    }
    match = /^\\0([0-3]?[0-7]{1,2})/.exec(rest);
    if (match !== null) return point(match[0].length, Number.parseInt(match[1]!, 8));
    match = /^\\x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]+)\})/.exec(rest);
    if (match !== null) {
      return point(match[0].length, Number.parseInt(match[1] ?? match[2]!, 16));
    }
    match = /^\\u([0-9a-fA-F]{4})/.exec(rest);
    if (match !== null) return point(match[0].length, Number.parseInt(match[1]!, 16));
    match = /^\\c([\s\S])/.exec(rest);
    if (match !== null) return point(3, match[1]!.charCodeAt(0) ^ 64);
    const fixed: Readonly<Record<string, string>> = {
      d: '0-9',
      D: '[^0-9]',
      w: 'a-zA-Z_0-9',
      W: '[^a-zA-Z_0-9]',
      s: ' \\t\\n\\x0b\\f\\r',
      S: '[^ \\t\\n\\x0b\\f\\r]',
      h: ' \\t\\xa0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000',
      H: '[^ \\t\\xa0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000]',
      v: '\\n\\x0b\\f\\r\\u0085\\u2028\\u2029',
      V: '[^\\n\\x0b\\f\\r\\u0085\\u2028\\u2029]',
    };
    if (Object.hasOwn(fixed, next)) return take(2, fixed[next]!);
    const controls: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12, a: 7, e: 27 };
    if (Object.hasOwn(controls, next)) return point(2, controls[next]!);
    if (/[a-zA-Z]/.test(next))
      this.fail('Illegal/unsupported escape sequence', 'escape only characters that are not letters');
    const escaped = String.fromCodePoint(this.#source.codePointAt(this.#at + 1)!);
    return take(1 + escaped.length, literal(escaped), false);
  }

  #property(name: string, negated: boolean): string {
    const own = PROPERTIES[name] ?? PROPERTIES[name.replace(/^Is(?=Posix)/, '')];
    let text: string;
    if (own !== undefined) {
      text = own;
    } else {
      const plain = name.replace(/^(Is|In)/, '').replace(/^(general_category|gc)=/i, '');
      const aliases: Readonly<Record<string, string>> = {
        Alphabetic: 'Alphabetic',
        Letter: 'L',
        Digit: 'Nd',
        Punctuation: 'P',
        Control: 'Cc',
        White_Space: 'White_Space',
        Uppercase: 'Uppercase',
        Lowercase: 'Lowercase',
        Ideographic: 'Ideographic',
      };
      const candidates = [aliases[plain] ?? plain, `Script=${plain.replace(/^script=/i, '')}`];
      const valid = candidates.find((candidate) => isProperty(candidate));
      if (valid === undefined) this.fail(`Unknown character property name {${name}}`);
      text = `\\p{${valid}}`;
    }
    return negated ? `[^${text}]` : text;
  }

  /** A class in brackets, with union and intersection; the result uses the sets of flag v. */
  #class(): string {
    const start = this.#at++;
    const negated = this.#source[this.#at] === '^';
    if (negated) this.#at++;
    const operands: string[] = [];
    let union = '';
    let first = true;
    for (;;) {
      const char = this.#source[this.#at];
      if (char === undefined) {
        this.#at = start;
        this.fail('Unclosed character class', 'close it with ]');
      }
      if (char === ']' && !(first && union === '')) {
        this.#at++;
        break;
      }
      if (this.#source.startsWith('&&', this.#at)) {
        this.#at += 2;
        operands.push(union);
        union = '';
        first = false;
        continue;
      }
      first = false;
      union += char === '[' ? this.#class() : this.#range();
    }
    operands.push(union);
    const sets = operands.filter((operand) => operand !== '').map((operand) => `[${operand}]`);
    const inner = sets.length === 1 ? sets[0]!.slice(1, -1) : sets.join('&&');
    return `[${negated ? '^' : ''}${inner}]`;
  }

  /** One character of a class or a range of them. */
  #range(): string {
    if (this.#source.startsWith('\\Q', this.#at)) {
      const text = this.#quoteInClass();
      return text;
    }
    const from = this.#classAtom();
    if (from.set) return from.text.startsWith('[') ? from.text : `[${from.text}]`;
    const next = this.#source[this.#at + 1];
    if (this.#source[this.#at] !== '-' || next === ']' || next === '[' || next === undefined)
      return from.text;
    this.#at++;
    const to = this.#classAtom();
    if (to.set) return `${from.text}\\-${to.text.startsWith('[') ? to.text : `[${to.text}]`}`;
    return `${from.text}-${to.text}`;
  }

  #quoteInClass(): string {
    const end = this.#source.indexOf('\\E', this.#at);
    const text = this.#source.slice(this.#at + 2, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#source.length : end + 2;
    return [...text].map(literal).join('');
  }

  #classAtom(): { text: string; set: boolean } {
    if (this.#source[this.#at] === '\\') {
      if (this.#at + 1 >= this.#source.length) this.fail('Unclosed character class', 'close it with ]');
      return this.#classEscape();
    }
    const point = String.fromCodePoint(this.#source.codePointAt(this.#at)!);
    this.#at += point.length;
    return { text: literal(point), set: false };
  }

  get groupCount(): number {
    return this.#javaGroups;
  }
}

function finalTerminator(): string {
  return `(?:(?![\\s\\S])|(?=(?:\\r\\n|[${LINE_TERMINATORS}])(?![\\s\\S]))(?<!\\r(?=\\n)))`;
}

/** A quantifier must not fall upon a look-behind or a sequence. */
function wrap(atom: string): string {
  return /^\(\?[<=!]|^\\b$|^\\B$/i.test(atom) || atom.startsWith('(?<') ? `(?:${atom})` : atom;
}

function literal(char: string): string {
  if (/^[\^$\\.*+?()[\]{}|/\-&!#%,:;<=>@`~]$/.test(char)) return `\\u{${char.codePointAt(0)!.toString(16)}}`;
  return char === '\n' || char === '\r' || char === '\u2028' || char === '\u2029'
    ? `\\u{${char.codePointAt(0)!.toString(16)}}`
    : char;
}

function isProperty(name: string): boolean {
  try {
    new RegExp(`\\p{${name}}`, 'v');
    return true;
  } catch {
    return false;
  }
}

/** A match: Java's groups by number, undefined where a group took no part. */
export interface JavaMatch {
  readonly start: number;
  readonly end: number;
  readonly groups: readonly (string | undefined)[];
}

export class JavaPattern {
  readonly source: string;
  readonly groupCount: number;
  readonly #find: RegExp;
  readonly #whole: RegExp;
  readonly #numbers: readonly number[];
  readonly #names: ReadonlyMap<string, number>;

  /** @throws MillraceError CONF_OPTION_VALUE with the place and what to write instead. */
  constructor(source: string) {
    const translator = new Translator(source);
    const translated = translator.translate();
    this.source = source;
    this.groupCount = translator.groupCount;
    this.#numbers = translator.numbers;
    this.#names = translator.names;
    try {
      this.#find = new RegExp(translated, 'gv');
      this.#whole = new RegExp(`^(?:${translated})$`, 'v');
    } catch (error) {
      throw new MillraceError(
        'CONF_OPTION_VALUE',
        `The pattern ${source} is not understood: ${(error as Error).message}`,
        {
          value: source,
          remedy: 'correct the pattern',
          cause: error,
        },
      );
    }
  }

  /** Whether any part of `text` matches. */
  find(text: string): boolean {
    this.#find.lastIndex = 0;
    return this.#find.test(text);
  }

  /** Whether all of `text` matches. */
  matches(text: string): boolean {
    return this.#whole.test(text);
  }

  /** The first match at or after `from`. */
  match(text: string, from = 0): JavaMatch | null {
    this.#find.lastIndex = from;
    const found = this.#find.exec(text);
    if (found === null) return null;
    const groups = this.#numbers.map((number) => found[number]);
    return { start: found.index, end: found.index + found[0].length, groups };
  }

  /** Java's String.split: empty strings at the end are left out, as is one before a match without length. */
  split(text: string): readonly string[] {
    const parts: string[] = [];
    let last = 0;
    for (let at = 0; at <= text.length; ) {
      const found = this.match(text, at);
      if (found === null) break;
      at = found.end > found.start ? found.end : found.end + 1;
      if (found.end === 0 || (found.start === found.end && found.start >= text.length)) continue;
      parts.push(text.slice(last, found.start));
      last = found.end;
    }
    parts.push(text.slice(last));
    while (parts.length > 1 && parts.at(-1) === '') parts.pop();
    return parts;
  }

  /** Java's Matcher.replaceAll: `$1`, `${name}`, and a backslash before a character that is meant as such. */
  replaceAll(text: string, replacement: JavaReplacement): string {
    let result = '';
    let last = 0;
    for (let at = 0; at <= text.length; ) {
      const found = this.match(text, at);
      if (found === null) break;
      result += text.slice(last, found.start) + replacement.expand(found);
      last = found.end;
      at = found.end > found.start ? found.end : found.end + 1;
    }
    return result + text.slice(last);
  }

  /** @throws MillraceError CONF_OPTION_VALUE for what Java refuses. */
  replacement(text: string): JavaReplacement {
    return new JavaReplacement(text, this.groupCount, this.#names);
  }
}

export class JavaReplacement {
  readonly #parts: (string | number)[] = [];

  constructor(text: string, groupCount: number, names: ReadonlyMap<string, number>) {
    const bad = (what: string): never => {
      throw new MillraceError('CONF_OPTION_VALUE', `${what} in the replacement ${text}`, {
        value: text,
        remedy: 'write \\$ for a dollar sign, $1 or a name in braces for a group of the pattern',
      });
    };
    for (let i = 0; i < text.length; i++) {
      if (text[i] === '\\') {
        this.#parts.push(text[++i] ?? bad('Character to be escaped is missing'));
      } else if (text[i] !== '$') {
        this.#parts.push(text[i]!);
      } else if (text[i + 1] === '{') {
        const end = text.indexOf('}', i);
        const name = text.slice(i + 2, end < 0 ? undefined : end);
        this.#parts.push(names.get(name) ?? bad(`No group with name {${name}}`));
        i = end;
      } else {
        if (!/\d/.test(text[i + 1] ?? '')) bad('Illegal group reference');
        let number = Number(text[++i]);
        if (number > groupCount) bad(`No group ${number}`);
        while (/\d/.test(text[i + 1] ?? '') && number * 10 + Number(text[i + 1]) <= groupCount) {
          number = number * 10 + Number(text[++i]);
        }
        this.#parts.push(number);
      }
    }
  }

  expand(match: JavaMatch): string {
    return this.#parts.map((part) => (typeof part === 'string' ? part : (match.groups[part] ?? ''))).join('');
  }
}

export function javaPattern(source: string): JavaPattern {
  return new JavaPattern(source);
}
