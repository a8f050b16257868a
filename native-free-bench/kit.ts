/** What a subject of measurement is, and the input that subjects share. */
import { systemClock } from '../src/base/clock.ts';
import { silentLogger } from '../src/base/log.ts';
import type { ComponentContext } from '../src/component/context.ts';
import { parseOptions } from '../src/component/options/parse.ts';
import type { OptionTable } from '../src/component/options/table.ts';
import { BatchBuilder } from '../src/memory/block/builder.ts';
import type { BuiltBlock } from '../src/memory/block/built-block.ts';
import { BatchView } from '../src/memory/block/view.ts';
import { BlockStore } from '../src/memory/store/store.ts';

export interface Case {
  readonly name: string;
  /**
   * Things (records, events, lines, keys …) and bytes of input that one pass handles; 0 bytes: not counted.
   */
  readonly items: number;
  readonly bytes: number;
  /** One pass. Everything a pass needs is ready before; it can be repeated without end. */
  pass(): void | Promise<void>;
  /** Throws when the pass before did not do what it should have done. */
  check(): void;
  close?(): Promise<void>;
}

export interface Subject {
  readonly name: string;
  readonly title: string;
  /** Items of one pass when `--size` does not say. */
  readonly size: number;
  cases(size: number): Promise<readonly Case[]>;
}

export const BODY_BYTES = 200;

/** Line `index` of every input: numbered, with a level, a card number in some, and filled to BODY_BYTES. */
export function lineText(index: number): string {
  const level = index % 4 === 0 ? 'ERROR' : 'INFO';
  const card = index % 10 === 0 ? ' card 4111222233334444' : '';
  return `${level} request ${index} took ${index % 997} ms${card} `.padEnd(BODY_BYTES, 'x');
}

/** Lines with a line end behind each. */
export function linesOf(count: number, end = '\n'): Buffer {
  return Buffer.from(Array.from({ length: count }, (_, i) => lineText(i) + end).join(''));
}

let stores = 0;

/** A builder over a store of its own. Blocks are never retained, so segments are used again and again. */
export function newBuilder(): BatchBuilder {
  return new BatchBuilder(new BlockStore(++stores));
}

export function viewOf({ segment, offset }: BuiltBlock): BatchView {
  return new BatchView(segment, offset);
}

/** What a component is created with: its options, parsed by its own table. */
export function contextFor(
  table: OptionTable,
  properties: Readonly<Record<string, string>>,
): ComponentContext {
  const { values, findings } = parseOptions(table, properties, { component: 'bench' });
  if (findings.length > 0) throw new Error(findings.map((finding) => finding.text).join('; '));
  return { name: 'bench', options: values, log: silentLogger, clock: systemClock };
}
