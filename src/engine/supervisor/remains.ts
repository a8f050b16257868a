/**
 * What channels keep beyond their workers' lives: their queues, and the segments
 * that their backlogs stand in.
 */
import type { SharedMemory } from '../../memory/shared.ts';
import { collectDropped, noteDropped } from '../../memory/store/collect.ts';
import type { ChannelRemains, FromWorker } from '../worker/messages.ts';

type RemainsMessage = Extract<FromWorker, { op: 'queue' | 'hold' | 'forget' }>;

interface Kept {
  queue: SharedMemory | null;
  readonly segments: Map<number, SharedMemory>;
}

export class Remains {
  readonly #kept = new Map<string, Kept>();

  note(message: RemainsMessage): void {
    let kept = this.#kept.get(message.key);
    if (kept === undefined) {
      kept = { queue: null, segments: new Map() };
      this.#kept.set(message.key, kept);
    }
    if (message.op === 'queue') this.#move(kept, message.memory);
    else if (message.op === 'hold') kept.segments.set(message.id, message.memory);
    else this.#forget(kept, message.id);
  }

  #move(kept: Kept, queue: SharedMemory): void {
    noteDropped(kept.queue?.byteLength ?? 0);
    kept.queue = queue;
    collectDropped();
  }

  #forget(kept: Kept, id: number): void {
    noteDropped(kept.segments.get(id)?.byteLength ?? 0);
    kept.segments.delete(id);
    collectDropped();
  }

  of(key: string): ChannelRemains | null {
    const kept = this.#kept.get(key);
    if (kept === undefined) return null;
    return { queue: kept.queue, segments: [...kept.segments].map(([id, memory]) => ({ id, memory })) };
  }

  /** Ids of all segments that channels keep. */
  *segmentIds(): Iterable<number> {
    for (const { segments } of this.#kept.values()) yield* segments.keys();
  }

  /** Gives the memory up: the channel is gone from the configuration, or has another type. */
  drop(key: string): void {
    this.#kept.delete(key);
  }
}
