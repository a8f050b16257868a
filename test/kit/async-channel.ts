/** A channel whose answers come later, as its host uses it: a clock that the test moves, answers awaited. */
import assert from 'node:assert/strict';
import type { Channel, PendingPut, PutStatus, Take } from '../../src/component/channel.ts';
import { CHANNEL_COUNTERS } from '../../src/component/counters.ts';
import type { ChannelDeclaration } from '../../src/component/declaration.ts';
import { BatchBuilder } from '../../src/memory/block/builder.ts';
import { type Headers, NO_HEADERS } from '../../src/memory/block/headers.ts';
import { BatchView } from '../../src/memory/block/view.ts';
import { allocateCounters, CounterSlots } from '../../src/memory/counters/counters.ts';
import { SegmentTable } from '../../src/memory/lane.ts';
import type { Segment } from '../../src/memory/store/segment.ts';
import { BlockStore } from '../../src/memory/store/store.ts';
import { createPart, ManualClock, type Properties, RecordedLog } from './part.ts';
import { until } from './until.ts';

export interface Answered {
  readonly accepted: number;
  readonly status: PutStatus;
}

export interface Put {
  answer: Answered | null;
}

export interface Taken {
  readonly take: Take;
  readonly bodies: readonly string[];
  readonly headers: readonly Headers[];
}

/** One channel, opened and used as by its host. */
export class AsyncChannelRig {
  readonly channel: Channel;
  readonly log: RecordedLog;
  readonly counters: CounterSlots<(typeof CHANNEL_COUNTERS)[number]>;
  /** Reason of status `degraded`, or null. */
  degraded: string | null = null;
  wakes = 0;
  nowMs = 1_700_000_000_000;
  readonly #builder = new BatchBuilder(new BlockStore(1));
  /** Segments of the source, which all puts together must have given back in the end. */
  readonly segments = new Set<Segment>();

  private constructor(channel: Channel, log: RecordedLog, counters: AsyncChannelRig['counters']) {
    this.channel = channel;
    this.log = log;
    this.counters = counters;
  }

  static async open(declaration: ChannelDeclaration, properties: Properties): Promise<AsyncChannelRig> {
    let rig: AsyncChannelRig | null = null;
    const log = new RecordedLog();
    const counters = new CounterSlots(CHANNEL_COUNTERS, allocateCounters(CHANNEL_COUNTERS));
    const channel = await createPart(declaration, properties, {
      name: 'c1',
      log,
      clock: new ManualClock(),
      counters,
      memory: { load: () => null, save: () => {} },
      segments: new SegmentTable(),
      heapBytes: 1 << 30,
      storeNumber: 2,
      wake: () => {
        if (rig !== null) rig.wakes++;
      },
      degraded: (reason) => {
        if (rig !== null) rig.degraded = reason;
      },
    });
    await channel.start();
    rig = new AsyncChannelRig(channel, log, counters);
    return rig;
  }

  put(bodies: readonly (string | Buffer)[], mode: PendingPut['mode'] = 'batch', headers?: Headers[]): Put {
    this.#builder.begin();
    bodies.forEach((body, i) => {
      const bytes = Buffer.from(body as string);
      this.#builder.append(bytes, 0, bytes.length, headers?.[i] ?? NO_HEADERS);
    });
    const { segment, offset, count, slots } = this.#builder.finish(0);
    segment.retain(1);
    this.segments.add(segment);
    const put: Put = { answer: null };
    const complete = (accepted: number, status: PutStatus) => {
      assert.equal(put.answer, null, 'a put is answered once');
      if (accepted === 0) segment.release(1);
      put.answer = { accepted, status };
    };
    const range = { segment, offset, first: 0, count, slots };
    this.channel.put([{ range, mode, sinceMs: this.nowMs, complete }]);
    return put;
  }

  tick(ms = 0): void {
    this.nowMs += ms;
    this.channel.tick(this.nowMs);
  }

  /** Waits for a condition, the channel being called meanwhile as by its host. */
  until<T>(what: string, condition: () => T): Promise<NonNullable<T>> {
    return until(what, () => {
      this.tick();
      return condition();
    });
  }

  answerTo(put: Put): Promise<Answered> {
    return this.until('the put is answered', () => put.answer);
  }

  async putAll(bodies: readonly (string | Buffer)[], headers?: Headers[]): Promise<void> {
    const answer = await this.answerTo(this.put(bodies, 'batch', headers));
    assert.deepEqual(answer, { accepted: bodies.length, status: 'ok' });
  }

  /** What a take finds now. */
  takeNow(eventsMax: number): Taken | null {
    const take = this.channel.take(eventsMax);
    if (take === null) return null;
    const bodies: string[] = [];
    const headers: Headers[] = [];
    for (const { segment, offset, first, count } of take.ranges) {
      const view = new BatchView(segment, offset);
      for (let i = first; i < first + count; i++) {
        bodies.push(view.bodyText(i, 'latin1'));
        headers.push(view.headers(i));
      }
    }
    assert.equal(bodies.length, take.events);
    return { take, bodies, headers };
  }

  take(eventsMax: number): Promise<Taken> {
    return this.until('there is something to take', () => this.takeNow(eventsMax));
  }

  /** Takes and commits until the channel is empty. */
  async drain(): Promise<string[]> {
    const all: string[] = [];
    while (this.channel.size() > 0) {
      const { take, bodies } = await this.take(7);
      all.push(...bodies);
      this.channel.commit(take);
    }
    return all;
  }

  /** References to blocks that the channel has not given back. */
  get held(): number {
    let sum = 0;
    for (const segment of this.segments) sum += segment.live();
    return sum;
  }
}
