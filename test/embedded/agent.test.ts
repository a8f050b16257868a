/** An embedded agent that sends to an agent's avro source. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { EmbeddedAgent, type EmbeddedProperties, type FlumeEvent } from '../../src/index.ts';
import { runSource } from '../kit/source.ts';
import { temporaryDirectory } from '../kit/temporary.ts';

const collector = (t: TestContext) => runSource(t, { type: 'avro', bind: '127.0.0.1' });

const to = (port: number, more: EmbeddedProperties = {}): EmbeddedProperties => ({
  'channel.type': 'memory',
  'channel.capacity': 200,
  sinks: 'k1',
  'k1.type': 'avro',
  'k1.hostname': '127.0.0.1',
  'k1.port': port,
  'processor.type': 'default',
  ...more,
});

function embedded(t: TestContext, properties: EmbeddedProperties): EmbeddedAgent {
  const agent = new EmbeddedAgent('inside');
  t.after(() => agent.stop(1000));
  agent.configure(properties);
  return agent;
}

describe('an embedded agent', () => {
  test('sends what the program puts, through interceptors, and is drained when it stops', async (t) => {
    const { collected, port } = await collector(t);
    const agent = embedded(
      t,
      to(port, {
        'source.interceptors': 'i1',
        'source.interceptors.i1.type': 'static',
        'source.interceptors.i1.key': 'from',
        'source.interceptors.i1.value': 'inside',
      }),
    );
    await agent.start();
    await agent.put({ headers: { n: '0' }, body: 'first' });
    await agent.putAll([{ body: 'second' }, { body: Buffer.from('third') }]);
    assert.equal(await agent.stop(), true);
    await collected.untilCount(3);
    assert.deepEqual(collected.bodies, ['first', 'second', 'third']);
    assert.deepEqual(
      collected.events[0]!.headers,
      new Map([
        ['n', '0'],
        ['from', 'inside'],
      ]),
    );
  });

  test('refuses events that its channel has no room for, all of a call or none', async (t) => {
    const { port } = await collector(t);
    const agent = embedded(
      t,
      to(port, {
        'channel.capacity': 10,
        'channel.transactionCapacity': 10,
        'channel.keep-alive': 0,
        'k1.batch-size': 10,
      }),
    );
    await agent.start();
    const many = Array.from({ length: 11 }, () => ({ body: 'x' }));
    await assert.rejects(agent.putAll(many), {
      code: 'CHANNEL_TRANSACTION_CAPACITY',
      message: /^Embedded agent inside: Unable to process event: /,
      detail: {
        component: 'source source-inside',
        remedy: 'put fewer events at once, or raise channel.transactionCapacity',
      },
    });
    await agent.put({ body: 'y' });
    const put = agent.agent?.counterGroups().find(({ type }) => type === 'CHANNEL');
    assert.equal(put?.values().get('EventPutSuccessCount'), 1);
  });

  test('tells a full channel from events that no channel takes, and those from what are no events', async (t) => {
    const agent = embedded(t, to(1, { 'channel.capacity': 100, 'channel.keep-alive': 0 }));
    await agent.start();
    const hundred = Array.from({ length: 100 }, () => ({ body: 'x' }));
    const filled = async () => {
      for (;;) await agent.putAll(hundred);
    };
    await assert.rejects(filled, { code: 'CHANNEL_FULL', message: /Unable to process event/ });
    await assert.rejects(agent.put({ body: Buffer.alloc(17 << 20) }), {
      code: 'EVENT_TOO_LARGE',
      message: /a block holds at most/,
    });
    const number = { headers: { n: 5 }, body: 'x' } as unknown as FlumeEvent;
    await assert.rejects(agent.put(number), { code: 'BAD_INPUT', message: /the header n of an event/ });
  });

  test('can be started again, and keeps in a file channel what it could not send', async (t) => {
    const base = temporaryDirectory();
    const channel = {
      'channel.type': 'file',
      'channel.checkpointDir': join(base, 'checkpoint'),
      'channel.dataDirs': join(base, 'data'),
      'channel.minimumRequiredSpace': 1048576,
      'channel.transactionCapacity': 200,
    };
    const agent = embedded(t, to(1, channel));
    await agent.start();
    await agent.put({ body: 'kept' });
    await agent.stop(200);
    const { collected, port } = await collector(t);
    agent.configure(to(port, channel));
    await agent.start();
    await collected.untilCount(1);
    assert.deepEqual(collected.bodies, ['kept']);
  });

  test('says in which state it is when it is used in the wrong order', async (t) => {
    const agent = new EmbeddedAgent('inside');
    t.after(() => agent.stop(1000));
    await assert.rejects(agent.start(), /embedded agent inside is new and cannot be started/);
    await assert.rejects(agent.put({ body: 'x' }), /is new and cannot be put to/);
    agent.configure(to(1));
    await assert.rejects(agent.put({ body: 'x' }), /is stopped and cannot be put to/);
    await agent.start();
    assert.throws(() => agent.configure(to(1)), /is started and cannot be configured/);
    await assert.rejects(agent.start(), /is started and cannot be started/);
    await agent.stop(100);
    assert.equal(await agent.stop(), true, 'a second stop is none');
  });

  test('stops also when it is asked to while it starts, and when it is asked twice', async (t) => {
    const agent = embedded(t, to(1));
    const starting = agent.start();
    assert.equal(await agent.stop(100), true);
    await starting;
    assert.equal(agent.agent, null);
    await assert.rejects(agent.put({ body: 'x' }), /is stopped and cannot be put to/);
    await agent.start();
    await Promise.all([agent.stop(100), agent.stop(100)]);
    assert.equal(agent.agent, null);
  });

  test('that cannot start says why', async (t) => {
    const agent = embedded(
      t,
      to(1, {
        'channel.type': 'file',
        'channel.transactionCapacity': 200,
        'channel.dataDirs': '/dev/null/x',
        'channel.checkpointDir': '/dev/null/y',
      }),
    );
    await assert.rejects(agent.start(), /embedded agent inside: channel channel-inside cannot start: /);
  });
});
