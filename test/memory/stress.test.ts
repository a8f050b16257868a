/**
 * Events through real threads: producer, channel, consumer, each checking what it gets. MILLRACE_STRESS=20
 * makes it 20 times as long.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { RING_RECORDS } from '../../src/base/limits.ts';
import { CHANNEL_COUNTERS } from '../../src/component/counters.ts';
import { allocateCounters, CounterSlots } from '../../src/memory/counters/counters.ts';
import { allocateLane, type LaneMemory } from '../../src/memory/lane.ts';
import { Doorbell } from '../../src/memory/wait.ts';
import { TAKE_RING_RECORDS } from '../../src/transaction/messages.ts';
import type { StressReport, StressWork } from './stress-worker.ts';

const EVENTS = 150_000 * Number(process.env.MILLRACE_STRESS ?? 1);
/** Records before the positions of the rings wrap. */
const BEFORE_WRAP = 50;

function wrapSoon({ toChannel, fromChannel }: LaneMemory, end: number): void {
  for (const memory of [toChannel, fromChannel]) {
    const control = new Int32Array(memory);
    control[0] = end - BEFORE_WRAP;
    control[16] = end - BEFORE_WRAP;
  }
}

const workers: Worker[] = [];
after(() => Promise.all(workers.map((worker) => worker.terminate())));

function start(workerData: StressWork): Promise<StressReport> {
  const url = new URL('./stress-worker.ts', import.meta.url);
  const worker = new Worker(url, { workerData, transferList: [...workerData.ports], name: workerData.role });
  workers.push(worker);
  return new Promise((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`the ${workerData.role} ended with ${code} and no report`)));
  });
}

test('three threads pass every event on once, whole and in order', {
  timeout: 60_000 + EVENTS / 10,
}, async () => {
  const bells = {
    producer: new Doorbell().memory,
    channel: new Doorbell().memory,
    consumer: new Doorbell().memory,
  };
  const putLane = allocateLane(1, RING_RECORDS, RING_RECORDS);
  const takeLane = allocateLane(2, RING_RECORDS, TAKE_RING_RECORDS);
  wrapSoon(putLane, 0x80000000);
  wrapSoon(takeLane, 0);
  const counters = allocateCounters(CHANNEL_COUNTERS);
  const control = new SharedArrayBuffer(8);
  const common = { events: EVENTS, bells, putLane, takeLane, counters, control };
  const puts = new MessageChannel();
  const takes = new MessageChannel();
  const channel = start({ ...common, role: 'channel', ports: [puts.port2, takes.port2] });
  const ends = [
    start({ ...common, role: 'producer', ports: [puts.port1] }),
    start({ ...common, role: 'consumer', ports: [takes.port1] }),
  ] as const;
  // Whoever fails, fails the test; the channel ends when told to.
  const [producer, consumer] = (await Promise.race([
    Promise.all(ends),
    channel.then(() => assert.fail('the channel ended before it was told to')),
  ])) as [StressReport, StressReport];
  Atomics.store(new Int32Array(control), 0, 1);
  new Doorbell(bells.channel).ring();
  await channel;
  const counted = new CounterSlots(CHANNEL_COUNTERS, counters);
  assert.equal(counted.get('EventPutSuccessCount'), EVENTS);
  assert.equal(counted.get('EventTakeSuccessCount'), EVENTS);
  assert.equal(counted.get('ChannelSize'), 0);
  assert.ok(consumer.rollbacks > 0);
  assert.ok(producer.segments < 40, `${producer.segments} segments: memory is not used again`);
  // A machine that stands still makes one, rarely; a wake that is lost makes many.
  const longSleeps = producer.longSleeps + consumer.longSleeps;
  assert.ok(longSleeps <= 2, `${longSleeps} sleeps lasted to their limit`);
});
