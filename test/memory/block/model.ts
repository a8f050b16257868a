/** Batches as plain lists of events, to hold the builder, the view and the store against. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { BatchBuilder } from '../../../src/memory/block/builder.ts';
import type { BuiltBlock } from '../../../src/memory/block/built-block.ts';
import { slotsOf } from '../../../src/memory/block/layout.ts';
import { BatchView, type BlockMemory } from '../../../src/memory/block/view.ts';

/** Bodies are cut out of this, so that a wrong byte anywhere shows. No line ends in it. */
const noise = Buffer.alloc(6_000_000);
for (let i = 0, x = 12345; i < noise.length; i++) {
  x = (Math.imul(x, 1103515245) + 12345) >>> 0;
  noise[i] = 11 + ((x >>> 16) % 240);
}

export interface Place {
  readonly from: number;
  readonly length: number;
}

export function bodyAt({ from, length }: Place): Buffer {
  return noise.subarray(from, from + length);
}

export interface ModelEvent {
  body: Buffer;
  headers: Map<string, string>;
}

export type Append =
  | { readonly op: 'append'; readonly place: Place; readonly headers: Map<string, string> }
  | { readonly op: 'text'; readonly text: string; readonly headers: Map<string, string> }
  | { readonly op: 'lines'; readonly lines: readonly Place[]; readonly rest: Place }
  | { readonly op: 'fixed'; readonly place: Place; readonly count: number }
  | { readonly op: 'lent'; readonly place: Place; readonly asked: number };

export type Edit =
  | { readonly op: 'setHeader'; readonly at: number; readonly name: string; readonly value: string }
  | { readonly op: 'setHeaders'; readonly at: number; readonly headers: Map<string, string> }
  | { readonly op: 'removeHeaders'; readonly at: number; readonly names: readonly string[] }
  | { readonly op: 'setOnAll'; readonly name: string; readonly value: string; readonly preserve: boolean }
  | { readonly op: 'replace'; readonly at: number; readonly place: Place }
  | { readonly op: 'filter'; readonly drop: readonly number[] };

const name = fc.constantFrom('a', 'b', 'host', '__proto__', 'ü');
const value = fc.oneof(fc.constantFrom('', '1', 'x'.repeat(300)), fc.string({ maxLength: 6 }));
const headers = fc.array(fc.tuple(name, value), { maxLength: 4 }).map((pairs) => new Map(pairs));
const noHeaders = fc.constant(new Map<string, string>());
const someHeaders = fc.oneof({ weight: 3, arbitrary: noHeaders }, { weight: 2, arbitrary: headers });

function placeOf(lengthMax: number): fc.Arbitrary<Place> {
  return fc.record({
    from: fc.nat(noise.length - lengthMax),
    length: fc.oneof(fc.nat(Math.min(lengthMax, 120)), fc.nat(lengthMax)),
  });
}

const small = placeOf(2000);
const large = placeOf(1_500_000);
const body = fc.oneof({ weight: 12, arbitrary: small }, { weight: 1, arbitrary: large });

export const append: fc.Arbitrary<Append> = fc.oneof(
  fc.record({ op: fc.constant('append' as const), place: body, headers: someHeaders }),
  fc.record({
    op: fc.constant('text' as const),
    text: fc.string({ unit: 'grapheme', maxLength: 60 }),
    headers: someHeaders,
  }),
  fc.record({
    op: fc.constant('lines' as const),
    lines: fc.oneof(
      fc.array(small, { maxLength: 8 }),
      fc.array(fc.constant({ from: 0, length: 1 }), { minLength: 300, maxLength: 700 }),
    ),
    rest: small,
  }),
  fc.record({
    op: fc.constant('fixed' as const),
    place: placeOf(50),
    count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 200, max: 600 })),
  }),
  fc.record({ op: fc.constant('lent' as const), place: small, asked: fc.nat(3000) }),
);

const at = fc.nat(1000);

export const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ op: fc.constant('setHeader' as const), at, name, value }),
  fc.record({ op: fc.constant('setHeaders' as const), at, headers }),
  fc.record({ op: fc.constant('removeHeaders' as const), at, names: fc.array(name, { maxLength: 2 }) }),
  fc.record({ op: fc.constant('setOnAll' as const), name, value, preserve: fc.boolean() }),
  fc.record({ op: fc.constant('replace' as const), at, place: body }),
  fc.record({ op: fc.constant('filter' as const), drop: fc.array(fc.nat(20), { maxLength: 5 }) }),
);

export function applyAppend(builder: BatchBuilder, model: ModelEvent[], next: Append): void {
  switch (next.op) {
    case 'append': {
      const { from, length } = next.place;
      builder.append(noise, from, from + length, next.headers);
      model.push({ body: Buffer.from(bodyAt(next.place)), headers: new Map(next.headers) });
      return;
    }
    case 'text':
      builder.appendText(next.text, next.headers);
      model.push({ body: Buffer.from(next.text), headers: new Map(next.headers) });
      return;
    case 'lines':
      return appendLines(builder, model, next.lines.map(bodyAt), bodyAt(next.rest));
    case 'fixed': {
      const { from, length } = next.place;
      const first = from % (noise.length - length * next.count);
      const template = Buffer.from(noise.subarray(first, first + length * next.count));
      builder.appendFixed(template, next.count, length);
      for (let n = 0; n < next.count; n++) {
        model.push({ body: template.subarray(n * length, (n + 1) * length), headers: new Map() });
      }
      return;
    }
    case 'lent': {
      const content = bodyAt(next.place).subarray(0, next.asked);
      const start = builder.beginBody(next.asked);
      content.copy(builder.bytes, start);
      builder.endBody(content.length);
      model.push({ body: Buffer.from(content), headers: new Map() });
    }
  }
}

function appendLines(
  builder: BatchBuilder,
  model: ModelEvent[],
  lines: readonly Buffer[],
  rest: Buffer,
): void {
  const margin = Buffer.from('margin\n');
  const chunk = Buffer.concat([margin, ...lines.flatMap((line) => [line, Buffer.from('\n')]), rest]);
  const end = builder.appendLines(chunk, margin.length, chunk.length);
  assert.equal(end, chunk.length - rest.length, 'stops after the last line end');
  for (const line of lines) model.push({ body: Buffer.from(line), headers: new Map() });
}

export function applyEdit(builder: BatchBuilder, model: ModelEvent[], next: Edit): void {
  const index = 'at' in next ? next.at % model.length : 0;
  const event = model[index]!;
  switch (next.op) {
    case 'setHeader':
      builder.setHeader(index, next.name, next.value);
      event.headers.set(next.name, next.value);
      return;
    case 'setHeaders':
      builder.setHeaders(index, next.headers);
      event.headers = new Map(next.headers);
      return;
    case 'removeHeaders':
      builder.removeHeaders(index, (one) => next.names.includes(one));
      for (const one of next.names) event.headers.delete(one);
      return;
    case 'setOnAll':
      builder.setHeaderOnAll(next.name, next.value, next.preserve);
      for (const each of model) {
        if (!(next.preserve && each.headers.has(next.name))) each.headers.set(next.name, next.value);
      }
      return;
    case 'replace':
      builder.replaceBody(index, bodyAt(next.place));
      event.body = Buffer.from(bodyAt(next.place));
      return;
    case 'filter': {
      const kept = model.filter((_, i) => !next.drop.includes(i));
      if (kept.length === 0) return;
      builder.filter((i) => !next.drop.includes(i));
      model.splice(0, model.length, ...kept);
    }
  }
}

function sorted(map: ReadonlyMap<string, string>): [string, string][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What a builder or a view has to read. */
interface Readable {
  readonly count: number;
  bodyLength(index: number): number;
  bodyView(index: number): Buffer;
  bodyText(index: number, encoding?: BufferEncoding): string;
  headers(index: number): ReadonlyMap<string, string>;
}

export function assertEvents(actual: Readable, model: readonly ModelEvent[]): void {
  assert.equal(actual.count, model.length);
  let headersBefore: ModelEvent | null = null;
  model.forEach((event, i) => {
    assert.equal(actual.bodyLength(i), event.body.length);
    assert.ok(actual.bodyView(i).equals(event.body), `body of event ${i}`);
    if (i < 3) assert.equal(actual.bodyText(i, 'latin1'), event.body.toString('latin1'));
    // Long runs of events without headers need no check one by one.
    if (headersBefore?.headers.size === 0 && event.headers.size === 0 && i > 50) return;
    headersBefore = event;
    assert.deepEqual(sorted(actual.headers(i)), sorted(event.headers), `headers of event ${i}`);
  });
}

/** Reads a finished block as another thread would. */
export function assertBlock(
  memory: BlockMemory,
  offset: number,
  block: BuiltBlock,
  model: readonly ModelEvent[],
  madeMs: number,
): void {
  const view = new BatchView(memory, offset);
  assertEvents(view, model);
  assert.equal(view.lengthBytes, block.length);
  assert.equal(block.length % 8, 0);
  assert.equal(block.count, model.length);
  assert.equal(view.originTimeMs, madeMs);
  assert.equal(
    view.bodyBytes,
    model.reduce((sum, event) => sum + event.body.length, 0),
  );
  const slots = (from: number, to: number) =>
    model.slice(from, to).reduce((sum, event) => sum + slotsOf(event.body.length), 0);
  assert.equal(block.slots, slots(0, model.length));
  assert.equal(view.slots(0, model.length), slots(0, model.length));
  const middle = model.length >> 1;
  assert.equal(view.slots(middle, model.length - middle), slots(middle, model.length));
  if (model.some((event) => event.headers.size > 0)) assert.equal(view.hasHeaders, true);
  assertHeaderKeys(view, model);
  if (view.isLines) assertLines(view);
}

/** Any run of events is one run of bytes: their lines. */
function assertLines(view: BatchView): void {
  let end = view.bodyStart(0);
  for (let i = 0; i < view.count; i++) {
    assert.equal(view.bodyStart(i), end);
    end += view.bodyLength(i) + 1;
    assert.equal(view.bytes[end - 1], 10);
  }
}

function assertHeaderKeys(view: BatchView, model: readonly ModelEvent[]): void {
  const byKey = new Map<number, ModelEvent>();
  model.forEach((event, i) => {
    const key = view.headersKey(i);
    const same = byKey.get(key);
    if (same === undefined) byKey.set(key, event);
    else if (same.headers.size > 0 || event.headers.size > 0)
      assert.deepEqual(sorted(event.headers), sorted(same.headers), 'equal keys mean equal headers');
  });
}
