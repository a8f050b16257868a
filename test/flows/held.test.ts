/** Sinks that hold parts of their batches, and what the status says of a sink that complains of itself. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Collected, type Flow, kitPlugin, runFlow } from '../kit/flow.ts';
import { temporaryDirectory } from '../kit/temporary.ts';
import { until } from '../kit/until.ts';

const EVENTS = 200;
const all = Array.from({ length: EVENTS }, (_, n) => `${n}`);
const held = all.filter((body) => body.endsWith('3'));
const others = all.filter((body) => !body.endsWith('3'));
const byNumber = (a: string, b: string) => Number(a) - Number(b);

class Holding {
  readonly flow: Flow;
  readonly collected: Collected;
  readonly #file: string;

  private constructor(flow: Flow, collected: Collected, file: string) {
    this.flow = flow;
    this.collected = collected;
    this.#file = file;
  }

  static async run(t: TestContext, sink = '', channel = 'channels.c1.type = memory'): Promise<Holding> {
    const collected = new Collected(t);
    const file = join(temporaryDirectory(), 'go');
    const flow = await runFlow(
      t,
      `sources = r1
       channels = c1
       sinks = k1
       sources.r1.type = ${kitPlugin('counter-source')}
       sources.r1.events = ${EVENTS}
       sources.r1.batchSize = 50
       sources.r1.channels = c1
       ${channel}
       channels.c1.capacity = 10000
       sinks.k1.type = ${kitPlugin('holding')}
       sinks.k1.topic = ${collected.topic}
       sinks.k1.until = ${file}
       sinks.k1.channel = c1
       ${sink}`,
    );
    return new Holding(flow, collected, file);
  }

  get size(): number {
    return this.flow.counter('channel', 'c1', 'ChannelSize');
  }

  get committed(): number {
    return this.flow.counter('channel', 'c1', 'EventTakeSuccessCount');
  }

  untilCommitted(count: number): Promise<unknown> {
    return until(`${count} are committed`, () => this.committed === count);
  }

  go(): void {
    writeFileSync(this.#file, '');
  }
}

for (const overlap of [1, 4]) {
  describe(`a sink that holds parts of its batches, ${overlap} deliveries at once`, () => {
    test('the others go on and are committed; a part is committed when it is delivered', async (t) => {
      const run = await Holding.run(t, `sinks.k1.overlap = ${overlap}`);
      await run.untilCommitted(others.length);
      await run.collected.untilCount(others.length);
      assert.deepEqual([...run.collected.bodies].sort(byNumber), others);
      assert.equal(run.size, held.length);
      run.go();
      await run.untilCommitted(EVENTS);
      assert.equal(run.size, 0);
      assert.deepEqual([...run.collected.bodies].sort(byNumber), all, 'each is delivered once');
    });

    test('what it holds is delivered again when its worker dies', async (t) => {
      const run = await Holding.run(t, `sinks.k1.overlap = ${overlap}`);
      await run.untilCommitted(others.length);
      await run.flow.agent.killWorkerOf('group k1');
      await until('it is back', () => run.flow.status('sink', 'k1').restarts === 1);
      run.go();
      await run.untilCommitted(EVENTS);
      assert.deepEqual([...run.collected.bodies].sort(byNumber), all);
    });

    test('what it holds is handed out again, and delivered once, when its channel’s worker dies', async (t) => {
      const run = await Holding.run(t, `sinks.k1.overlap = ${overlap}`);
      await run.untilCommitted(others.length);
      await run.flow.agent.killWorkerOf('channel c1');
      await until('it is back', () => run.flow.status('channel', 'c1').restarts === 1);
      run.go();
      await until('all are committed', () => run.size === 0 && run.collected.events.length >= EVENTS);
      const seen = run.collected.bodies.filter((body) => body.endsWith('3'));
      assert.deepEqual(seen.sort(byNumber), held);
    });

    test('beyond its limit it is handed nothing more, and goes on by itself', async (t) => {
      const run = await Holding.run(t, `sinks.k1.overlap = ${overlap}\nsinks.k1.heldMax = 2`);
      // Deliveries that were under way then may hold one each.
      const most = 2 + overlap - 1;
      await until('it holds two', () => run.committed >= 18);
      await until('all are put', () => run.flow.counter('channel', 'c1', 'EventPutSuccessCount') === EVENTS);
      assert.ok(run.committed <= most * 9, `${run.committed} committed`);
      await run.flow.untilLogged(/sink k1 holds \d events \(limit 2\) in .*: it takes nothing more/);
      run.go();
      await run.untilCommitted(EVENTS);
      assert.deepEqual([...run.collected.bodies].sort(byNumber), all);
    });
  });
}

test('what a sink holds when it stops stays in the channel, on the disk', async (t) => {
  const directory = temporaryDirectory();
  const channel = `channels.c1.type = file
    channels.c1.checkpointDir = ${directory}/checkpoint
    channels.c1.dataDirs = ${directory}/data`;
  const before = await Holding.run(t, '', channel);
  await before.untilCommitted(others.length);
  await before.flow.stop(1000);
  assert.equal(before.size, held.length);
  const after = await Holding.run(t, '', channel);
  after.go();
  await after.untilCommitted(held.length + EVENTS);
  assert.equal(after.collected.bodies.filter((body) => body.endsWith('3')).length, 2 * held.length);
});

test('events that are held keep the numbers that a file channel gave them', async (t) => {
  const directory = temporaryDirectory();
  const channel = `channels.c1.type = file
    channels.c1.checkpointDir = ${directory}/checkpoint
    channels.c1.dataDirs = ${directory}/data`;
  const run = await Holding.run(t, '', channel);
  await run.untilCommitted(others.length);
  run.go();
  await run.untilCommitted(EVENTS);
  await run.collected.untilCount(EVENTS);
  for (const { body, number } of run.collected.events) assert.equal(number, Number(body));
});

test('in a group a sink holds nothing: a batch is delivered whole or not at all', async (t) => {
  const run = await Holding.run(
    t,
    `sinks = k1 k2
     sinks.k2.type = null
     sinks.k2.channel = c1
     sinkgroups = g1
     sinkgroups.g1.sinks = k1 k2
     sinkgroups.g1.processor.type = failover
     sinkgroups.g1.processor.priority.k1 = 2`,
  );
  await run.untilCommitted(EVENTS);
  assert.deepEqual(run.collected.bodies, all);
});

test('a delivery that succeeds ends what failed deliveries made of the status, not what the sink says of itself', async (t) => {
  const run = await Holding.run(t, 'sinks.k1.fails = 1\nsinks.k1.complaint = a file cannot be closed');
  const status = () => run.flow.status('sink', 'k1');
  await until('the failure shows', () => status().reason === 'it fails, as it was told to');
  await run.untilCommitted(others.length);
  await until('the failure is over', () => status().reason === 'a file cannot be closed');
  assert.equal(status().state, 'degraded');
  run.go();
  await until('all is well', () => status().state === 'running');
});
