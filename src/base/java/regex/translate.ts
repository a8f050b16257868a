/**
 * A tree of nodes as a regular expression of JavaScript. The two engines disagree about groups: JavaScript
 * forgets what groups inside a repetition held when the next round begins, lets a reference to a group
 * without part match nothing, and gives up rounds without length; Java keeps what groups held when a
 * look-around, an atomic group or a round was given up. So
 *
 *   a reference stands only behind its group on every way through the pattern, else it is refused;
 *   a group whose last content may differ is `uncertain`: the pattern serves as long as nobody reads it;
 *   a repetition of something that prefers to match nothing is refused.
 */
import { refusal } from './cursor.ts';
import { canBeEmpty, canLookBehind, childrenOf, emptyComesLast, groupsIn, type Node } from './nodes.ts';
import { parsePattern } from './parser.ts';

export interface Translated {
  /** For flag v; no other flag changes its meaning. */
  readonly text: string;
  readonly groupCount: number;
  readonly names: ReadonlyMap<string, number>;
  /** The number in the result of each Java group; the result has more of them. */
  readonly numbers: readonly number[];
  /** Groups that may hold something else than in Java, and why. */
  readonly uncertain: ReadonlyMap<number, string>;
}

class Translator {
  readonly #source: string;
  #groups = 0;
  readonly numbers: number[] = [0];
  readonly uncertain = new Map<number, string>();

  constructor(source: string) {
    this.#source = source;
  }

  refuse(what: string, remedy: string): never {
    throw refusal(this.#source, `${what} in the pattern ${this.#source}`, remedy);
  }

  write(node: Node, behind = false): string {
    switch (node.kind) {
      case 'set':
      case 'assert':
        return node.text;
      case 'sequence':
        return this.#sequence(node.items, behind);
      case 'choice':
        return node.options.map((option) => this.write(option, behind)).join('|');
      case 'group':
        this.numbers[node.number] = ++this.#groups;
        return `(${this.write(node.body, behind)})`;
      case 'look':
        return this.#look(node);
      case 'atomic':
        return this.#atomic(() => this.write(node.body), behind);
      case 'repeat':
        return this.#repeat(node, behind);
      case 'reference':
        return `(?:\\${this.numbers[node.number]})`;
    }
  }

  #sequence(items: readonly Node[], behind: boolean): string {
    return items
      .map((item) => (item.kind === 'choice' ? `(?:${this.write(item, behind)})` : this.write(item, behind)))
      .join('');
  }

  #look(node: Node & { kind: 'look' }): string {
    const { ahead, negated, body } = node;
    if (!ahead && !canLookBehind(body))
      this.refuse('A look-behind has no obvious maximum length', 'give its repetitions an upper end');
    const sign = negated ? '!' : '=';
    return `(?${ahead ? '' : '<'}${sign}${this.write(body, !ahead)})`;
  }

  /** What matches without giving back: a look-ahead, then what it held. */
  #atomic(write: () => string, behind: boolean): string {
    if (behind)
      this.refuse(
        'Atomic groups and possessive quantifiers are not available in a look-behind',
        'leave them out',
      );
    const number = ++this.#groups;
    return `(?:(?=(${write()}))\\${number})`;
  }

  #repeat(node: Node & { kind: 'repeat' }, behind: boolean): string {
    const { body, min, max, mode } = node;
    if (mode === 'possessive') {
      // A round that a later one needs does not give back either.
      const round: Node = min > 1 && body.kind !== 'set' ? { kind: 'atomic', body } : body;
      return this.#atomic(() => this.#repeat({ ...node, body: round, mode: 'greedy' }, false), behind);
    }
    const inner = () => (body.kind === 'set' ? body.text : `(?:${this.write(body, behind)})`);
    const empty = canBeEmpty(body);
    if (min === 0 && max === 1 && body.kind !== 'set')
      return mode === 'lazy' ? `(?:|${inner()})` : `(?:${inner()}|)`;
    // With a minimum of rounds Java stops at one without length, JavaScript goes on.
    if (empty && max > 1 && (min > 1 || !emptyComesLast(body)))
      this.refuse(
        'A repeated part may match nothing although it could match more',
        'let it match at least one character',
      );
    const lazy = mode === 'lazy' ? '?' : '';
    return `${inner()}${quantifier(min, max)}${lazy}`;
  }

  /**
   * Walks through `node` with the groups that are surely set in front of it; returns those behind it. Notes
   * uncertain groups on the way.
   */
  check(node: Node, before: ReadonlySet<number>): ReadonlySet<number> {
    switch (node.kind) {
      case 'sequence':
        return node.items.reduce((set, item) => this.check(item, set), before);
      case 'choice': {
        const sets = node.options.map((option) => this.check(option, before));
        return sets.reduce((common, set) => common.intersection(set));
      }
      case 'group':
        return new Set([...this.check(node.body, before), node.number]);
      case 'atomic':
        return this.check(node.body, before);
      case 'look': {
        const inside = this.check(node.body, before);
        if (node.negated) this.#doubt(groupsIn(node.body), 'stands in a negative look-around');
        else if (!node.ahead) this.#doubt(groupsIn(node.body), 'stands in a look-behind');
        return node.negated || !node.ahead ? before : inside;
      }
      case 'repeat':
        return this.#checkRepeat(node, before);
      case 'reference':
        if (!before.has(node.number))
          this.refuse(
            `The back reference to group ${node.number} may be reached when that group took no part`,
            'let it stand behind its group, with no choice or optional part around only one of them',
          );
        return before;
      default:
        return before;
    }
  }

  #checkRepeat(node: Node & { kind: 'repeat' }, before: ReadonlySet<number>): ReadonlySet<number> {
    const { body, min, max } = node;
    const inner = new Set(groupsIn(body));
    const after = this.check(body, before.difference(inner));
    if (max > 1) {
      const sure = body.kind === 'group' && !canBeEmpty(body) ? body.number : 0;
      inner.delete(sure);
      this.#doubt([...inner], 'stands in a part that is repeated');
    }
    if (min === 0) return before;
    return max > 1 ? before.union(after.difference(inner)) : before.union(after);
  }

  #doubt(groups: readonly number[], why: string): void {
    for (const group of groups) if (!this.uncertain.has(group)) this.uncertain.set(group, why);
  }

  /** Java does not take back what was set in a look-ahead or atomic part that another way got round. */
  doubtLeft(node: Node, sure: ReadonlySet<number>): void {
    const keeps = node.kind === 'look' || node.kind === 'atomic' || isPossessive(node);
    if (keeps) {
      const left = groupsIn(node).filter((group) => !sure.has(group));
      this.#doubt(left, 'stands in a look-around or atomic part that may be left out');
    }
    for (const child of childrenOf(node)) this.doubtLeft(child, sure);
  }
}

function isPossessive(node: Node): boolean {
  return node.kind === 'repeat' && node.mode === 'possessive';
}

function quantifier(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  if (min === 0 && max === 1) return '?';
  return min === max ? `{${min}}` : `{${min},${max}}`;
}

/** @throws MillraceError CONF_OPTION_VALUE for what Java refuses and what cannot be translated. */
export function translate(source: string): Translated {
  const { root, groupCount, names } = parsePattern(source);
  const translator = new Translator(source);
  translator.doubtLeft(root, translator.check(root, new Set()));
  const text = translator.write(root);
  return { text, groupCount, names, numbers: translator.numbers, uncertain: translator.uncertain };
}
