/**
 * A changed configuration: what is the same keeps running, what changed is replaced, nothing that was
 * accepted is lost.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { Collected, type Flow, kitPlugin, netcatSource, planText, runFlow } from '../kit/flow.ts';
import { LineClient } from '../kit/lines.ts';
import { until } from '../kit/until.ts';

async function reload(flow: Flow, conf: string): Promise<void> {
  const { plan, findings } = await planText(conf);
  assert.deepEqual(
    findings.filter((finding) => finding.severity === 'error'),
    [],
  );
  await flow.agent.reload(plan!);
}

function lines(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}${n}`);
}

async function isClosed(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}

describe('reload', () => {
  test('a sink that changes is replaced; the source keeps its connections and the channel its events', async (t) => {
    const before = new Collected(t);
    const after = new Collected(t);
    const conf = (sink: string) => `sources = r1
      channels = c1
      sinks = k1
      ${netcatSource()}
      channels.c1.type = memory
      channels.c1.capacity = 1000
      ${sink}`;
    const flow = await runFlow(t, conf(`${before.sink('k1', 'c1')}\n sinks.k1.failures = -1`));
    const client = new LineClient(await flow.port('r1'));
    client.send(lines('early', 50));
    await client.untilLines(50);
    await reload(flow, conf(after.sink('k1', 'c1')));
    client.send(lines('late', 50));
    assert.deepEqual((await client.untilLines(100)).length, 100);
    client.end();
    await after.untilCount(100);
    assert.deepEqual(after.bodies, [...lines('early', 50), ...lines('late', 50)]);
    assert.equal(before.events.length, 0);
    assert.equal(flow.counter('channel', 'c1', 'EventPutSuccessCount'), 100, 'its counters go on');
  });

  test('a memory channel with another capacity keeps its events', async (t) => {
    const collected = new Collected(t);
    const conf = (capacity: number, sink: string) => `sources = r1
      channels = c1
      ${netcatSource()}
      channels.c1.type = memory
      channels.c1.capacity = ${capacity}
      channels.c1.keep-alive = 0
      ${sink}`;
    const flow = await runFlow(t, conf(100, ''));
    const client = new LineClient(await flow.port('r1'));
    client.send(lines('l', 120));
    const answers = await client.untilLines(120);
    client.end();
    assert.equal(answers.filter((line) => line === 'OK').length, 100);
    await reload(flow, conf(200, `sinks = k1\n${collected.sink('k1', 'c1')}`));
    await collected.untilCount(100);
    assert.deepEqual(collected.bodies, lines('l', 100));
    assert.equal(flow.counter('channel', 'c1', 'ChannelCapacity'), 200);
  });

  test('a source that is gone closes its port, a new one opens one, the one that stays is not touched', async (t) => {
    const collected = new Collected(t);
    const conf = (...sources: readonly string[]) => `sources = ${sources.join(' ')}
      channels = c1
      sinks = k1
      ${sources.map((name) => netcatSource(0, name)).join('\n')}
      channels.c1.type = memory
      ${collected.sink('k1', 'c1')}`;
    const flow = await runFlow(t, conf('r1', 'r2'));
    const [gone, stays] = [await flow.port('r1'), await flow.port('r2')];
    const client = new LineClient(stays);
    client.send(['before']);
    await client.untilLines(1);
    await reload(flow, conf('r2', 'r3'));
    assert.ok(await isClosed(gone));
    client.send(['after']);
    assert.deepEqual(await client.untilLines(2), ['OK', 'OK']);
    const other = new LineClient(await flow.port('r3'));
    other.send(['new']);
    assert.deepEqual(await other.untilLines(1), ['OK']);
    client.end();
    other.end();
    await collected.untilCount(3);
    assert.deepEqual(
      flow.agent
        .status()
        .map((status) => `${status.name} ${status.state}`)
        .sort(),
      ['c1 running', 'k1 running', 'r2 running', 'r3 running'],
    );
  });

  test('reloads while events flow lose and repeat nothing', async (t) => {
    const collected = new Collected(t);
    const conf = (batchSize: number) => `sources = r1
      channels = c1
      sinks = k1
      sources.r1.type = ${kitPlugin('counter-source')}
      sources.r1.events = 20000
      sources.r1.batchSize = 20
      sources.r1.channels = c1
      channels.c1.type = memory
      channels.c1.capacity = 5000
      ${collected.sink('k1', 'c1', batchSize)}`;
    const flow = await runFlow(t, conf(10));
    for (const batchSize of [20, 30, 40]) {
      const seen = collected.events.length;
      await until('events flow', () => collected.events.length > seen + 500);
      await reload(flow, conf(batchSize));
    }
    await collected.untilCount(20000);
    assert.deepEqual(collected.bodies, lines('', 20000));
  });
});
