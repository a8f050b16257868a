/** Selectors in whole agents: which events reach which sinks, and what a full channel means to the sender. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { BroadcastChannel } from 'node:worker_threads';
import { Collected, type Flow, kitPlugin, runFlow } from '../kit/flow.ts';
import { LineClient } from '../kit/lines.ts';
import { until } from '../kit/until.ts';

interface JsonEvent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const http = (channels: string) => `sources = r1
  sources.r1.type = http
  sources.r1.bind = 127.0.0.1
  sources.r1.port = 0
  sources.r1.channels = ${channels}
  channels = ${channels}`;

const netcat = (channels: string) => `sources = r1
  sources.r1.type = netcat
  sources.r1.bind = 127.0.0.1
  sources.r1.port = 0
  sources.r1.channels = ${channels}
  channels = ${channels}`;

/** A memory channel that is full with one event, and refuses at once. */
const tiny = (name: string) => `channels.${name}.type = memory
  channels.${name}.capacity = 1
  channels.${name}.transactionCapacity = 1
  channels.${name}.keep-alive = 0`;

async function post(flow: Flow, events: readonly JsonEvent[]): Promise<number> {
  const url = `http://127.0.0.1:${await flow.port('r1')}/`;
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(events) });
  await response.arrayBuffer();
  return response.status;
}

async function answers(flow: Flow, lines: readonly string[]): Promise<readonly string[]> {
  const client = new LineClient(await flow.port('r1'));
  client.send(lines);
  const got = await client.untilLines(lines.length);
  client.end();
  return got;
}

describe('routing', () => {
  test('multiplexing: events of one batch go by a header to two sinks, in order, whole, and nowhere else', async (t) => {
    const errors = new Collected(t);
    const rest = new Collected(t);
    const flow = await runFlow(
      t,
      `${http('c1 c2')}
       sinks = k1 k2
       sources.r1.selector.type = multiplexing
       sources.r1.selector.header = level
       sources.r1.selector.mapping.ERROR = c1
       sources.r1.selector.mapping.BOTH = c1 c2
       sources.r1.selector.default = c2
       channels.c1.type = memory
       channels.c2.type = memory
       ${errors.sink('k1', 'c1')}
       ${rest.sink('k2', 'c2')}`,
    );
    const levels = ['ERROR', 'INFO', 'error', 'BOTH', 'ERROR', 'BOTH', 'WARN'];
    const events = levels.map((level, n) => ({ headers: { level, n: `${n}` }, body: `${n} ${level}` }));
    assert.equal(await post(flow, events), 200);
    const bodiesOf = (...wanted: readonly string[]) =>
      events.filter(({ headers }) => wanted.includes(headers.level)).map(({ body }) => body);
    await errors.untilCount(4);
    await rest.untilCount(5);
    assert.deepEqual(errors.bodies, bodiesOf('ERROR', 'BOTH'));
    assert.deepEqual(rest.bodies, bodiesOf('INFO', 'error', 'BOTH', 'WARN'));
    for (const { body, headers } of [...errors.events, ...rest.events]) {
      assert.equal(body, `${headers.get('n')} ${headers.get('level')}`);
    }
    await flow.stop();
    assert.deepEqual([errors.events.length, rest.events.length], [4, 5]);
  });

  test('multiplexing without a default: what is mapped nowhere is dropped, and its sender is told that all is well', async (t) => {
    const mapped = new Collected(t);
    const flow = await runFlow(
      t,
      `${http('c1')}
       sinks = k1
       sources.r1.selector.type = multiplexing
       sources.r1.selector.header = level
       sources.r1.selector.mapping.ERROR = c1
       channels.c1.type = memory
       ${mapped.sink('k1', 'c1')}`,
    );
    assert.equal(await post(flow, [{ headers: { level: 'INFO' }, body: 'dropped' }]), 200);
    assert.equal(
      await post(flow, [
        { headers: {}, body: 'dropped' },
        { headers: { level: 'ERROR' }, body: 'kept' },
      ]),
      200,
    );
    await mapped.untilCount(1);
    await flow.stop();
    assert.deepEqual(mapped.bodies, ['kept']);
  });

  test('load_balancing: each event to one of the channels, in turn', async (t) => {
    const sinks = [new Collected(t), new Collected(t), new Collected(t)];
    const flow = await runFlow(
      t,
      `${http('c1 c2 c3')}
       sinks = k1 k2 k3
       sources.r1.selector.type = load_balancing
       channels.c1.type = memory
       channels.c2.type = memory
       channels.c3.type = memory
       ${sinks.map((one, n) => one.sink(`k${n + 1}`, `c${n + 1}`)).join('\n')}`,
    );
    for (const from of [0, 4]) {
      const events = [0, 1, 2, 3].map((n) => ({ headers: {}, body: `${from + n}` }));
      assert.equal(await post(flow, events), 200);
    }
    await until('all eight', () => sinks.reduce((sum, one) => sum + one.events.length, 0) === 8);
    assert.deepEqual(
      sinks.map((one) => one.bodies),
      [
        ['0', '3', '6'],
        ['1', '4', '7'],
        ['2', '5'],
      ],
    );
  });

  test('a selector by plug-in, with options of its own', async (t) => {
    const short = new Collected(t);
    const long = new Collected(t);
    const flow = await runFlow(
      t,
      `${netcat('c1 c2')}
       sinks = k1 k2
       sources.r1.selector.type = ${kitPlugin('by-length-selector')}
       sources.r1.selector.longFrom = 5
       channels.c1.type = memory
       channels.c2.type = memory
       ${short.sink('k1', 'c1')}
       ${long.sink('k2', 'c2')}`,
    );
    assert.deepEqual(await answers(flow, ['abc', 'abcdefgh', 'abcd', 'abcde']), Array(4).fill('OK'));
    await short.untilCount(2);
    await long.untilCount(2);
    assert.deepEqual(short.bodies, ['abc', 'abcd']);
    assert.deepEqual(long.bodies, ['abcdefgh', 'abcde']);
  });

  for (const [selector, lines] of [
    ['replicating', 'sources.r1.selector.optional = c2'],
    ['multiplexing', 'sources.r1.selector.default = c1\n sources.r1.selector.optional.none = c2'],
  ] as const) {
    test(`${selector}: an optional channel that is full refuses nothing to the sender, and is logged`, async (t) => {
      const collected = new Collected(t);
      const source = selector === 'replicating' ? netcat('c1 c2') : http('c1 c2');
      const flow = await runFlow(
        t,
        `${source}
         sinks = k1
         sources.r1.selector.type = ${selector}
         sources.r1.selector.header = h
         ${lines}
         channels.c1.type = memory
         ${tiny('c2')}
         ${collected.sink('k1', 'c1')}`,
      );
      const bodies = ['l0', 'l1', 'l2', 'l3', 'l4'];
      if (selector === 'replicating') assert.deepEqual(await answers(flow, bodies), Array(5).fill('OK'));
      else {
        for (const body of bodies) assert.equal(await post(flow, [{ headers: { h: 'none' }, body }]), 200);
      }
      await collected.untilCount(5);
      assert.deepEqual(collected.bodies, bodies);
      await flow.untilLogged(/Space for commit to queue couldn't be acquired.*channel c2/);
      assert.equal(flow.counter('channel', 'c2', 'ChannelSize'), 1);
      assert.equal(flow.counter('channel', 'c1', 'EventPutSuccessCount'), 5);
    });
  }

  test('a required channel that is full refuses; the channels before it keep what they took', async (t) => {
    const collected = new Collected(t);
    const flow = await runFlow(
      t,
      `${netcat('c1 c2 c3')}
       sinks = k1
       channels.c1.type = memory
       ${tiny('c2')}
       channels.c3.type = memory
       ${collected.sink('k1', 'c1')}`,
    );
    const client = new LineClient(await flow.port('r1'));
    client.send(['first']);
    assert.deepEqual(await client.untilLines(1), ['OK']);
    client.send(['second']);
    assert.match((await client.untilLines(2))[1]!, /^FAILED: .*MemoryChannel\{name: c2\}$/);
    client.end();
    await collected.untilCount(2);
    assert.deepEqual(collected.bodies, ['first', 'second'], 'as in Flume: the first channel has committed');
    assert.equal(flow.counter('channel', 'c2', 'ChannelSize'), 1);
    assert.equal(flow.counter('channel', 'c3', 'ChannelSize'), 1, 'those behind it are not tried');
  });
});

interface Place {
  readonly sink: string;
  readonly memory: SharedArrayBuffer;
  readonly start: number;
  readonly body: string;
}

/** What sinks of the plug-in `place-teller` told. */
function places(t: TestContext): { topic: string; told: Place[] } {
  const topic = `places-${process.pid}-${t.name.length}`;
  const told: Place[] = [];
  const channel = new BroadcastChannel(topic);
  channel.onmessage = (message) => told.push((message as unknown as { data: Place }).data);
  t.after(() => channel.close());
  return { topic, told };
}

describe('one copy of the bytes', () => {
  for (const [selector, count] of [
    ['replicating', 6],
    ['multiplexing', 4],
  ] as const) {
    test(`${selector} to two memory channels: both sinks read each shared event in the same place`, async (t) => {
      const { topic, told } = places(t);
      const flow = await runFlow(
        t,
        `${http('c1 c2')}
         sinks = k1 k2
         sources.r1.selector.type = ${selector}
         sources.r1.selector.header = to
         sources.r1.selector.mapping.one = c1
         sources.r1.selector.mapping.both = c1 c2
         channels.c1.type = memory
         channels.c2.type = memory
         sinks.k1.type = ${kitPlugin('place-teller')}
         sinks.k1.topic = ${topic}
         sinks.k1.channel = c1
         sinks.k2.type = ${kitPlugin('place-teller')}
         sinks.k2.topic = ${topic}
         sinks.k2.channel = c2`,
      );
      const to = ['both', 'one', 'both', 'both', 'one', 'both'];
      const wanted = selector === 'replicating' ? to : to.filter((where) => where === 'both');
      await post(
        flow,
        to.map((where, n) => ({ headers: { to: where }, body: `event ${n}` })),
      );
      const of = (sink: string) => told.filter((place) => place.sink === sink);
      await until('both sinks have all', () => of('k1').length === 6 && of('k2').length === wanted.length);
      assert.equal(wanted.length, count);
      const first = new Map(of('k1').map((place) => [place.body, place]));
      for (const { body, memory, start } of of('k2')) {
        const same = first.get(body)!;
        assert.equal(same.start, start, body);
        // Handed over twice they are two objects: only a write tells that the bytes behind them are the same.
        new Uint8Array(memory)[start] = 0x21;
        assert.equal(new Uint8Array(same.memory)[start], 0x21, body);
      }
    });
  }
});
