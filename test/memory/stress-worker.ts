/** The threads of stress.test.ts: a producer, a channel and a consumer, as their workers would run them. */
import assert from 'node:assert/strict';
import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { WAIT_MS_MAX } from '../../src/base/limits.ts';
import { CHANNEL_COUNTERS } from '../../src/component/counters.ts';
import { BatchBuilder } from '../../src/memory/block/builder.ts';
import type { BatchView } from '../../src/memory/block/view.ts';
import { CounterSlots } from '../../src/memory/counters/counters.ts';
import { LaneEnd, type LaneMemory, SegmentTable } from '../../src/memory/lane.ts';
import { BlockStore } from '../../src/memory/store/store.ts';
import { Doorbell } from '../../src/memory/wait.ts';
import { ChannelHost } from '../../src/transaction/channel-host.ts';
import { PutClient } from '../../src/transaction/put-client.ts';
import { RangeChannel } from '../../src/transaction/range-channel.ts';
import { TakeClient } from '../../src/transaction/take-client.ts';

export interface StressWork {
  readonly role: 'producer' | 'channel' | 'consumer';
  readonly events: number;
  readonly bells: Readonly<Record<StressWork['role'], SharedArrayBuffer>>;
  readonly putLane: LaneMemory;
  readonly takeLane: LaneMemory;
  readonly counters: SharedArrayBuffer;
  /** Two int32: one that ends the channel, and the number of threads that are ready. */
  readonly control: SharedArrayBuffer;
  readonly ports: readonly MessagePort[];
}

export interface StressReport {
  readonly longSleeps: number;
  /** The producer's. */
  readonly segments: number;
  /** The consumer's. */
  readonly rollbacks: number;
}

const PUTS_IN_FLIGHT = 16;
const BATCH_EVENTS_MAX = 400;
const PREFETCH = 4;
const LIMITS = {
  eventsMax: 20_000,
  slotsMax: Number.POSITIVE_INFINITY,
  transactionEventsMax: Number.POSITIVE_INFINITY,
  keepAliveMs: Number.POSITIVE_INFINITY,
};

if (isMainThread) throw new Error('this file runs in a worker thread only');
const work = workerData as StressWork;
const bell = new Doorbell(work.bells[work.role]);
const noise = Buffer.alloc(3_000_000);
for (let i = 0; i < noise.length; i++) noise[i] = scramble(i) >>> 24;

const control = new Int32Array(work.control);
let longSleeps = 0;

function scramble(n: number): number {
  let x = Math.imul(n ^ 0x9e3779b9, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Mostly short; now and then so long that a block needs a segment of its own. */
function lengthOf(sequence: number): number {
  const n = scramble(sequence);
  if (n % 20_011 === 0) return 2_500_000;
  return n % 997 === 0 ? 60_000 : n % 300;
}

function startOf(sequence: number): number {
  return (sequence * 31) % 400_000;
}

async function sleep(seen: number): Promise<void> {
  const sinceMs = performance.now();
  await bell.sleep(seen, Number.POSITIVE_INFINITY);
  if (performance.now() - sinceMs > WAIT_MS_MAX * 0.95) longSleeps++;
}

class Producer {
  readonly #client = new PutClient('c1');
  readonly #store = new BlockStore(1, (id) => this.#client.drop(id));
  readonly #builder = new BatchBuilder(this.#store);
  #sequence = 0;
  #accepted = 0;

  async run(): Promise<number> {
    this.#client.connect(new LaneEnd(work.putLane, 'component', work.ports[0]!, work.bells.channel));
    while (this.#accepted < work.events) {
      const seen = bell.seen();
      if (this.#client.pump()) continue;
      if (this.#sequence < work.events && this.#client.inFlight < PUTS_IN_FLIGHT) {
        this.#put();
        continue;
      }
      // Only who waits for answers is woken by them.
      this.#client.setPatient(false);
      this.#client.flush();
      if (!this.#client.pump()) await sleep(seen);
      this.#client.setPatient(true);
      if (this.#sequence % 10 === 0) this.#store.trim();
    }
    return this.#store.segmentCount;
  }

  #put(): void {
    const count = Math.min(1 + (scramble(-this.#sequence) % BATCH_EVENTS_MAX), work.events - this.#sequence);
    const builder = this.#builder;
    builder.begin();
    for (let n = 0; n < count; n++) {
      const sequence = this.#sequence++;
      const start = startOf(sequence);
      const headers = sequence % 7 === 0 ? new Map([['n', String(sequence)]]) : undefined;
      builder.append(noise, start, start + lengthOf(sequence), headers);
    }
    const block = builder.finish(0);
    block.segment.retain(1);
    const mode = count % 2 === 0 ? 'each' : 'batch';
    this.#client.put(block, count, mode, (accepted, status) => {
      assert.equal(status, 'ok');
      assert.equal(accepted, count);
      this.#accepted += count;
    });
  }
}

function runChannel(): void {
  const counters = new CounterSlots(CHANNEL_COUNTERS, work.counters);
  let host: ChannelHost | null = null;
  const segments = new SegmentTable(undefined, (id) => host?.forget(id));
  const unused = {} as never;
  const memory = { load: () => null, save: () => {} };
  const calls = { storeNumber: 2, wake: () => {}, degraded: () => {} };
  const context = { name: 'c1', options: {}, log: unused, clock: unused, heapBytes: null, ...calls };
  const channel = new RangeChannel({ ...context, counters, memory, segments }, LIMITS);
  host = new ChannelHost(channel, counters, segments);
  host.addSource(new LaneEnd(work.putLane, 'channel', work.ports[0]!, work.bells.producer));
  host.addSink(new LaneEnd(work.takeLane, 'channel', work.ports[1]!, work.bells.consumer));
  for (let pass = 0; Atomics.load(control, 0) === 0; pass++) {
    const seen = bell.seen();
    if (pass % 64 === 0) host.tidy();
    if (!host.pump(0)) bell.sleepBlocking(seen, channel.nextTickMs(0));
  }
  while (host.pump(0));
}

class Consumer {
  readonly #client = new TakeClient(BATCH_EVENTS_MAX, PREFETCH);
  #sequence = 0;
  #batches = 0;
  rollbacks = 0;

  async run(): Promise<number> {
    this.#client.connect(new LaneEnd(work.takeLane, 'component', work.ports[0]!, work.bells.channel));
    while (this.#sequence < work.events) {
      const seen = bell.seen();
      let busy = this.#client.pump();
      this.#client.prefetch();
      if (this.#deliver()) busy = true;
      this.#client.flush();
      if (this.#batches % 50 === 0) this.#client.tidy();
      if (!busy) await sleep(seen);
    }
    return this.rollbacks;
  }

  #deliver(): boolean {
    const batch = this.#client.begin();
    if (batch === null) return false;
    let sequence = this.#sequence;
    batch.forEach((view, index) => {
      check(view, index, sequence++);
    });
    if (++this.#batches % 37 === 0) {
      this.#client.rollback();
      this.rollbacks++;
    } else {
      assert.ok(this.#client.commit(batch));
      this.#sequence = sequence;
    }
    return true;
  }
}

/** Called an event: node:assert would cost more than what is tested. */
function check(view: BatchView, index: number, sequence: number): void {
  const length = lengthOf(sequence);
  const at = view.bodyStart(index);
  const from = startOf(sequence);
  const same =
    view.bodyLength(index) === length &&
    view.bytes.compare(noise, from, from + length, at, at + length) === 0;
  if (!same) assert.fail(`event ${sequence} is not what was put`);
  if (sequence % 7 === 0) assert.deepEqual([...view.headers(index)], [['n', String(sequence)]]);
}

/** Nobody waits for a thread that is still being started. */
function awaitOthers(): void {
  let ready = Atomics.add(control, 1, 1) + 1;
  Atomics.notify(control, 1);
  for (; ready < 3; ready = Atomics.load(control, 1)) Atomics.wait(control, 1, ready);
}

awaitOthers();
// A pending waitAsync does not keep a worker alive.
const alive = setInterval(() => {}, 1 << 30);
let segments = 0;
let rollbacks = 0;
if (work.role === 'producer') segments = await new Producer().run();
else if (work.role === 'consumer') rollbacks = await new Consumer().run();
else runChannel();
clearInterval(alive);
for (const port of work.ports) port.close();
parentPort!.postMessage({ longSleeps, segments, rollbacks } satisfies StressReport);
