/** Batches in real shared memory from plain lists, through an interceptor or a selector, and read back. */
import assert from 'node:assert/strict';
import type { InterceptorDeclaration, SelectorDeclaration } from '../../src/component/declaration.ts';
import type { ChannelSelector } from '../../src/component/selector.ts';
import { Batch, type BatchRange } from '../../src/memory/block/batch.ts';
import { BatchBuilder } from '../../src/memory/block/builder.ts';
import type { Headers } from '../../src/memory/block/headers.ts';
import type { Numbering } from '../../src/memory/block/numbering.ts';
import { BatchView } from '../../src/memory/block/view.ts';
import { BlockStore } from '../../src/memory/store/store.ts';
import { createPart, ManualClock, type Properties, RecordedLog } from './part.ts';

/** Headers and body of an event. */
export type EventOf = readonly [Readonly<Record<string, string>>, string | Uint8Array];

export interface ReadEvent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An open batch, as a source hands it over. */
export function openBatch(events: readonly EventOf[]): BatchBuilder {
  const builder = new BatchBuilder(new BlockStore(1));
  builder.begin();
  for (const [headers, body] of events) {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    builder.append(bytes, 0, bytes.length, new Map(Object.entries(headers)));
  }
  return builder;
}

/** The whole of a finished batch. */
function finished(builder: BatchBuilder): BatchRange {
  const { segment, offset, count } = builder.finish(0);
  return { view: new BatchView(segment, offset), first: 0, count };
}

/** Batches of blocks of their own, as a sink is handed them. */
export function batchOf(...blocks: readonly (readonly EventOf[])[]): Batch {
  return new Batch(blocks.map((events) => finished(openBatch(events))));
}

/** A batch of one block whose events a channel numbers from `number` on. */
export function numberedBatch(events: readonly EventOf[], numbering: Numbering, number: number): Batch {
  const { segment, offset, count } = openBatch(events).finish(0);
  const view = new BatchView(segment, offset, { numbering, first: number });
  return new Batch([{ view, first: 0, count }]);
}

/** Bodies as a source of lines leaves them in memory: one behind the other, with their line ends. */
export function batchOfLines(lines: readonly string[]): Batch {
  const builder = openBatch([]);
  const chunk = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  assert.equal(builder.appendLines(chunk, 0, chunk.length), chunk.length);
  return new Batch([finished(builder)]);
}

/** A part of a batch's first block, as a take may be. */
export function part(batch: Batch, first: number, count: number): Batch {
  return new Batch([{ view: batch.ranges[0]!.view, first, count }]);
}

/** The events that a batch holds once it is put; none when an interceptor dropped all. */
export function readBack(builder: BatchBuilder): ReadEvent[] {
  if (builder.count === 0) return [];
  const { view, count } = finished(builder);
  return Array.from({ length: count }, (_, i) => ({
    headers: plain(view.headers(i)),
    body: view.bodyText(i),
  }));
}

export function plain(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export interface Bench {
  readonly clock?: ManualClock;
  readonly log?: RecordedLog;
}

/** Creates the interceptor, shows it the events as one batch, and reads what is put. */
export async function intercept(
  declaration: InterceptorDeclaration,
  properties: Properties,
  events: readonly EventOf[],
  { clock = new ManualClock(), log = new RecordedLog() }: Bench = {},
): Promise<ReadEvent[]> {
  const interceptor = await createPart(declaration, properties, { name: 'i1', clock, log });
  const builder = openBatch(events);
  interceptor.intercept(builder);
  const read = readBack(builder);
  interceptor.close?.();
  return read;
}

export interface NamedRoute {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

export async function createSelector(
  declaration: SelectorDeclaration,
  channels: readonly string[],
  properties: Properties,
  { clock = new ManualClock(), log = new RecordedLog() }: Bench = {},
): Promise<ChannelSelector> {
  return await createPart(declaration, properties, { name: 'r1', channels, clock, log });
}

/** The channels of each event by name. */
export function routesOf(
  selector: ChannelSelector,
  channels: readonly string[],
  events: readonly EventOf[],
): NamedRoute[] {
  const builder = openBatch(events);
  return events.map((_, i) => {
    const { required, optional } = selector.uniform ?? selector.route(builder, i);
    const named = (list: readonly number[]) => list.map((channel) => channels[channel]!);
    return { required: named(required), optional: named(optional) };
  });
}
