/** Runs one channel in a worker: its lanes, its remains from an earlier worker, its housekeeping. */

import { systemClock } from '../../base/clock.ts';
import { TRIM_MS } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import type { Channel } from '../../component/channel.ts';
import type { ChannelCounters } from '../../component/counters.ts';
import { type LaneEnd, SegmentTable } from '../../memory/lane.ts';
import { ChannelHost } from '../../transaction/channel-host.ts';
import type { ChannelRemains, ChannelUnit, FromWorker } from './messages.ts';
import type { Parts } from './parts.ts';
import type { Pumpable } from './reactor.ts';

const TIDY_MS = 1000;

export interface ChannelRunnerSetup {
  readonly key: string;
  readonly counters: ChannelCounters;
  readonly log: Logger;
  readonly remains: ChannelRemains | null;
  readonly heapBytes: number | null;
  readonly storeNumber: number;
  readonly send: (message: FromWorker) => void;
  /** Rings this worker's own doorbell. */
  readonly wake: () => void;
}

export class ChannelRunner implements Pumpable {
  readonly #channel: Channel;
  readonly #host: ChannelHost;
  readonly blocking: boolean;
  #tidyAtMs = 0;
  #trimAtMs = 0;

  static async open(unit: ChannelUnit, parts: Parts, setup: ChannelRunnerSetup): Promise<ChannelRunner> {
    const { key, send, remains } = setup;
    let host: ChannelHost | null = null;
    const segments = new SegmentTable(
      (segment) => send({ op: 'hold', key, id: segment.id, memory: segment.memory }),
      (id) => {
        send({ op: 'forget', key, id });
        host?.forget(id);
      },
    );
    for (const { id, memory } of remains?.segments ?? []) segments.add(id, memory);
    const { module, options } = await parts.load('channel', unit, `channel ${unit.name}`);
    let queue = remains?.queue ?? null;
    const channel = module.create({
      name: unit.name,
      options,
      log: setup.log,
      clock: systemClock,
      counters: setup.counters,
      heapBytes: setup.heapBytes,
      storeNumber: setup.storeNumber,
      wake: setup.wake,
      degraded: (reason) => send({ op: 'status', component: `channel ${unit.name}`, reason }),
      segments,
      memory: {
        load: () => queue,
        save: (memory) => {
          queue = memory;
          send({ op: 'queue', key, memory });
        },
      },
    });
    await channel.start();
    host = new ChannelHost(channel, setup.counters, segments);
    host.adoptOrphans();
    return new ChannelRunner(channel, host);
  }

  private constructor(channel: Channel, host: ChannelHost) {
    this.#channel = channel;
    this.#host = host;
    this.blocking = channel.blocking;
  }

  addSource(lane: LaneEnd): void {
    this.#host.addSource(lane);
  }

  addSink(lane: LaneEnd): void {
    this.#host.addSink(lane);
  }

  pump(nowMs: number): boolean {
    if (nowMs >= this.#tidyAtMs) {
      this.#tidyAtMs = nowMs + TIDY_MS;
      this.#host.tidy();
    }
    if (nowMs >= this.#trimAtMs) {
      this.#trimAtMs = nowMs + TRIM_MS;
      this.#channel.trim?.();
    }
    return this.#host.pump(nowMs);
  }

  nextPumpMs(nowMs: number): number {
    return this.#host.nextPumpMs(nowMs);
  }

  async close(): Promise<void> {
    await this.#channel.stop();
    this.#host.close();
  }
}
