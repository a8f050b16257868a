/**
 * What `index.ts` of a component declares: names, options, where its code is. Loading a declaration
 * must stay cheap (no imports beyond this folder); the code behind `load` is imported only in the
 * worker that runs the component.
 */
import type { Channel, ChannelContext } from './channel.ts';
import type { Interceptor, InterceptorContext } from './interceptor.ts';
import type { OptionTable } from './options/table.ts';
import type { SinkProcessor, SinkProcessorContext } from './processor.ts';
import type { ChannelSelector, SelectorContext } from './selector.ts';
import type { EventSerializer, SerializerContext } from './serializer.ts';
import type { Sink, SinkContext } from './sink.ts';
import type { Source, SourceContext } from './source.ts';

export type ComponentKind =
  | 'source'
  | 'channel'
  | 'sink'
  | 'interceptor'
  | 'selector'
  | 'processor'
  | 'serializer';

interface DeclarationBase<K extends ComponentKind> {
  readonly kind: K;
  /**
   * Flume's short names, matched in any letter case; may be empty. The first one is the
   * folder's and page's name.
   */
  readonly aliases: readonly string[];
  /** Java class names accepted as `type`, known ones in any letter case. */
  readonly classes: readonly string[];
  readonly title: string;
  readonly stability: 'stable' | 'experimental' | 'deprecated' | 'test-only';
  readonly options: OptionTable;
  /** One short example, as lines of flume.conf with agent a1 and component names r1, c1, k1, i1. */
  readonly example: string;
}

/** `create` must throw a MillraceError for options that cannot work; it must not open anything. */
export interface SourceDeclaration extends DeclarationBase<'source'> {
  /** Option that holds the batch size which is checked against transactionCapacity. */
  readonly batchSizeOption?: string;
  /** Counters beside those of every source. */
  readonly counters?: readonly string[];
  /** Whether Flume registers a counter group (netcat, stress do not). */
  readonly registersCounters: boolean;
  readonly load: () => Promise<{ create(context: SourceContext): Source }>;
}

export interface ChannelDeclaration extends DeclarationBase<'channel'> {
  /** Counters beside those of every channel. */
  readonly counters?: readonly string[];
  /** Whether what was acknowledged outlives the process. */
  readonly durable?: boolean;
  /** Whether the channel has a `numbering`: sinks can tell an event that comes again from a new one. */
  readonly numbersEvents?: boolean;
  readonly capacityOption?: string;
  readonly transactionCapacityOption?: string;
  readonly load: () => Promise<{ create(context: ChannelContext): Channel }>;
}

export interface SinkDeclaration extends DeclarationBase<'sink'> {
  readonly batchSizeOption?: string;
  /**
   * The option for which a sink needs a channel that numbers its events, and that it shares with no other
   * sink; null when it needs none.
   */
  readonly numberedBy?: (options: Readonly<Record<string, unknown>>) => string | null;
  readonly registersCounters: boolean;
  /** Counters beside those of every sink. */
  readonly counters?: readonly string[];
  /** True when `process` never needs the event loop: its worker may then sleep in Atomics.wait. */
  readonly blocking: boolean;
  readonly load: () => Promise<{ create(context: SinkContext): Sink }>;
}

export interface InterceptorDeclaration extends DeclarationBase<'interceptor'> {
  readonly load: () => Promise<{ create(context: InterceptorContext): Interceptor | Promise<Interceptor> }>;
}

export interface SelectorDeclaration extends DeclarationBase<'selector'> {
  readonly load: () => Promise<{ create(context: SelectorContext): ChannelSelector }>;
}

export interface ProcessorDeclaration extends DeclarationBase<'processor'> {
  readonly load: () => Promise<{ create(context: SinkProcessorContext): SinkProcessor }>;
}

export interface SerializerDeclaration extends DeclarationBase<'serializer'> {
  readonly load: () => Promise<{ create(context: SerializerContext): EventSerializer }>;
}

export type Declaration =
  | SourceDeclaration
  | ChannelDeclaration
  | SinkDeclaration
  | InterceptorDeclaration
  | SelectorDeclaration
  | ProcessorDeclaration
  | SerializerDeclaration;

export type DeclarationOf<K extends ComponentKind> = Extract<Declaration, { kind: K }>;

/** A line of registry.ts. Names are repeated there so that a look-up imports one declaration only. */
export interface RegistryEntryOf<K extends ComponentKind> {
  readonly kind: K;
  readonly aliases: readonly string[];
  readonly classes: readonly string[];
  readonly declare: () => Promise<{ default: DeclarationOf<K> }>;
}

export type RegistryEntry = { [K in ComponentKind]: RegistryEntryOf<K> }[ComponentKind];
