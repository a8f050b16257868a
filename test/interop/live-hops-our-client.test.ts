/** Millrace's client library sends to sources of Java Flume. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { freePort } from '../../benchmarks/agents.ts';
import { RpcClient, RpcError, type RpcProperties } from '../../src/client.ts';
import { assertArrived, assertArrivedAnyhow, linesOf, numberedEvents } from './events.ts';
import { component, fileEnd, JavaAgent, memoryChannel } from './java-agent.ts';
import { clientTlsProperties, serverTls } from './stores.ts';

const EVENTS = 3000;
const SINGLE_EVENTS = 300;
const BATCH = 250;

interface Case {
  readonly what: string;
  /** Lines of Java Flume's source. */
  readonly source: readonly string[];
  readonly properties: RpcProperties;
}

const CASES: Readonly<Record<string, Case>> = {
  avro: { what: 'default', source: ['type = avro'], properties: {} },
  deflate: {
    what: 'default with deflate',
    source: ['type = avro', 'compression-type = deflate'],
    properties: { 'compression-type': 'deflate' },
  },
  tls: {
    what: 'default over TLS',
    source: ['type = avro', ...serverTls('PKCS12')],
    properties: clientTlsProperties('JKS'),
  },
  both: {
    what: 'default with deflate over TLS',
    source: ['type = avro', 'compression-type = deflate', ...serverTls('JKS')],
    properties: { 'compression-type': 'deflate', ...clientTlsProperties('PKCS12') },
  },
  compact: { what: 'thrift', source: ['type = thrift'], properties: { 'client.type': 'thrift' } },
  binary: {
    what: 'thrift, binary',
    source: ['type = thrift', 'protocol = binary'],
    properties: { 'client.type': 'thrift', protocol: 'binary' },
  },
};
/** For clients with several hosts. */
const MORE = ['failover', 'left', 'right'];

function javaConf(ports: ReadonlyMap<string, number>): string {
  const each = (prefix: string) => [...ports.keys()].map((name) => `${prefix}${name}`).join(' ');
  const parts = [...ports].map(([name, port]) => {
    const where = ['bind = 127.0.0.1', `port = ${port}`, `channels = c${name}`];
    const source = component(`sources.r${name}`, [...where, ...(CASES[name]?.source ?? ['type = avro'])]);
    return source + memoryChannel(`c${name}`) + fileEnd(`f${name}`, `c${name}`);
  });
  return `sources = ${each('r')}\nchannels = ${each('c')}\nsinks = ${each('f')}\n${parts.join('\n')}`;
}

/** Java Flume with a source and a file for each name. */
async function start(t: TestContext, names: readonly string[]) {
  const ports = new Map<string, number>();
  for (const name of names) ports.set(name, await freePort());
  const java = await JavaAgent.start(t, { conf: javaConf(ports), ports: [...ports.values()] });
  return { java, address: (name: string) => `127.0.0.1:${ports.get(name)}` };
}

describe('RpcClient to Java Flume 1.11', { timeout: 150_000 }, () => {
  const events = numberedEvents(EVENTS);
  const expected = linesOf(events);

  test('clients of one host', async (t) => {
    const { java, address } = await start(t, Object.keys(CASES));

    for (const [name, { what, properties }] of Object.entries(CASES)) {
      await t.test(`${what}: append and appendBatch`, async (one) => {
        const base = { hosts: 'h', 'hosts.h': address(name), 'batch-size': BATCH };
        const client = await RpcClient.open({ ...base, ...properties });
        one.after(() => client.close());
        for (const event of events.slice(0, SINGLE_EVENTS)) await client.append(event);
        await client.appendBatch(events.slice(SINGLE_EVENTS));
        assertArrived(await java.arrived(`f${name}`, EVENTS), expected);
        assert.equal(await java.counter(`SOURCE.r${name}`, 'AppendAcceptedCount'), SINGLE_EVENTS);
      });
    }
  });

  test('clients with more than one host', async (t) => {
    const { java, address } = await start(t, MORE);

    await t.test('failover passes a dead host by', async (one) => {
      const client = await RpcClient.open({
        'client.type': 'default_failover',
        hosts: 'dead alive',
        'hosts.dead': `127.0.0.1:${await freePort()}`,
        'hosts.alive': address('failover'),
      });
      one.after(() => client.close());
      await client.appendBatch(events);
      assertArrived(await java.arrived('ffailover', EVENTS), expected);
    });

    await t.test('load balancing in turn over two sources', async (one) => {
      const client = await RpcClient.open({
        'client.type': 'default_loadbalance',
        hosts: 'left right',
        'hosts.left': address('left'),
        'hosts.right': address('right'),
      });
      one.after(() => client.close());
      for (let from = 0; from < EVENTS; from += BATCH) {
        await client.appendBatch(events.slice(from, from + BATCH));
      }
      const [left, right] = [
        await java.arrived('fleft', EVENTS / 2),
        await java.arrived('fright', EVENTS / 2),
      ];
      assert.deepEqual([left.length, right.length], [EVENTS / 2, EVENTS / 2]);
      assertArrivedAnyhow([...left, ...right], expected);
    });

    await t.test(
      'a batch beyond what the channel takes at once is refused; smaller ones are not',
      async (one) => {
        const client = await RpcClient.open({
          hosts: 'h',
          'hosts.h': address('failover'),
          'batch-size': 2000,
        });
        one.after(() => client.close());
        await assert.rejects(client.appendBatch(events.slice(0, 2000)), (error: unknown) => {
          assert.ok(error instanceof RpcError);
          assert.equal(error.delivered, 0);
          return true;
        });
        await client.appendBatch(events.slice(0, 1000));
        const arrived = await java.arrived('ffailover', EVENTS + 1000);
        assertArrived(arrived.slice(EVENTS), expected.slice(0, 1000));
      },
    );
  });
});
