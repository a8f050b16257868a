/** Blocks: built in a store in each of the ways that sources have, and read in place as sinks do. */
import '../native-off.ts';
import assert from 'node:assert/strict';
import type { BatchBuilder } from '../../src/memory/block/builder.ts';
import type { BuiltBlock } from '../../src/memory/block/built-block.ts';
import { BODY_BYTES, type Case, lineText, newBuilder, type Subject, viewOf } from '../kit.ts';

const NOW_MS = 1_700_000_000_000;

/** A pass that builds one block of `size` events; checked against the texts of the events. */
function building(name: string, size: number, append: (builder: BatchBuilder) => void): Case {
  const builder = newBuilder();
  let block: BuiltBlock | null = null;
  return {
    name,
    items: size,
    bytes: size * BODY_BYTES,
    pass: () => {
      builder.begin(size * BODY_BYTES);
      append(builder);
      block = builder.finish(NOW_MS);
    },
    check: () => {
      const view = viewOf(block!);
      assert.equal(view.count, size);
      assert.equal(view.originTimeMs, NOW_MS);
      for (let i = 0; i < size; i++) assert.equal(view.bodyText(i), lineText(i));
    },
  };
}

/** A pass that reads one block; `read` returns a number that `expected` is, too. */
function reading(
  name: string,
  size: number,
  read: (view: ReturnType<typeof viewOf>) => number,
  expected: number,
): Case {
  const builder = newBuilder();
  builder.begin();
  for (let i = 0; i < size; i++) builder.appendText(lineText(i));
  const block = builder.finish(NOW_MS);
  let result = -1;
  return {
    name,
    items: size,
    bytes: size * BODY_BYTES,
    pass: () => {
      result = read(viewOf(block));
    },
    check: () => assert.equal(result, expected),
  };
}

/** Two shares of one block, as a multiplexing selector makes them. */
function deriving(size: number): Case {
  const builder = newBuilder();
  const bodies = Buffer.from(texts(size).join(''));
  const even = indices(size).filter((i) => i % 2 === 0);
  const odd = indices(size).filter((i) => i % 2 === 1);
  let shares: (BuiltBlock | null)[] = [];
  return {
    name: 'share a block between two channels',
    items: size,
    bytes: size * BODY_BYTES,
    pass: () => {
      builder.begin(2 * size * BODY_BYTES);
      builder.appendFixed(bodies, size, BODY_BYTES);
      const whole = builder.finish(NOW_MS);
      shares = [builder.derive(whole, even), builder.derive(whole, odd)];
    },
    check: () => {
      const read = shares.map((share) => {
        const view = viewOf(share!);
        return indices(view.count).map((i) => view.bodyText(i));
      });
      assert.deepEqual(
        read,
        [even, odd].map((share) => share.map(lineText)),
      );
    },
  };
}

const indices = (size: number) => Array.from({ length: size }, (_, i) => i);
const texts = (size: number) => indices(size).map(lineText);

export const blocks: Subject = {
  name: 'blocks',
  title: 'blocks built and read',
  size: 1000,
  cases: async (size) => {
    const list = texts(size);
    const buffers = list.map((text) => Buffer.from(text));
    const bodies = Buffer.concat(buffers);
    const firstBytes = list.reduce((sum, text) => sum + text.charCodeAt(0), 0);
    return [
      building('build, body by body', size, (builder) => {
        for (const buffer of buffers) builder.append(buffer, 0, buffer.length);
      }),
      building('build, text by text', size, (builder) => {
        for (const text of list) builder.appendText(text);
      }),
      building('build, one run of bodies', size, (builder) => builder.appendFixed(bodies, size, BODY_BYTES)),
      deriving(size),
      reading('read, first byte of each body', size, sumOfFirstBytes, firstBytes),
      reading('read, a view of each body', size, bytesOfViews, size * BODY_BYTES),
      reading('read, text of each body', size, lengthOfTexts, size * BODY_BYTES),
    ];
  },
};

function sumOfFirstBytes(view: ReturnType<typeof viewOf>): number {
  let sum = 0;
  for (let i = 0; i < view.count; i++) sum += view.bytes[view.bodyStart(i)]!;
  return sum;
}

function bytesOfViews(view: ReturnType<typeof viewOf>): number {
  let sum = 0;
  for (let i = 0; i < view.count; i++) sum += view.bodyView(i).length;
  return sum;
}

function lengthOfTexts(view: ReturnType<typeof viewOf>): number {
  let sum = 0;
  for (let i = 0; i < view.count; i++) sum += view.bodyText(i).length;
  return sum;
}
