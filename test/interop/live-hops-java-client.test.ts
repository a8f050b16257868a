/** Flume's own Java clients send to sources of Millrace. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../../benchmarks/agents.ts';
import { until } from '../kit/until.ts';
import { JavaRpcClient, type SendAnswer } from '../peers/rpc/index.ts';
import { assertArrived, assertArrivedAnyhow, linesOf, numberedEvents, writeEvents } from './events.ts';
import { Receiver } from './receiver.ts';
import { clientTlsProperties, PASSWORD, serverTls, store } from './stores.ts';

const EVENTS = 3000;
/** Each is a call that is waited for. */
const SINGLE_EVENTS = 300;

const many = numberedEvents(EVENTS);
const few = many.slice(0, SINGLE_EVENTS);

describe("Flume's Java RpcClient", { timeout: 150_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-hops-'));
  const manyFile = join(directory, 'many');
  const fewFile = join(directory, 'few');
  let java: JavaRpcClient;

  before(() => {
    writeEvents(manyFile, many);
    writeEvents(fewFile, few);
    // What Java programs are given when they shall show a certificate.
    const keyStore = [
      `-Djavax.net.ssl.keyStore=${store('client.p12')}`,
      `-Djavax.net.ssl.keyStorePassword=${PASSWORD}`,
    ];
    java = new JavaRpcClient(keyStore);
  });

  after(() => {
    java.end();
    rmSync(directory, { recursive: true });
  });

  const acknowledged = (answer: SendAnswer, count: number) =>
    assert.deepEqual(answer, { acknowledged: count });

  const to = (receiver: Receiver, more: Record<string, string> = {}) => ({
    hosts: 'h',
    'hosts.h': receiver.address,
    ...more,
  });

  const KINDS: readonly (readonly [string, readonly string[], Readonly<Record<string, string>>])[] = [
    ['default', ['type = avro'], {}],
    [
      'default with deflate',
      ['type = avro', 'compression-type = deflate'],
      { 'compression-type': 'deflate', 'compression-level': '1' },
    ],
    ['default over TLS', ['type = avro', ...serverTls('JKS')], clientTlsProperties('JKS')],
    ['thrift', ['type = thrift'], { 'client.type': 'thrift' }],
    [
      'thrift, binary',
      ['type = thrift', 'protocol = binary'],
      { 'client.type': 'thrift', protocol: 'binary' },
    ],
    [
      'thrift over TLS',
      ['type = thrift', ...serverTls('PKCS12')],
      { 'client.type': 'thrift', ...clientTlsProperties('PKCS12') },
    ],
  ];
  for (const [what, source, properties] of KINDS) {
    test(`${what}: append and appendBatch`, async (t) => {
      const receiver = await Receiver.start(t, { source });
      const single = await java.send({
        events: fewFile,
        single: true,
        properties: to(receiver, properties),
      });
      acknowledged(single, SINGLE_EVENTS);
      assertArrived(await receiver.arrived(SINGLE_EVENTS), linesOf(few));
      const batches = await java.send({
        events: manyFile,
        properties: to(receiver, { ...properties, 'batch-size': '250' }),
      });
      acknowledged(batches, EVENTS);
      assertArrived(await receiver.arrived(EVENTS), linesOf(many));
      assert.equal(receiver.flow.counter('source', 'r1', 'EventAcceptedCount'), SINGLE_EVENTS + EVENTS);
      assert.equal(receiver.flow.counter('source', 'r1', 'AppendAcceptedCount'), SINGLE_EVENTS);
      assert.equal(receiver.flow.counter('source', 'r1', 'AppendBatchAcceptedCount'), EVENTS / 250);
    });
  }

  for (const [what, single] of [
    ['append', true],
    ['appendBatch', false],
  ] as const) {
    test(`failover passes a dead host by, ${what}`, async (t) => {
      const receiver = await Receiver.start(t, { source: ['type = avro'] });
      const properties = {
        'client.type': 'default_failover',
        hosts: 'dead alive',
        'hosts.dead': `127.0.0.1:${await freePort()}`,
        'hosts.alive': receiver.address,
      };
      const events = single ? few : many;
      const answer = await java.send({ events: single ? fewFile : manyFile, single, properties });
      acknowledged(answer, events.length);
      assertArrived(await receiver.arrived(events.length), linesOf(events));
    });

    test(`load balancing in turn over two agents, ${what}`, async (t) => {
      const [a, b] = await Promise.all([1, 2].map(() => Receiver.start(t, { source: ['type = avro'] })));
      const properties = {
        'client.type': 'default_loadbalance',
        'host-selector': 'round_robin',
        hosts: 'a b',
        'hosts.a': a!.address,
        'hosts.b': b!.address,
      };
      const events = single ? few : many;
      const answer = await java.send({ events: single ? fewFile : manyFile, single, properties });
      acknowledged(answer, events.length);
      const half = events.length / 2;
      const [first, second] = await Promise.all([a!.arrived(half), b!.arrived(half)]);
      assert.deepEqual([first.length, second.length], [half, half]);
      assertArrivedAnyhow([...first, ...second], linesOf(events));
    });
  }

  describe('without a certificate: Flume 1.11 gives its clients none, whatever javax.net.ssl.keyStore says', () => {
    const asks = (auth: string) => [
      ...serverTls('JKS'),
      `client-auth = ${auth}`,
      `truststore = ${store('trust.jks')}`,
      `truststore-password = ${PASSWORD}`,
    ];
    for (const [type, properties] of [
      ['avro', {}],
      ['thrift', { 'client.type': 'thrift' }],
    ] as const) {
      const tls = { ...properties, ...clientTlsProperties('JKS') };

      test(`${type}: a source that wants one serves the client`, async (t) => {
        const receiver = await Receiver.start(t, { source: [`type = ${type}`, ...asks('want')] });
        acknowledged(await java.send({ events: fewFile, properties: to(receiver, tls) }), SINGLE_EVENTS);
        assertArrived(await receiver.arrived(SINGLE_EVENTS), linesOf(few));
      });

      test(`${type}: a source that needs one refuses the client, and says why`, async (t) => {
        const receiver = await Receiver.start(t, { source: [`type = ${type}`, ...asks('need')] });
        const answer = await java.send({ events: fewFile, properties: to(receiver, tls) });
        assert.equal(answer.acknowledged, 0);
        assert.notEqual(answer.error, undefined);
        await receiver.flow.untilLogged(/certificate/);
        assert.equal(receiver.count, 0);
      });
    }
  });

  test('a client that does not trust the source gives up; the source lives on', async (t) => {
    const receiver = await Receiver.start(t, { source: ['type = avro', ...serverTls('JKS')] });
    const trusting = clientTlsProperties('PKCS12');
    // In this one the authority is no trusted certificate.
    const wary = { ...trusting, truststore: store('client.p12') };
    const refused = await java.send({ events: fewFile, properties: to(receiver, wary) });
    assert.equal(refused.acknowledged, 0);
    acknowledged(await java.send({ events: fewFile, properties: to(receiver, trusting) }), SINGLE_EVENTS);
    assertArrived(await receiver.arrived(SINGLE_EVENTS), linesOf(few));
    await until('both connections are gone', () => openConnections(receiver) === 0);
  });
});

function openConnections(receiver: Receiver): number {
  return receiver.flow.counter('source', 'r1', 'OpenConnectionCount');
}
