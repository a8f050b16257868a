/** Replacement texts of Java's Matcher: `$1`, `${name}`, and a backslash before what is meant as such. */
import { MillraceError } from '../../errors.ts';

export class JavaReplacement {
  /** Texts, and numbers of groups. */
  readonly #parts: (string | number)[] = [];

  /** @throws MillraceError CONF_OPTION_VALUE for what Java refuses when it first replaces. */
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
        const name = /^[a-zA-Z][a-zA-Z0-9]*(?=\})/.exec(text.slice(i + 2))?.[0];
        if (name === undefined) bad('Illegal name of a group in braces');
        this.#parts.push(names.get(name!) ?? bad(`No group with name {${name}}`));
        i += name!.length + 2;
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

  /** Numbers of the groups that it puts in. */
  get groups(): readonly number[] {
    return this.#parts.filter((part) => typeof part === 'number');
  }

  expand(groups: readonly (string | undefined)[]): string {
    return this.#parts.map((part) => (typeof part === 'string' ? part : (groups[part] ?? ''))).join('');
  }
}
