import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BLOCK_BYTES_MAX, SEGMENT_BYTES } from '../../../src/base/limits.ts';
import { BatchBuilder } from '../../../src/memory/block/builder.ts';
import type { BuiltBlock } from '../../../src/memory/block/built-block.ts';
import { BatchView } from '../../../src/memory/block/view.ts';
import { Segment } from '../../../src/memory/store/segment.ts';
import { BlockStore } from '../../../src/memory/store/store.ts';
import {
  type Append,
  append,
  applyAppend,
  applyEdit,
  assertBlock,
  assertEvents,
  type Edit,
  edit,
  type ModelEvent,
} from './model.ts';

interface BatchPlan {
  readonly op: 'batch';
  readonly hint: number;
  readonly appends: readonly Append[];
  readonly edits: readonly Edit[];
  /** Shares of a selector: for each the number that an event's index is divided by. */
  readonly shares: readonly number[];
  readonly end: 'finish' | 'cancel';
}

type Step =
  | BatchPlan
  | { readonly op: 'release'; readonly pick: number }
  | { readonly op: 'releaseAll' }
  | { readonly op: 'trim' };

const batch: fc.Arbitrary<BatchPlan> = fc.record({
  op: fc.constant('batch' as const),
  hint: fc.oneof(fc.nat(5000), fc.nat(3 * SEGMENT_BYTES)),
  appends: fc.array(append, { minLength: 1, maxLength: 8 }),
  edits: fc.array(edit, { maxLength: 8 }),
  shares: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
  end: fc.constantFrom('finish', 'finish', 'finish', 'finish', 'finish', 'cancel'),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: batch },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('release' as const), pick: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.constant({ op: 'releaseAll' as const }) },
  { weight: 1, arbitrary: fc.constant({ op: 'trim' as const }) },
);

interface LiveBlock {
  readonly block: BuiltBlock;
  readonly model: readonly ModelEvent[];
  readonly madeMs: number;
}

/** A source's store with its builder, and every block that somebody still needs. */
class StoreModel {
  readonly #dropped = new Set<number>();
  readonly #store = new BlockStore(7, (id) => this.#dropped.add(id));
  readonly #builder = new BatchBuilder(this.#store);
  readonly #live: LiveBlock[] = [];
  #now = 1.7e12;

  run(next: Step): void {
    if (next.op === 'batch') this.#batch(next);
    else if (next.op === 'trim') this.#store.trim();
    else if (next.op === 'releaseAll') while (this.#live.length > 0) this.#release(0);
    else if (this.#live.length > 0) this.#release(next.pick % this.#live.length);
    this.check();
  }

  #batch(plan: BatchPlan): void {
    const builder = this.#builder;
    const model: ModelEvent[] = [];
    builder.begin(plan.hint);
    for (const next of plan.appends) applyAppend(builder, model, next);
    assertEvents(builder, model);
    if (model.length === 0 || plan.end === 'cancel') {
      builder.cancel();
      return;
    }
    for (const next of plan.edits) applyEdit(builder, model, next);
    assertEvents(builder, model);
    for (const name of ['a', 'host']) {
      model.forEach((event, i) => {
        assert.equal(builder.header(i, name), event.headers.get(name));
      });
    }
    const madeMs = this.#now++;
    const block = builder.finish(madeMs);
    block.segment.retain(1);
    this.#live.push({ block, model, madeMs });
    for (const divisor of plan.shares) this.#derive(block, model, divisor, madeMs);
  }

  #derive(whole: BuiltBlock, model: readonly ModelEvent[], divisor: number, madeMs: number): void {
    const indices = model.map((_, i) => i).filter((i) => i % divisor === divisor - 1);
    if (indices.length === 0) return;
    const block = this.#builder.derive(whole, indices);
    if (block === null) return;
    assert.equal(block.segment, whole.segment);
    assert.equal(new BatchView(block.segment, block.offset).isForeign, true);
    block.segment.retain(1);
    this.#live.push({ block, model: indices.map((i) => model[i]!), madeMs });
  }

  #release(index: number): void {
    const [{ block }] = this.#live.splice(index, 1) as [LiveBlock];
    block.segment.release();
  }

  /** No block that is needed has changed, overlaps another or stands in a segment that was given up. */
  check(): void {
    const ends = new Map<number, number>();
    const inOrder = [...this.#live].sort((a, b) => a.block.offset - b.block.offset);
    for (const { block, model, madeMs } of inOrder) {
      const { id, memory } = block.segment;
      assertBlock(new Segment(id, memory), block.offset, block, model, madeMs);
      assert.equal(block.offset % 8, 0);
      assert.ok(block.offset >= (ends.get(id) ?? Segment.firstOffset), 'blocks overlap');
      ends.set(id, block.offset + block.length);
      assert.ok(block.offset + block.length <= memory.byteLength);
      assert.equal(this.#dropped.has(id), false, 'a segment in use was given up');
      this.#checkMoved({ block, model, madeMs });
    }
    this.#checkCounts();
  }

  /** A block that points to nothing outside itself can be read wherever it is copied to. */
  #checkMoved({ block, model, madeMs }: LiveBlock): void {
    const { bytes } = block.segment;
    if (new BatchView(block.segment, block.offset).isForeign || block.length > 50_000) return;
    const copy = Buffer.from(new ArrayBuffer(block.length + 24));
    bytes.copy(copy, 16, block.offset, block.offset + block.length);
    const words = new Uint32Array(copy.buffer);
    assertBlock({ bytes: copy, words }, 16, block, model, madeMs);
  }

  #checkCounts(): void {
    const live = new Map<Segment, number>();
    for (const { block } of this.#live) live.set(block.segment, (live.get(block.segment) ?? 0) + 1);
    for (const [segment, count] of live) assert.equal(segment.live(), count);
    assert.ok(this.#store.segmentCount >= live.size);
  }
}

function build(store: BlockStore, bodies: readonly Buffer[]): BuiltBlock {
  const builder = new BatchBuilder(store);
  builder.begin();
  for (const body of bodies) builder.append(body, 0, body.length);
  return builder.finish(1);
}

const tooLarge = { code: 'EVENT_TOO_LARGE' };

describe('blocks in a store', () => {
  test('read as the events that were put in and edited, until they are released, for any batches', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 16 }), (list) => {
        const model = new StoreModel();
        for (const next of list) model.run(next);
      }),
      { numRuns: 60 },
    );
  });

  test('keep what they hold when a batch outgrows its segment, headers included', () => {
    const store = new BlockStore(1);
    const builder = new BatchBuilder(store);
    const model: ModelEvent[] = [];
    builder.begin(10);
    for (let i = 0; i < 60; i++) {
      const headers = new Map([['n', String(i % 3)]]);
      applyAppend(builder, model, { op: 'append', place: { from: i, length: 100_000 }, headers });
    }
    builder.setHeaderOnAll('host', 'h', false);
    for (const event of model) event.headers.set('host', 'h');
    const block = builder.finish(5);
    assert.ok(block.length > 2 * SEGMENT_BYTES);
    assertBlock(block.segment, block.offset, block, model, 5);
  });

  test('keep headers set for all when setting one event’s own makes the batch move', () => {
    const builder = new BatchBuilder(new BlockStore(1));
    builder.begin(10);
    const body = Buffer.alloc(500, 'x');
    for (let i = 0; i < 3000; i++) builder.append(body, 0, body.length);
    builder.setHeaderOnAll('common', 'c'.repeat(200), false);
    for (let i = 0; i < 3000; i++) builder.setHeader(i, 'own', `${i}`.padEnd(400, '.'));
    builder.setHeaders(0, new Map([['alone', 'yes']]));
    const block = builder.finish(5);
    assert.ok(block.length > SEGMENT_BYTES);
    const view = new BatchView(block.segment, block.offset);
    assert.deepEqual([...view.headers(0)], [['alone', 'yes']]);
    for (const i of [1, 1500, 2999]) {
      assert.equal(view.headers(i).get('own'), `${i}`.padEnd(400, '.'));
      assert.equal(view.headers(i).get('common'), 'c'.repeat(200));
    }
  });

  test('of lines keep a return before the line end, or drop it, as the source wants', () => {
    const chunk = Buffer.from('before\none\r\n\r\n\ntwo\rthree\n\r\r\nrest\r');
    for (const dropsReturn of [false, true]) {
      const builder = new BatchBuilder(new BlockStore(1));
      builder.begin();
      assert.equal(builder.appendLines(chunk, 7, chunk.length, dropsReturn), chunk.length - 5);
      const block = builder.finish(1);
      const view = new BatchView(block.segment, block.offset);
      const bodies = Array.from({ length: view.count }, (_, i) => view.bodyText(i));
      const end = dropsReturn ? '' : '\r';
      assert.deepEqual(bodies, [`one${end}`, end, '', 'two\rthree', `\r${end}`]);
    }
  });

  test('tell whether their bodies stand as lines', () => {
    const chunk = Buffer.from('one\ntwo\n\nthree\n');
    const isLines = (make: (builder: BatchBuilder) => void): boolean => {
      const builder = new BatchBuilder(new BlockStore(1));
      builder.begin();
      builder.appendLines(chunk, 0, chunk.length);
      make(builder);
      const block = builder.finish(1);
      return new BatchView(block.segment, block.offset).isLines;
    };
    assert.equal(
      isLines((builder) => builder.setHeaderOnAll('host', 'h', false)),
      true,
    );
    assert.equal(
      isLines((builder) => builder.appendLines(chunk, 4, chunk.length)),
      true,
    );
    const edits: ((builder: BatchBuilder) => void)[] = [
      (builder) => builder.appendText('x'),
      (builder) => builder.filter((i) => i !== 1),
      (builder) => builder.replaceBody(0, Buffer.from('ONE')),
      (builder) => builder.appendLines(Buffer.from('a\r\n'), 0, 3, true),
      (builder) => {
        builder.setHeader(0, 'own', 'header');
        builder.appendLines(chunk, 0, chunk.length);
      },
    ];
    for (const make of edits) assert.equal(isLines(make), false, String(make));
  });

  test('tell which events were left after several filters', () => {
    const builder = new BatchBuilder(new BlockStore(1));
    builder.begin();
    for (let i = 0; i < 10; i++) builder.appendText(String(i));
    assert.equal(builder.originalIndices(), null);
    builder.filter((i) => i % 2 === 1);
    builder.filter((i) => i !== 1);
    assert.deepEqual([...builder.originalIndices()!], [1, 5, 7, 9]);
    builder.cancel();
    builder.begin();
    builder.appendText('next');
    assert.equal(builder.originalIndices(), null);
  });
});

describe('the largest block', () => {
  const mib = (n: number) => Buffer.alloc(n * 1024 * 1024, n);

  test('refuses an event that does not fit, keeps those before it, and is never exceeded', () => {
    // A block of more than half the limit makes the store allocate a segment that is larger than any block
    // may be.
    for (const first of [mib(1), mib(9), Buffer.alloc(BLOCK_BYTES_MAX - 1000)]) {
      const builder = new BatchBuilder(new BlockStore(1));
      builder.begin();
      builder.append(first, 0, first.length);
      let appended = 1;
      assert.throws(() => {
        for (; appended < 40; appended++) builder.append(mib(1), 0, 1024 * 1024);
      }, tooLarge);
      const block = builder.finish(1);
      assert.equal(block.count, appended);
      assert.ok(block.length <= BLOCK_BYTES_MAX, `${block.length} bytes`);
      assert.ok(block.segment.sizeBytes <= 2 * BLOCK_BYTES_MAX);
      assert.ok(new BatchView(block.segment, block.offset).bodyView(0).equals(first));
    }
  });

  test('is bounded in a segment that has room for more', () => {
    const store = new BlockStore(1);
    build(store, [Buffer.alloc(BLOCK_BYTES_MAX - 200)]);
    const builder = new BatchBuilder(store);
    builder.begin();
    const eight = mib(8);
    builder.append(eight, 0, eight.length);
    assert.throws(() => builder.append(eight, 0, eight.length), tooLarge);
    assert.equal(builder.finish(1).count, 1);
  });

  test('takes lines back whose table does not fit, so that what was there before can be put', () => {
    const builder = new BatchBuilder(new BlockStore(1));
    builder.begin();
    builder.appendText('first');
    const chunk = Buffer.alloc(2_000_000, '\n');
    assert.throws(() => builder.appendLines(chunk, 0, chunk.length), tooLarge);
    builder.appendText('last');
    const view = viewOf(builder.finish(1));
    assert.deepEqual([view.count, view.bodyText(0), view.bodyText(1)], [2, 'first', 'last']);
  });

  test('takes an event back whose headers do not fit', () => {
    const builder = new BatchBuilder(new BlockStore(1));
    builder.begin();
    builder.appendText('first', new Map([['a', '1']]));
    const headers = new Map([['large', 'x'.repeat(BLOCK_BYTES_MAX)]]);
    assert.throws(() => builder.appendText('second', headers), tooLarge);
    assert.throws(() => builder.append(Buffer.from('third'), 0, 5, headers), tooLarge);
    builder.appendText('last');
    const view = viewOf(builder.finish(1));
    assert.deepEqual([view.count, view.bodyText(0), view.bodyText(1)], [2, 'first', 'last']);
    assert.deepEqual([...view.headers(0)], [['a', '1']]);
  });

  test('holds a text by its bytes, not by the most that its letters could need', () => {
    const builder = new BatchBuilder(new BlockStore(1));
    builder.begin();
    const text = 'a'.repeat(BLOCK_BYTES_MAX / 2 - 10);
    builder.appendText(text);
    builder.appendText('€'.repeat(100_000));
    const view = viewOf(builder.finish(1));
    assert.equal(view.bodyLength(0), text.length);
    assert.equal(view.bodyLength(1), 300_000);
    assert.equal(view.bodyText(1).length, 100_000);
  });

  function viewOf(block: BuiltBlock): BatchView {
    return new BatchView(block.segment, block.offset);
  }
});
