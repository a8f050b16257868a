/** A channel as its host uses it: puts and takes as objects, a clock that the test moves, lasting state. */
import assert from 'node:assert/strict';
import type { Channel, PutStatus, Take } from '../../src/component/channel.ts';
import { CHANNEL_COUNTERS } from '../../src/component/counters.ts';
import type { ChannelDeclaration } from '../../src/component/declaration.ts';
import { BatchBuilder } from '../../src/memory/block/builder.ts';
import { allocateCounters, CounterSlots } from '../../src/memory/counters/counters.ts';
import { SegmentTable } from '../../src/memory/lane.ts';
import type { ChannelMemory } from '../../src/memory/store/range.ts';
import { BlockStore } from '../../src/memory/store/store.ts';
import { createPart, ManualClock, type Properties } from './part.ts';

export type PutResult = PutStatus | 'waits';

export interface ChannelSettings {
  readonly heapBytes?: number;
}

export class ChannelRig {
  readonly counters = new CounterSlots(CHANNEL_COUNTERS, allocateCounters(CHANNEL_COUNTERS));
  channel!: Channel;
  readonly #declaration: ChannelDeclaration;
  readonly #settings: ChannelSettings;
  readonly #segments = new SegmentTable();
  readonly #builder = new BatchBuilder(new BlockStore(1));
  readonly #clock = new ManualClock();
  #saved: ReturnType<ChannelMemory['load']> = null;

  private constructor(declaration: ChannelDeclaration, settings: ChannelSettings) {
    this.#declaration = declaration;
    this.#settings = settings;
  }

  static async open(
    declaration: ChannelDeclaration,
    properties: Properties = {},
    settings: ChannelSettings = {},
  ): Promise<ChannelRig> {
    const rig = new ChannelRig(declaration, settings);
    await rig.reopen(properties);
    return rig;
  }

  /** What a reload does: another channel with other options over what is left of this one. */
  async reopen(properties: Properties): Promise<void> {
    await this.channel?.stop();
    this.channel = await createPart(this.#declaration, properties, {
      name: 'c1',
      clock: this.#clock,
      counters: this.counters,
      memory: {
        load: () => this.#saved,
        save: (memory) => {
          this.#saved = memory;
        },
      },
      segments: this.#segments,
      heapBytes: this.#settings.heapBytes ?? null,
      storeNumber: 2,
      wake: () => {},
      degraded: () => {},
    });
    await this.channel.start();
  }

  /** One transaction of events with bodies of these sizes; what comes of it when `waitMs` have passed. */
  put(sizes: readonly number[], waitMs = 0): PutResult {
    this.#builder.begin();
    for (const size of sizes) this.#builder.append(Buffer.alloc(size, 'x'), 0, size);
    const { segment, offset, count, slots } = this.#builder.finish(0);
    segment.retain(1);
    this.#segments.add(segment.id, segment.memory);
    let result: PutResult = 'waits';
    const complete = (accepted: number, status: PutStatus) => {
      assert.equal(result, 'waits', 'a put is answered once');
      assert.equal(
        accepted,
        status === 'ok' ? sizes.length : 0,
        'a transaction is taken whole or not at all',
      );
      if (accepted === 0) segment.release(1);
      result = status;
    };
    const range = { segment, offset, first: 0, count, slots };
    this.channel.put([{ range, mode: 'batch', sinceMs: this.#clock.nowMs, complete }]);
    this.#clock.nowMs += waitMs;
    this.channel.tick(this.#clock.nowMs);
    return result;
  }

  take(events: number): Take {
    const take = this.channel.take(events);
    assert.equal(take?.events, events);
    return take!;
  }

  /** Takes for good. */
  drain(events: number): void {
    this.channel.commit(this.take(events));
    this.channel.tick(this.#clock.nowMs);
  }
}
