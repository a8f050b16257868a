/** A pattern that is being read: the place, the flags that hold there, and the way to refuse. */
import { MillraceError } from '../../errors.ts';

export interface Flags {
  /** Letters of any case, ASCII only unless `u`. */
  readonly i: boolean;
  readonly u: boolean;
  readonly s: boolean;
  readonly m: boolean;
  readonly x: boolean;
  readonly d: boolean;
}

export const NO_FLAGS: Flags = { i: false, u: false, s: false, m: false, x: false, d: false };

const SPACE = /[ \t\n\v\f\r]/;

export class Cursor {
  readonly source: string;
  /** The source with \Q…\E written out. */
  readonly text: string;
  at = 0;
  flags: Flags = NO_FLAGS;
  readonly #places: readonly number[];

  constructor(source: string) {
    this.source = source;
    const { text, places } = withoutQuotes(source);
    this.text = text;
    this.#places = places;
  }

  fail(what: string, remedy = 'correct the pattern'): never {
    const place = this.#places[this.at] ?? this.source.length;
    throw refusal(this.source, `${what} near index ${place} in the pattern ${this.source}`, remedy);
  }

  /** The next character that counts: under (?x) blanks and comments do not. Undefined at the end. */
  peek(): string | undefined {
    if (this.flags.x) this.#skipComments();
    return this.text[this.at];
  }

  /** The character at the place itself, blank or not. */
  get char(): string | undefined {
    return this.text[this.at];
  }

  /** Takes one code point as it stands. */
  point(): number {
    const point = this.text.codePointAt(this.at);
    if (point === undefined) this.fail('Unexpected end');
    this.at += point > 0xffff ? 2 : 1;
    return point;
  }

  /** Takes what a sticky regular expression matches here. */
  take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match !== null) this.at = pattern.lastIndex;
    return match;
  }

  #skipComments(): void {
    const lineEnd = this.flags.d ? /\n/ : /[\n\r\u0085\u2028\u2029]/;
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined) return;
      if (SPACE.test(char)) this.at++;
      else if (char === '#') {
        const length = this.text.slice(this.at).search(lineEnd);
        this.at = length < 0 ? this.text.length : this.at + length;
      } else return;
    }
  }
}

export function refusal(source: string, message: string, remedy: string): MillraceError {
  return new MillraceError('CONF_OPTION_VALUE', message, { value: source, remedy });
}

/**
 * Java, too, writes quotes out before it reads a pattern, so that `\Qab\E+` repeats the b alone. A digit
 * becomes an escape by its number, so that it does not prolong one in front of the quote.
 */
function withoutQuotes(source: string): { text: string; places: number[] } {
  let text = '';
  const places: number[] = [];
  const add = (piece: string, place: number) => {
    text += piece;
    for (let k = 0; k < piece.length; k++) places.push(place);
  };
  let quoted = false;
  for (let i = 0; i < source.length; i++) {
    const char = source[i]!;
    const pair = source.slice(i, i + 2);
    if (quoted && pair === '\\E') {
      quoted = false;
      i++;
    } else if (quoted) {
      if (char >= '0' && char <= '9') add(`\\x3${char}`, i);
      else add(/[\x00-\x7f]/.test(char) && !/[A-Za-z]/.test(char) ? `\\${char}` : char, i);
    } else if (pair === '\\Q') {
      quoted = true;
      i++;
    } else if (char === '\\') {
      add(pair, i);
      i++;
    } else {
      add(char, i);
    }
  }
  return { text, places };
}
