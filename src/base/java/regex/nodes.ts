/** A pattern as a tree, and what can be said of its parts without running them. */

export type Mode = 'greedy' | 'lazy' | 'possessive';

export type Node =
  /** One character, as JavaScript text. */
  | { readonly kind: 'set'; readonly text: string }
  /** Matches without length, as JavaScript text; holds no groups. */
  | { readonly kind: 'assert'; readonly text: string }
  | { readonly kind: 'sequence'; readonly items: readonly Node[] }
  | { readonly kind: 'choice'; readonly options: readonly Node[] }
  | { readonly kind: 'group'; readonly number: number; readonly body: Node }
  | { readonly kind: 'look'; readonly ahead: boolean; readonly negated: boolean; readonly body: Node }
  | { readonly kind: 'atomic'; readonly body: Node }
  | {
      readonly kind: 'repeat';
      readonly body: Node;
      readonly min: number;
      readonly max: number;
      readonly mode: Mode;
    }
  | { readonly kind: 'reference'; readonly number: number };

export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'sequence':
      return node.items;
    case 'choice':
      return node.options;
    case 'group':
    case 'look':
    case 'atomic':
    case 'repeat':
      return [node.body];
    default:
      return [];
  }
}

/** Numbers of the capturing groups inside. */
export function groupsIn(node: Node): readonly number[] {
  const inner = childrenOf(node).flatMap(groupsIn);
  return node.kind === 'group' ? [node.number, ...inner] : inner;
}

/** Whether a match of no length is possible. */
export function canBeEmpty(node: Node): boolean {
  switch (node.kind) {
    case 'set':
      return false;
    case 'sequence':
      return node.items.every(canBeEmpty);
    case 'choice':
      return node.options.some(canBeEmpty);
    case 'group':
    case 'atomic':
      return canBeEmpty(node.body);
    case 'repeat':
      return node.min === 0 || canBeEmpty(node.body);
    default:
      return true;
  }
}

/** Whether a match of no length, where there is one, is what is tried last. */
export function emptyComesLast(node: Node): boolean {
  switch (node.kind) {
    case 'sequence':
      return !canBeEmpty(node) || node.items.every(emptyComesLast);
    case 'choice':
      return (
        node.options.slice(0, -1).every((option) => !canBeEmpty(option)) &&
        emptyComesLast(node.options.at(-1)!)
      );
    case 'group':
      return emptyComesLast(node.body);
    case 'repeat':
      if (!canBeEmpty(node) || node.mode === 'possessive') return true;
      return node.mode === 'greedy' && emptyComesLast(node.body);
    default:
      return true;
  }
}

/** Characters of every match, when all matches have the same number of them. */
function fixedLength(node: Node): number | null {
  const inner = childrenOf(node).map(fixedLength);
  switch (node.kind) {
    case 'set':
      return 1;
    case 'reference':
      return null;
    case 'assert':
    case 'look':
      return 0;
    case 'sequence':
      return inner.reduce((sum, length) => (sum === null || length === null ? null : sum + length), 0);
    case 'repeat':
      return node.min === node.max && inner[0] !== null ? inner[0]! * node.max : null;
    default:
      return inner.every((length) => length === inner[0]) ? inner[0]! : null;
  }
}

function hasUpperEnd(node: Node): boolean {
  if (node.kind === 'reference' || (node.kind === 'repeat' && node.max === Number.POSITIVE_INFINITY))
    return false;
  return childrenOf(node).every(hasUpperEnd);
}

/**
 * What may stand in a look-behind: what has an upper end, or one character without end among parts of fixed
 * length (with others Java's sum of the lengths overflows and it finds too little).
 */
export function canLookBehind(body: Node): boolean {
  if (hasUpperEnd(body)) return true;
  const items = body.kind === 'sequence' ? body.items : [body];
  const others = items.filter((item) => fixedLength(item) === null || !hasUpperEnd(item));
  return others.length === 1 && others[0]!.kind === 'repeat' && others[0]!.body.kind === 'set';
}
