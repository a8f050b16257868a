/**
 * What the author of a plug-in needs: the contract of each kind of component, the option table, and batches.
 *
 * A plug-in is a module whose default export is a declaration. It is named in flume.conf by its file
 * (`type = file:/opt/plug-ins/shout.js`) or by its name under `plugins.d`.
 *
 *     import { optionTable } from 'millrace/plugin';
 *     import type { SinkDeclaration } from 'millrace/plugin';
 *
 *     export default {
 *       kind: 'sink', aliases: [], classes: [], title: 'Shouts', stability: 'experimental',
 *       options: optionTable({ volume: { kind: 'int', default: 11, help: 'How loud.' } }),
 *       registersCounters: true, blocking: false, example: 'a1.sinks.k1.type = file:/opt/plug-ins/shout.js',
 *       load: () => import('./sink.js'),
 *     } satisfies SinkDeclaration;
 *
 * The module behind `load` exports `create(context)`. The duties of what it returns stand with each contract:
 * Source, Channel, Sink, Interceptor, ChannelSelector, SinkProcessor, EventSerializer.
 */
export type { Clock } from './base/clock.ts';
export type { ErrorCode, ErrorDetail } from './base/errors.ts';
export { MillraceError, messageOf } from './base/errors.ts';
export type { Finding, Severity } from './base/finding.ts';
export type { Logger } from './base/log.ts';
export { silentLogger } from './base/log.ts';
export type {
  Channel,
  ChannelContext,
  PendingPut,
  PutStatus,
  SegmentLookup,
  Take,
} from './component/channel.ts';
export type { ComponentContext } from './component/context.ts';
export type {
  ChannelCounterName,
  ChannelCounters,
  Counters,
  SinkCounterName,
  SinkCounters,
  SourceCounterName,
  SourceCounters,
} from './component/counters.ts';
export type {
  ChannelDeclaration,
  ComponentKind,
  Declaration,
  DeclarationOf,
  InterceptorDeclaration,
  ProcessorDeclaration,
  SelectorDeclaration,
  SerializerDeclaration,
  SinkDeclaration,
  SourceDeclaration,
} from './component/declaration.ts';
export type { Interceptor, InterceptorContext } from './component/interceptor.ts';
export { parseOptions } from './component/options/parse.ts';
export type { OptionKind, OptionSpec, OptionsOf, OptionTable } from './component/options/table.ts';
export { optionTable } from './component/options/table.ts';
export { parseDurationMs, parseSizeBytes } from './component/options/units.ts';
export type {
  SinkHandle,
  SinkProcessor,
  SinkProcessorContext,
  SinkStatus,
} from './component/processor.ts';
export { type ProgressRow, type ProgressTable, progressTable } from './component/progress.ts';
export type { ChannelSelector, Route, SelectorContext } from './component/selector.ts';
export type { EventSerializer, SerializerContext, Writer } from './component/serializer.ts';
export type { HeldLimits, HeldPart, Sink, SinkContext } from './component/sink.ts';
export type { PutMode, PutOutcome, Refusal, Source, SourceContext } from './component/source.ts';
export type { Batch, BatchRange } from './memory/block/batch.ts';
export type { BatchBuilder } from './memory/block/builder.ts';
export type { BatchEditor } from './memory/block/editor.ts';
export type { Headers } from './memory/block/headers.ts';
export { NO_HEADERS } from './memory/block/headers.ts';
export type { BatchView } from './memory/block/view.ts';
export type { BlockRange, ChannelMemory } from './memory/store/range.ts';
