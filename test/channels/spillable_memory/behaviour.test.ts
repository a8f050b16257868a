/** The spillable channel: memory first, then the log, in the order of the puts. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Collected, kitPlugin, netcatSource, runFlow } from '../../kit/flow.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';

const EVENTS = 5000;

function conf(directory: string, capacity: string, sink: string, batchSize = 50): string {
  return `sources = r1
    channels = c1
    sources.r1.type = ${kitPlugin('counter-source')}
    sources.r1.events = ${EVENTS}
    sources.r1.batchSize = ${batchSize}
    sources.r1.channels = c1
    channels.c1.type = SPILLABLEMEMORY
    ${capacity}
    channels.c1.checkpointDir = ${join(directory, 'checkpoint')}
    channels.c1.dataDirs = ${join(directory, 'data')}
    channels.c1.minimumRequiredSpace = 1MiB
    ${sink}`;
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, n) => `${from + n}`);
}

function spilled(directory: string): string[] {
  const data = join(directory, 'data');
  return existsSync(data) ? readdirSync(data).filter((name) => /^(segment|journal)-/.test(name)) : [];
}

describe('the spillable memory channel', () => {
  test('with room in memory writes nothing to the disk', async (t) => {
    const directory = temporaryDirectory();
    const collected = new Collected(t);
    const go = join(directory, 'go');
    const sink = `sinks = k1\n${collected.sink('k1', 'c1')}\nsinks.k1.after = ${go}`;
    const flow = await runFlow(t, conf(directory, 'channels.c1.memoryCapacity = 10000', sink));
    await until('all are put', () => flow.counter('channel', 'c1', 'EventPutSuccessCount') === EVENTS);
    assert.deepEqual(spilled(directory), []);
    assert.equal(flow.counter('channel', 'c1', 'ChannelSize'), EVENTS);
    writeFileSync(go, '');
    await collected.untilCount(EVENTS);
    assert.deepEqual(collected.bodies, numbers(0, EVENTS));
  });

  for (const pauseMs of [0, 1]) {
    test(`spills what memory does not hold, and keeps the order (a sink with ${pauseMs} ms a batch)`, async (t) => {
      const directory = temporaryDirectory();
      const collected = new Collected(t);
      const go = join(directory, 'go');
      const sink = `sinks = k1\n${collected.sink('k1', 'c1', 70)}\nsinks.k1.after = ${go}\nsinks.k1.pauseMs = ${pauseMs}`;
      const flow = await runFlow(t, conf(directory, 'channels.c1.memoryCapacity = 500', sink));
      if (pauseMs > 0) writeFileSync(go, '');
      await until('all are put', () => flow.counter('channel', 'c1', 'EventPutSuccessCount') === EVENTS);
      if (pauseMs === 0) assert.ok(spilled(directory).length > 0, 'something was spilled');
      writeFileSync(go, '');
      await collected.untilCount(EVENTS);
      assert.deepEqual(collected.bodies, numbers(0, EVENTS));
      await until('it is empty', () => flow.counter('channel', 'c1', 'ChannelSize') === 0);
    });
  }

  test('what was spilled is there after a restart', async (t) => {
    const directory = temporaryDirectory();
    const capacity = 'channels.c1.memoryCapacity = 500';
    const first = await runFlow(t, conf(directory, capacity, ''));
    await until('all are put', () => first.counter('channel', 'c1', 'EventPutSuccessCount') === EVENTS);
    assert.equal(await first.stop(300), false, 'a stop tells that events stay');
    const collected = new Collected(t);
    const second = conf(directory, capacity, `sinks = k1\n${collected.sink('k1', 'c1')}`);
    const [head] = second.split('sources.r1.type');
    await runFlow(t, `${head}${netcatSource()}\n${second.slice(second.indexOf('channels.c1.type'))}`);
    await collected.untilCount(EVENTS - 500);
    assert.deepEqual(collected.bodies, numbers(500, EVENTS));
  });

  test('without overflow it is full when its memory is', async (t) => {
    const directory = temporaryDirectory();
    const capacity = `channels.c1.memoryCapacity = 500
      channels.c1.overflowCapacity = 0
      channels.c1.keep-alive = 0`;
    const flow = await runFlow(t, conf(directory, capacity, ''));
    await until('it is full', () => flow.counter('channel', 'c1', 'ChannelSize') === 500);
    await flow.untilLogged("Space for commit to queue couldn't be acquired");
    assert.deepEqual(spilled(directory), []);
  });
});
