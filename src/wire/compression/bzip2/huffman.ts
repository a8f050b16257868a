/** Canonical Huffman codes of bounded length: codes of a length follow each other in the order of symbols. */

/** Decoders take 20; bzip2 itself writes no longer ones than these. */
const LENGTH_MAX = 17;

/** Code lengths for symbols that occur so often; one that does not occur has a code, too. */
export function lengthsOf(counts: Uint32Array): Uint8Array {
  const weights = Float64Array.from(counts, (count) => Math.max(1, count));
  for (;;) {
    const lengths = treeDepths(weights);
    if (lengths.every((length) => length <= LENGTH_MAX)) return lengths;
    // Flatter weights make a flatter tree.
    for (let i = 0; i < weights.length; i++) weights[i] = 1 + Math.floor(weights[i]! / 2);
  }
}

/**
 * Depths of the leaves. The two lightest nodes are joined until one is left; joined ones come up in the order
 * of their weights, so two queues hold all nodes.
 */
function treeDepths(weights: Float64Array): Uint8Array {
  const leaves = weights.length;
  const order = Array.from({ length: leaves }, (_, leaf) => leaf);
  order.sort((a, b) => weights[a]! - weights[b]! || a - b);
  const joined = new Float64Array(leaves - 1);
  /** Of the leaves first, in their order, then of the joined nodes. */
  const parents = new Uint16Array(2 * leaves - 1);
  let leaf = 0;
  let node = 0;
  for (let made = 0; made < joined.length; made++) {
    for (let child = 0; child < 2; child++) {
      const takesLeaf = node >= made || (leaf < leaves && weights[order[leaf]!]! <= joined[node]!);
      joined[made]! += takesLeaf ? weights[order[leaf]!]! : joined[node]!;
      parents[takesLeaf ? leaf++ : leaves + node++] = leaves + made;
    }
  }
  const depths = new Uint16Array(parents.length);
  for (let i = parents.length - 2; i >= 0; i--) depths[i] = depths[parents[i]!]! + 1;
  const lengths = new Uint8Array(leaves);
  for (let i = 0; i < leaves; i++) lengths[order[i]!] = Math.min(255, depths[i]!);
  return lengths;
}

export function codesOf(lengths: Uint8Array): Uint32Array {
  const codes = new Uint32Array(lengths.length);
  let code = 0;
  for (let length = 1; length <= LENGTH_MAX; length++) {
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] === length) codes[symbol] = code++;
    }
    code <<= 1;
  }
  return codes;
}
