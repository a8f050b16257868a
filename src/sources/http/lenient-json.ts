/**
 * JSON as Gson reads it when lenient: names without quotes, single quotes, `;` for `,`, `=` or `=>` for `:`,
 * comments, text without quotes. Throws BadRequest for what Gson refuses, too. Nesting is limited.
 */
import { BadRequest } from './handler.ts';

const DEPTH_MAX = 64;
/** Blanks or a comment. */
const BLANK = /(?:\s+|\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)/y;
/** Text without quotes. */
const BARE = /[^\s,;:=[\]{}/\\#]+/y;
const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', '\n': '\n' };

export function parseLenientJson(text: string): unknown {
  const reader = new LenientReader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class LenientReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  #fail(what: string): never {
    const line = this.#text.slice(0, this.#at).split('\n').length;
    throw new BadRequest(`Request has invalid JSON Syntax: ${what} at line ${line}.`);
  }

  /** Skips blanks and comments; the next character, or undefined at the end. */
  #next(): string | undefined {
    for (;;) {
      BLANK.lastIndex = this.#at;
      if (!BLANK.test(this.#text)) return this.#text[this.#at];
      this.#at = BLANK.lastIndex;
    }
  }

  end(): void {
    if (this.#next() !== undefined) this.#fail('text behind the end');
  }

  value(depth: number): unknown {
    if (depth > DEPTH_MAX) this.#fail('too many levels');
    switch (this.#next()) {
      case undefined:
        return this.#fail('unexpected end');
      case '[':
        return this.#array(depth);
      case '{':
        return this.#object(depth);
      case '"':
      case "'":
        return this.#quoted();
      default:
        return this.#bare();
    }
  }

  #array(depth: number): unknown[] {
    const values: unknown[] = [];
    this.#at++;
    for (;;) {
      const char = this.#next();
      if (char === ']') {
        this.#at++;
        return values;
      }
      if (char === ',' || char === ';') {
        // Gson takes an element that is left out for null.
        this.#at++;
        values.push(null);
        continue;
      }
      values.push(this.value(depth + 1));
      const separator = this.#next();
      if (separator === ',' || separator === ';') this.#at++;
      else if (separator !== ']') this.#fail('unterminated array');
    }
  }

  #object(depth: number): Record<string, unknown> {
    const members: [string, unknown][] = [];
    this.#at++;
    for (;;) {
      const char = this.#next();
      if (char === '}') {
        this.#at++;
        return Object.fromEntries(members);
      }
      if (char === '[' || char === '{') this.#fail('expected a name');
      const name = char === '"' || char === "'" ? this.#quoted() : this.#bareText();
      const colon = this.#next();
      if (colon !== ':' && colon !== '=') this.#fail("expected ':'");
      this.#at++;
      if (colon === '=' && this.#text[this.#at] === '>') this.#at++;
      members.push([name, this.value(depth + 1)]);
      const separator = this.#next();
      if (separator === ',' || separator === ';') this.#at++;
      else if (separator !== '}') this.#fail('unterminated object');
    }
  }

  #quoted(): string {
    const quote = this.#text[this.#at++]!;
    let result = '';
    for (;;) {
      const char = this.#text[this.#at++];
      if (char === undefined) this.#fail('unterminated string');
      if (char === quote) return result;
      if (char !== '\\') {
        result += char;
        continue;
      }
      const escaped = this.#text[this.#at++];
      if (escaped === undefined) this.#fail('unterminated string');
      if (escaped === 'u') {
        const digits = this.#text.slice(this.#at, this.#at + 4);
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.#fail('malformed \\u');
        result += String.fromCharCode(Number.parseInt(digits, 16));
        this.#at += 4;
      } else {
        result += ESCAPES[escaped] ?? escaped;
      }
    }
  }

  #bareText(): string {
    BARE.lastIndex = this.#at;
    if (!BARE.test(this.#text)) this.#fail('unexpected character');
    const text = this.#text.slice(this.#at, BARE.lastIndex);
    this.#at = BARE.lastIndex;
    return text;
  }

  #bare(): unknown {
    const text = this.#bareText();
    if (/^true$/i.test(text)) return true;
    if (/^false$/i.test(text)) return false;
    if (/^null$/i.test(text)) return null;
    return text;
  }
}
