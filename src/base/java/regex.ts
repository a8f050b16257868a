/**
 * java.util.regex (Java 17) over JavaScript's regular expressions. What a pattern means here it means in
 * Java; what cannot be had is refused with a clear error when the pattern is made.
 *
 * Translated: possessive quantifiers and atomic groups (by a look-ahead that is matched back), inline flags
 * i u s m x d, POSIX, Unicode and java character classes, class union and intersection, \Q…\E, \A \z \Z \b
 * \h \v \R \e \a \cX \0n \x{…}, named groups, Java's line terminators for `.`, `^` and `$`, letter case
 * without JavaScript's flag i.
 *
 * Refused: \G \X \N{…} \b{g}, flags U and c, most blocks (\p{In…}), halves of surrogate pairs, back
 * references under (?i) or to groups that may have taken no part, repetitions of what prefers to match
 * nothing, and what Java itself refuses. Groups whose content is not certain to be Java's
 * (regex/translate.ts) are refused where they are read.
 *
 * Known differences: a match never begins or ends within a surrogate pair (Java finds empty ones there), and
 * classes of Unicode know characters younger than Unicode 13.
 */
import { MillraceError } from '../errors.ts';
import { JavaReplacement } from './regex/replacement.ts';
import { type Translated, translate } from './regex/translate.ts';

/** A match: Java's groups by number, undefined where a group took no part. */
export interface JavaMatch {
  readonly start: number;
  readonly end: number;
  readonly groups: readonly (string | undefined)[];
}

export class JavaPattern {
  readonly source: string;
  readonly groupCount: number;
  readonly #translated: Translated;
  readonly #find: RegExp;
  #whole: RegExp | null = null;

  /** @throws MillraceError CONF_OPTION_VALUE with the place and what to write instead. */
  constructor(source: string) {
    this.#translated = translate(source);
    this.source = source;
    this.groupCount = this.#translated.groupCount;
    try {
      this.#find = new RegExp(this.#translated.text, 'gv');
    } catch (error) {
      throw new MillraceError(
        'CONF_OPTION_VALUE',
        `The pattern ${source} is not understood: ${(error as Error).message}`,
        { value: source, remedy: 'correct the pattern', cause: error },
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
    this.#whole ??= new RegExp(`^(?:${this.#translated.text})$`, 'v');
    return this.#whole.test(text);
  }

  /**
   * To be asked before groups of a match are read.
   * @throws MillraceError CONF_OPTION_VALUE when one of the groups may hold something else than in Java.
   */
  requireGroups(groups: Iterable<number>): void {
    for (const group of groups) {
      const why = this.#translated.uncertain.get(group);
      if (why === undefined) continue;
      throw new MillraceError(
        'CONF_OPTION_VALUE',
        `Group ${group} of the pattern ${this.source} ${why}: what it holds is not certain to be what Java gives`,
        { value: this.source, remedy: 'put the group outside of that part' },
      );
    }
  }

  /** The first match at or after `from`, which must not stand within a surrogate pair. */
  match(text: string, from = 0): JavaMatch | null {
    this.#find.lastIndex = from;
    const found = this.#find.exec(text);
    if (found === null) return null;
    const groups = this.#translated.numbers.map((number) => found[number]);
    return { start: found.index, end: found.index + found[0].length, groups };
  }

  /** All matches from left to right, as Java's Matcher.find hands them out. */
  *matchAll(text: string): Generator<JavaMatch, void> {
    for (let at = 0; at <= text.length; ) {
      const found = this.match(text, at);
      if (found === null) return;
      yield found;
      at = found.end;
      if (found.end === found.start) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    }
  }

  /** Java's String.split: empty strings at the end are left out, as is one before a match without length. */
  split(text: string): readonly string[] {
    const parts: string[] = [];
    let last = 0;
    let any = false;
    for (const { start, end } of this.matchAll(text)) {
      if (end === 0) continue;
      any = true;
      parts.push(text.slice(last, start));
      last = end;
    }
    if (!any) return [text];
    parts.push(text.slice(last));
    while (parts.at(-1) === '') parts.pop();
    return parts;
  }

  /** Java's Matcher.replaceAll. */
  replaceAll(text: string, replacement: JavaReplacement): string {
    let result = '';
    let last = 0;
    for (const { start, end, groups } of this.matchAll(text)) {
      result += text.slice(last, start) + replacement.expand(groups);
      last = end;
    }
    return result + text.slice(last);
  }

  /** @throws MillraceError CONF_OPTION_VALUE for what Java refuses. */
  replacement(text: string): JavaReplacement {
    const replacement = new JavaReplacement(text, this.groupCount, this.#translated.names);
    this.requireGroups(replacement.groups);
    return replacement;
  }
}

export function javaPattern(source: string): JavaPattern {
  return new JavaPattern(source);
}
