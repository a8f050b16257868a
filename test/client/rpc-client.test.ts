/** The client against sources of an agent. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { RpcClient, RpcError, type RpcProperties } from '../../src/client.ts';
import { Collected, type Flow, runFlow } from '../kit/flow.ts';
import { temporaryDirectory } from '../kit/temporary.ts';

interface Running {
  readonly flow: Flow;
  readonly collected: Collected;
  readonly address: string;
}

async function source(t: TestContext, lines = 'sources.r1.type = avro', capacity = 10_000): Promise<Running> {
  const collected = new Collected(t);
  const flow = await runFlow(
    t,
    `sources = r1
     channels = c1
     sinks = k1
     ${lines}
     sources.r1.bind = 127.0.0.1
     sources.r1.port = 0
     sources.r1.channels = c1
     channels.c1.type = memory
     channels.c1.capacity = ${capacity}
     channels.c1.transactionCapacity = ${Math.min(capacity, 1000)}
     ${collected.sink('k1', 'c1')}`,
    { 'millrace.workers.max': '1' },
  );
  return { flow, collected, address: `127.0.0.1:${await flow.port('r1')}` };
}

async function open(t: TestContext, properties: RpcProperties): Promise<RpcClient> {
  const client = await RpcClient.open(properties);
  t.after(() => client.close());
  return client;
}

const one = (address: string, more: RpcProperties = {}): RpcProperties => ({
  hosts: 'h1',
  'hosts.h1': address,
  ...more,
});

const KINDS: readonly (readonly [string, string, RpcProperties])[] = [
  ['avro', 'sources.r1.type = avro', {}],
  [
    'avro with deflate',
    'sources.r1.type = avro\nsources.r1.compression-type = deflate',
    { 'compression-type': 'deflate', 'compression-level': 9 },
  ],
  ['thrift', 'sources.r1.type = thrift', { 'client.type': 'thrift' }],
  [
    'thrift, binary',
    'sources.r1.type = thrift\nsources.r1.protocol = binary',
    { 'client.type': 'thrift', protocol: 'binary' },
  ],
];

for (const [what, lines, properties] of KINDS) {
  describe(`a client of ${what}`, () => {
    test('sends a list that is too large for one call in several, whatever batch-size says', async (t) => {
      const { collected, flow, address } = await source(t, lines);
      const client = await open(t, one(address, properties));
      const bodies = Array.from({ length: 8 }, (_, n) => Buffer.alloc(n === 5 ? 12 << 20 : 3 << 20, 65 + n));
      await client.appendBatch(bodies.map((body) => ({ body })));
      await collected.untilCount(8);
      assert.deepEqual(
        collected.bodies.map((body) => [body.length, body[0]]),
        bodies.map((body) => [body.length, String.fromCharCode(body[0]!)]),
      );
      assert.ok(flow.counter('source', 'r1', 'AppendBatchAcceptedCount') >= 4);
      await assert.rejects(client.append({ body: Buffer.alloc(17 << 20) }), { code: 'EVENT_TOO_LARGE' });
    });

    test('sends one event and many, with headers, in order', async (t) => {
      const { collected, address } = await source(t, lines);
      const client = await open(t, one(address, properties));
      assert.equal(client.isActive, true);
      await client.append({ headers: { host: 'web1', ü: '€' }, body: 'first' });
      await client.append({ body: Buffer.from([0, 255]) });
      const events = Array.from({ length: 250 }, (_, n) => ({
        headers: new Map([['n', `${n}`]]),
        body: `e${n}`,
      }));
      await client.appendBatch(events);
      await collected.untilCount(252);
      assert.deepEqual(collected.bodies.slice(0, 2), ['first', '\0ÿ']);
      assert.deepEqual(
        collected.events[0]!.headers,
        new Map([
          ['host', 'web1'],
          ['ü', '€'],
        ]),
      );
      assert.equal(collected.events[1]!.headers.size, 0);
      assert.deepEqual(
        collected.bodies.slice(2),
        events.map(({ body }) => body),
      );
      assert.deepEqual(collected.events[251]!.headers, new Map([['n', '249']]));
    });

    test('calls that overlap are each answered', async (t) => {
      const { collected, address } = await source(t, lines);
      const client = await open(t, one(address, properties));
      await Promise.all(Array.from({ length: 50 }, (_, n) => client.append({ body: `${n}` })));
      await collected.untilCount(50);
      assert.deepEqual(new Set(collected.bodies).size, 50);
    });

    test('what the channel cannot take is refused, and the client goes on', async (t) => {
      const { collected, address } = await source(t, lines, 10);
      const client = await open(t, one(address, { ...properties, 'batch-size': 11 }));
      const many = Array.from({ length: 11 }, () => ({ body: 'x' }));
      await assert.rejects(client.appendBatch(many), (error: unknown) => {
        assert.ok(error instanceof RpcError);
        assert.equal(error.failure, 'refused');
        assert.equal(error.delivered, 0);
        return true;
      });
      await client.append({ body: 'y' });
      await collected.untilCount(1);
      assert.deepEqual(collected.bodies, ['y']);
    });
  });
}

describe('a client', () => {
  test('of a port where nobody listens: an error that says so', async () => {
    await assert.rejects(RpcClient.open(one('127.0.0.1:1')), (error: unknown) => {
      assert.ok(error instanceof RpcError);
      assert.equal(error.failure, 'connect');
      assert.match(error.message, /RPC client cannot connect to 127\.0\.0\.1:1: connection refused/);
      return true;
    });
  });

  test('whose source went away and came back goes on with the next call', async (t) => {
    const first = await source(t);
    const client = await open(t, one(first.address));
    await client.append({ body: 'before' });
    await first.flow.stop();
    await assert.rejects(client.append({ body: 'lost' }), RpcError);
    assert.equal(client.isActive, false);
  });

  test('fails over to the host that is there', async (t) => {
    const { collected, address } = await source(t);
    const client = await open(t, {
      'client.type': 'default_failover',
      hosts: 'h1 h2',
      'hosts.h1': '127.0.0.1:1',
      'hosts.h2': address,
    });
    await client.append({ body: 'x' });
    await collected.untilCount(1);
  });

  test('balances over two agents', async (t) => {
    const [a, b] = [await source(t), await source(t)];
    const client = await open(t, {
      'client.type': 'default_loadbalance',
      hosts: 'h1 h2',
      'hosts.h1': a.address,
      'hosts.h2': b.address,
    });
    for (let n = 0; n < 4; n++) await client.append({ body: `${n}` });
    await a.collected.untilCount(2);
    await b.collected.untilCount(2);
    assert.deepEqual(a.collected.bodies, ['0', '2']);
  });

  test('is opened by a properties file', async (t) => {
    const { collected, address } = await source(t);
    const file = join(temporaryDirectory(), 'client.properties');
    writeFileSync(file, `# collector\nhosts = h1\nhosts.h1 = ${address}\nbatch-size = 7\n`);
    const client = await RpcClient.openFile(file);
    t.after(() => client.close());
    assert.equal(client.batchSize, 7);
    await client.append({ body: 'x' });
    await collected.untilCount(1);
    await assert.rejects(RpcClient.openFile(`${file}.missing`), /cannot be read/);
  });

  test('that is closed refuses', async (t) => {
    const { address } = await source(t);
    const client = await open(t, one(address));
    client.close();
    await assert.rejects(client.append({ body: 'x' }), /closed/);
    assert.equal(client.isActive, false);
  });
});
