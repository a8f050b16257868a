/**
 * Bad input and broken surroundings: what the operator and the sender are told, and that the rest goes on.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Collected, collectedLines, kitPlugin, netcatSource, runFlow } from '../kit/flow.ts';
import { LineClient } from '../kit/lines.ts';
import { temporaryDirectory } from '../kit/temporary.ts';
import { until } from '../kit/until.ts';

async function occupiedPort(t: TestContext): Promise<{ port: number; free: () => Promise<void> }> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const free = () => new Promise<void>((resolve) => server.close(() => resolve()));
  t.after(free);
  return { port: (server.address() as { port: number }).port, free };
}

describe('faults', () => {
  test('a port in use is reported by component, option and remedy; the source starts once it is free', async (t) => {
    const { port, free } = await occupiedPort(t);
    const collected = new Collected(t);
    const flow = await runFlow(
      t,
      `sources = r1 r2
       channels = c1
       sinks = k1
       ${netcatSource(port)}
       ${netcatSource(0, 'r2')}
       channels.c1.type = memory
       ${collected.sink('k1', 'c1')}`,
    );
    const { text } = await flow.untilLogged(`source r1 cannot listen on 127.0.0.1:${port}`);
    assert.match(text, /EADDRINUSE/);
    assert.match(text, /choose a free port/);
    assert.equal(flow.status('source', 'r1').state, 'failed');
    assert.match(flow.status('source', 'r1').reason!, /EADDRINUSE/);
    const other = new LineClient(await flow.port('r2'));
    other.send(['through the other source']);
    await other.untilLines(1);
    other.end();
    await free();
    await until('the source starts', () => flow.status('source', 'r1').state === 'running');
    const client = new LineClient(port);
    client.send(['at last']);
    assert.deepEqual(await client.untilLines(1), ['OK']);
    client.end();
    await collected.untilCount(2);
  });

  test('a source that waits for its next start when its worker dies is started once', async (t) => {
    const one = await occupiedPort(t);
    const two = await occupiedPort(t);
    const flow = await runFlow(
      t,
      `sources = r1 r2
       channels = c1
       sinks = k1
       ${netcatSource(one.port)}
       ${netcatSource(two.port, 'r2')}
       channels.c1.type = memory
       sinks.k1.type = null
       sinks.k1.channel = c1`,
    );
    await until('both failed', () =>
      ['r1', 'r2'].every((name) => flow.status('source', name).state === 'failed'),
    );
    await one.free();
    await flow.agent.killWorkerOf('source r1');
    await flow.untilLogged('Component type: SOURCE, name: r1 started');
    const count = (text: string) => flow.logs.filter((record) => record.text.startsWith(text)).length;
    // r1 would have been tried when r2 was.
    await until('r2 was tried again', () => count('Unable to start Source r2') > 1);
    assert.equal(count('Starting Source r1'), 2);
    assert.equal(flow.status('source', 'r1').state, 'running');
  });

  test('a batch over transactionCapacity is refused with both figures and what to raise', async (t) => {
    const flow = await runFlow(
      t,
      `sources = r1
       channels = c1
       sources.r1.type = http
       sources.r1.bind = 127.0.0.1
       sources.r1.port = 0
       sources.r1.channels = c1
       channels.c1.type = memory
       channels.c1.capacity = 100
       channels.c1.transactionCapacity = 10`,
    );
    const url = `http://127.0.0.1:${await flow.port('r1')}/`;
    const post = (count: number) => {
      const events = Array.from({ length: count }, () => ({ headers: {}, body: 'x' }));
      return fetch(url, { method: 'POST', body: JSON.stringify(events) });
    };
    assert.equal((await post(11)).status, 503);
    const { text } = await flow.untilLogged('transactionCapacity');
    const cause = 'Put queue for MemoryTransaction of capacity 10 full, consider committing more frequently';
    assert.ok(text.startsWith(cause), text);
    assert.match(text, /a batch has 11 events \(raise transactionCapacity of channel c1, or send smaller/);
    // The first one was told at once; those of the next second are told together.
    await Promise.all(Array.from({ length: 5 }, () => post(11)));
    await flow.untilLogged(/\(channel c1, 5 puts refused\)/);
    assert.equal(flow.counter('channel', 'c1', 'ChannelSize'), 0);
    assert.equal((await post(10)).status, 200);
    assert.equal(flow.counter('channel', 'c1', 'EventPutSuccessCount'), 10);
  });

  test('a thread that does not come round is told of, and that it goes on; the others go on meanwhile', async (t) => {
    const collected = new Collected(t);
    const goOn = join(temporaryDirectory(), 'go-on');
    const flow = await runFlow(
      t,
      `${collectedLines(collected)}
       sinks.k1.stillUntil = ${goOn}`,
    );
    const client = new LineClient(await flow.port('r1'));
    client.send(['first']);
    const still = await flow.untilLogged('has not come round');
    assert.equal(still.level, 'warn');
    assert.match(
      still.text,
      /^Worker group-k1 \(Sink k1\) has not come round for 5 s: .* R or D of group-k1\)$/,
    );
    const { state, reason } = flow.status('sink', 'k1');
    assert.equal(state, 'degraded');
    assert.match(reason!, /^its thread has not come round for \d+ s: it is busy with one thing/);
    client.send(['second']);
    await client.untilLines(2);
    assert.deepEqual(
      [flow.status('source', 'r1').state, flow.status('channel', 'c1').state],
      ['running', 'running'],
    );
    writeFileSync(goOn, '');
    const { level, text } = await flow.untilLogged('goes on, after');
    assert.equal(level, 'info');
    assert.match(text, /^Worker group-k1 \(Sink k1\) goes on, after \d+ s$/);
    assert.equal(flow.status('sink', 'k1').state, 'running');
    await collected.untilCount(2);
    client.end();
  });

  test('a full channel: netcat answers as Flume does, and accepts again when there is room', async (t) => {
    const flow = await runFlow(
      t,
      `sources = r1
       channels = c1
       ${netcatSource()}
       channels.c1.type = memory
       channels.c1.capacity = 5
       channels.c1.transactionCapacity = 5
       channels.c1.keep-alive = 0`,
    );
    const client = new LineClient(await flow.port('r1'));
    client.send(Array.from({ length: 7 }, (_, n) => `l${n}`));
    const answers = await client.untilLines(7);
    assert.deepEqual(answers.slice(0, 5), Array(5).fill('OK'));
    for (const answer of answers.slice(5)) {
      assert.match(
        answer,
        /^FAILED: Unable to put event on required channel: org\.apache\.flume\.channel\.MemoryChannel\{name: c1\}$/,
      );
    }
    client.end();
    assert.equal(flow.counter('channel', 'c1', 'ChannelSize'), 5);
    assert.equal(flow.status('source', 'r1').state, 'running');
  });

  test('a sink that always fails keeps its events, is shown with the reason, and leaves other sinks alone', async (t) => {
    const good = new Collected(t);
    const bad = new Collected(t);
    const flow = await runFlow(
      t,
      `sources = r1
       channels = c1 c2
       sinks = k1 k2
       sources.r1.type = ${kitPlugin('counter-source')}
       sources.r1.events = 100
       sources.r1.channels = c1 c2
       channels.c1.type = memory
       channels.c1.capacity = 1000
       channels.c2.type = memory
       channels.c2.capacity = 1000
       ${good.sink('k1', 'c1')}
       ${bad.sink('k2', 'c2')}
       sinks.k2.failures = -1`,
    );
    await good.untilCount(100);
    const record = await flow.untilLogged('Unable to deliver event. Exception follows.');
    assert.match(record.error!, /sink k2 fails, as it was told to/);
    await until('it is degraded', () => flow.status('sink', 'k2').state === 'degraded');
    assert.match(flow.status('sink', 'k2').reason!, /as it was told to/);
    await until('all events wait', () => flow.counter('channel', 'c2', 'ChannelSize') === 100);
    assert.equal(bad.events.length, 0);
    assert.equal(flow.status('sink', 'k1').state, 'running');
    assert.equal(await flow.stop(300), false, 'what could not be delivered is told');
    await flow.untilLogged(/Stopped with 100 events still in channels/);
  });

  test('an interceptor that throws refuses the batch to its sender and the agent stays up', async (t) => {
    const collected = new Collected(t);
    const flow = await runFlow(
      t,
      `${collectedLines(collected)}
       sources.r1.interceptors = i1
       sources.r1.interceptors.i1.type = ${kitPlugin('throwing-interceptor')}`,
    );
    const client = new LineClient(await flow.port('r1'));
    client.send(['bad']);
    assert.match((await client.untilLines(1))[0]!, /^FAILED: .*the interceptor fails/);
    client.send(['good']);
    assert.equal((await client.untilLines(2))[1], 'OK');
    client.end();
    await collected.untilCount(1);
    assert.deepEqual(collected.bodies, ['good']);
  });

  test('a component that cannot be created is removed with the reason and the rest runs', async (t) => {
    const collected = new Collected(t);
    const flow = await runFlow(
      t,
      `sources = r1 r2
       channels = c1
       sinks = k1
       ${netcatSource(0)}
       sources.r1.interceptors = i1
       sources.r1.interceptors.i1.type = regex_filter
       sources.r1.interceptors.i1.regex = (unclosed
       ${netcatSource(0, 'r2')}
       channels.c1.type = memory
       ${collected.sink('k1', 'c1')}`,
    );
    const removed = await flow.untilLogged('Source r1 has been removed due to an error during configuration');
    assert.match(removed.text, /interceptor i1: regex = \(unclosed: Unclosed group.*\(close it with \)/);
    assert.equal(flow.status('source', 'r1').state, 'failed');
    const client = new LineClient(await flow.port('r2'));
    client.send(['the rest']);
    assert.deepEqual(await client.untilLines(1), ['OK']);
    await collected.untilCount(1);
    client.end();
  });

  test('a component that does not stop as it should is told of, and the agent ends all the same', async (t) => {
    const plugin = join(temporaryDirectory(), 'sticky.js');
    writeFileSync(
      plugin,
      `export default {
         kind: 'sink', aliases: [], classes: [], title: 'Sticks', stability: 'test-only', options: {},
         example: '', registersCounters: false, blocking: false,
         load: async () => ({
           create: () => ({ batchSize: 1, process() {}, stop() { throw new Error('the door is stuck'); } }),
         }),
       };`,
    );
    const flow = await runFlow(
      t,
      `sources = r1
       channels = c1
       sinks = k1
       ${netcatSource(0)}
       channels.c1.type = memory
       sinks.k1.type = ${plugin}
       sinks.k1.channel = c1`,
    );
    assert.equal(await flow.stop(), true);
    const told = await flow.untilLogged('Unable to stop Sink k1 cleanly: the door is stuck');
    assert.equal(told.level, 'warn');
    assert.equal(flow.logged('has been removed due to an error during configuration'), undefined);
    assert.equal(flow.status('sink', 'k1').state, 'stopped');
  });

  test('components share workers when there may be only one, and still deliver', async (t) => {
    const collected = new Collected(t);
    const flow = await runFlow(t, collectedLines(collected), { 'millrace.workers.max': '1' });
    const client = new LineClient(await flow.port('r1'));
    client.send(['a', 'b', 'c']);
    assert.deepEqual(await client.untilLines(3), ['OK', 'OK', 'OK']);
    client.end();
    await collected.untilCount(3);
    assert.equal(new Set(flow.agent.status().map((status) => status.worker)).size, 1);
  });
});
