import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { copyBytes } from '../../src/memory/copy.ts';

const GUARD = 16;
/** Every length around the two thresholds, all short ones, and some beyond. */
const lengths = [
  ...Array.from({ length: 130 }, (_, i) => i),
  ...Array.from({ length: 24 }, (_, i) => 1012 + i),
  4096,
  65_537,
];

function pattern(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7 + (i >> 8)) & 0xff;
}

const sources: Record<string, (length: number) => Uint8Array> = {
  'a plain array': (length) => new Uint8Array(length),
  'a Buffer of the pool': (length) => Buffer.allocUnsafe(length),
  'shared memory': (length) => Buffer.from(new SharedArrayBuffer(length)),
  'a view with an offset': (length) => new Uint8Array(length + 13).subarray(13),
};

describe('copyBytes', () => {
  for (const [name, make] of Object.entries(sources)) {
    for (const shape of ['whole', 'part'] as const) {
      test(`copies the ${shape} of ${name} at every length, and not a byte beside it`, () => {
        for (const length of lengths) {
          const margin = shape === 'whole' ? 0 : 5;
          const source = make(length + 2 * margin);
          pattern(source);
          const target = Buffer.from(new SharedArrayBuffer(length + 2 * GUARD)).fill(0xee);
          copyBytes(target, GUARD, source, margin, margin + length);
          const wanted = Buffer.alloc(length + 2 * GUARD, 0xee);
          wanted.set(source.subarray(margin, margin + length), GUARD);
          assert.ok(target.equals(wanted), `length ${length}`);
        }
      });
    }
  }
});
