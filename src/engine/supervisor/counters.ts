/** Counters of all components of an agent: their shared memory, and how they are shown. */

import { CHANNEL_COUNTERS, SINK_COUNTERS, SOURCE_COUNTERS } from '../../component/counters.ts';
import { allocateCounters, CounterSlots } from '../../memory/counters/counters.ts';
import type { SharedMemory } from '../../memory/shared.ts';
import type { CounterGroup } from '../status.ts';
import { type Unit, unitKey } from '../worker/messages.ts';

export type ComponentKindName = 'source' | 'channel' | 'sink';

export interface ComponentName {
  readonly kind: ComponentKindName;
  readonly name: string;
}

const NAMES: Readonly<Record<ComponentKindName, readonly string[]>> = {
  source: SOURCE_COUNTERS,
  channel: CHANNEL_COUNTERS,
  sink: SINK_COUNTERS,
};

/** Flume's internal keys, printed when a component stops. */
const SHUTDOWN_KEYS: Readonly<Record<string, string>> = {
  EventReceivedCount: 'src.events.received',
  EventAcceptedCount: 'src.events.accepted',
  AppendReceivedCount: 'src.append.received',
  AppendAcceptedCount: 'src.append.accepted',
  AppendBatchReceivedCount: 'src.append-batch.received',
  AppendBatchAcceptedCount: 'src.append-batch.accepted',
  OpenConnectionCount: 'src.open-connection.count',
  EventReadFail: 'src.event.read.fail',
  ChannelWriteFail: 'src.channel.write.fail',
  GenericProcessingFail: 'src.generic.processing.fail',
  ChannelSize: 'channel.current.size',
  ChannelCapacity: 'channel.capacity',
  EventPutAttemptCount: 'channel.event.put.attempt',
  EventPutSuccessCount: 'channel.event.put.success',
  EventTakeAttemptCount: 'channel.event.take.attempt',
  EventTakeSuccessCount: 'channel.event.take.success',
  EventPutErrorCount: 'channel.file.event.put.error',
  EventTakeErrorCount: 'channel.file.event.take.error',
  CheckpointWriteErrorCount: 'channel.file.checkpoint.write.error',
  CheckpointBackupWriteErrorCount: 'channel.file.checkpoint.backup.write.error',
  ConnectionCreatedCount: 'sink.connection.creation.count',
  ConnectionClosedCount: 'sink.connection.closed.count',
  ConnectionFailedCount: 'sink.connection.failed.count',
  BatchEmptyCount: 'sink.batch.empty',
  BatchUnderflowCount: 'sink.batch.underflow',
  BatchCompleteCount: 'sink.batch.complete',
  EventDrainAttemptCount: 'sink.event.drain.attempt',
  EventDrainSuccessCount: 'sink.event.drain.sucess',
  EventWriteFail: 'sink.event.write.fail',
  ChannelReadFail: 'sink.channel.read.fail',
};

/** The components that a unit runs, by their names in flume.conf. */
export function componentsOf(unit: Unit): readonly ComponentName[] {
  if (unit.kind === 'group') return unit.sinks.map((sink) => ({ kind: 'sink' as const, name: sink.name }));
  return [{ kind: unit.kind, name: unit.name }];
}

export class ComponentCounters {
  #registered: ReadonlySet<string>;
  readonly #slots = new Map<string, { memory: SharedMemory; slots: CounterSlots<string> }>();
  /** Counters of single components, beside those of every one of its kind. */
  readonly #more = new Map<string, readonly string[]>();

  constructor(registered: ReadonlySet<string>) {
    this.#registered = registered;
  }

  /** To be told of every unit before its counters are used. */
  declare(unit: Unit): void {
    if (unit.kind !== 'group') {
      this.#declare(unitKey(unit), unit.counters);
      return;
    }
    for (const { name, counters } of unit.sinks) this.#declare(`sink ${name}`, counters);
  }

  #declare(key: string, counters: readonly string[]): void {
    const before = this.#more.get(key) ?? [];
    this.#more.set(key, counters);
    if (before.join() !== counters.join()) this.#slots.delete(key);
  }

  #of(kind: ComponentKindName, name: string) {
    const key = `${kind} ${name}`;
    let entry = this.#slots.get(key);
    if (entry === undefined) {
      const names = [...NAMES[kind], ...(this.#more.get(key) ?? [])];
      const memory = allocateCounters(names);
      entry = { memory, slots: new CounterSlots(names, memory) };
      this.#slots.set(key, entry);
    }
    return entry;
  }

  memoryOf(unit: Unit): Record<string, SharedMemory> {
    return Object.fromEntries(
      componentsOf(unit).map(({ kind, name }) => [`${kind} ${name}`, this.#of(kind, name).memory]),
    );
  }

  /** Which components have a counter group in Flume, after a reload. */
  register(components: Iterable<string>): void {
    this.#registered = new Set(components);
  }

  isRegistered(kind: ComponentKindName, name: string): boolean {
    return this.#registered.has(`${kind} ${name}`);
  }

  reset(kind: ComponentKindName, name: string): void {
    this.#of(kind, name).slots.reset();
  }

  started(kind: ComponentKindName, name: string, nowMs: number): void {
    this.#of(kind, name).slots.started(nowMs);
  }

  stopped(kind: ComponentKindName, name: string, nowMs: number): void {
    this.#of(kind, name).slots.stopped(nowMs);
  }

  channelSize(name: string): number {
    return this.#of('channel', name).slots.get('ChannelSize');
  }

  group(kind: ComponentKindName, name: string): CounterGroup {
    const { slots } = this.#of(kind, name);
    return {
      type: kind.toUpperCase() as CounterGroup['type'],
      name,
      registered: this.isRegistered(kind, name),
      startTimeMs: () => slots.startTimeMs,
      stopTimeMs: () => slots.stopTimeMs,
      values: () => new Map(slots.names.map((counter) => [counter, slots.get(counter)])),
    };
  }

  /** Flume's lines at the stop of a component. */
  shutdownLines(kind: ComponentKindName, name: string): readonly string[] {
    if (!this.isRegistered(kind, name)) return [];
    const { slots } = this.#of(kind, name);
    const head = `Shutdown Metric for type: ${kind.toUpperCase()}, name: ${name}.`;
    const prefix = { source: 'source', channel: 'channel', sink: 'sink' }[kind];
    return [
      `${head} ${prefix}.start.time == ${slots.startTimeMs}`,
      `${head} ${prefix}.stop.time == ${slots.stopTimeMs}`,
      ...slots.names.map(
        (counter) => `${head} ${SHUTDOWN_KEYS[counter] ?? counter} == ${slots.get(counter)}`,
      ),
    ];
  }
}
