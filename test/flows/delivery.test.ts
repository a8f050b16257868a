/** Events from a socket through a channel to a sink, in one agent. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { Collected, collectedLines, kitPlugin, runFlow } from '../kit/flow.ts';
import { until } from '../kit/until.ts';

describe('delivery', () => {
  test('lines that a client sends come out in order, each once, and each gets its OK', async (t) => {
    const collected = new Collected(t);
    const flow = await runFlow(t, collectedLines(collected));
    const socket = connect(await flow.port('r1'), '127.0.0.1');
    let answers = '';
    socket.on('data', (text) => {
      answers += text;
    });
    const lines = Array.from({ length: 1000 }, (_, n) => `line ${n}`);
    socket.write(`${lines.join('\n')}\n`);
    await collected.untilCount(1000);
    assert.deepEqual(collected.bodies, lines);
    await until('1000 OKs', () => answers.length >= 3000);
    assert.equal(answers, 'OK\n'.repeat(1000));
    socket.destroy();
    assert.equal(await flow.stop(), true);
    assert.equal(flow.counter('channel', 'c1', 'EventTakeSuccessCount'), 1000);
  });

  test('two channels of a replicating source get the same events, and each sink all of its channel', async (t) => {
    const one = new Collected(t);
    const two = new Collected(t);
    await runFlow(
      t,
      `sources = r1
       channels = c1 c2
       sinks = k1 k2
       sources.r1.type = ${kitPlugin('counter-source')}
       sources.r1.events = 5000
       sources.r1.batchSize = 100
       sources.r1.channels = c1 c2
       channels.c1.type = memory
       channels.c2.type = memory
       channels.c2.capacity = 200
       ${one.sink('k1', 'c1')}
       ${two.sink('k2', 'c2')}`,
    );
    await one.untilCount(5000);
    await two.untilCount(5000);
    const wanted = Array.from({ length: 5000 }, (_, n) => `${n}`);
    assert.deepEqual(one.bodies, wanted);
    assert.deepEqual(two.bodies, wanted);
  });
});
