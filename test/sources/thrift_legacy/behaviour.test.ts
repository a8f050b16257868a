/** The source for Thrift sinks of Flume 0.9: events, pieces, refusals that nobody can be told of. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type Collected, MoodyChannel } from '../../kit/flow.ts';
import { MEMORY, runSource, type SourceOptions } from '../../kit/source.ts';
import { until } from '../../kit/until.ts';
import { piecesOf, RawClient } from '../raw-client.ts';

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../../fixtures/thrift-rpc', name));
const REQUESTS = fixture('thrift-legacy-requests.bin');
const ANSWERS = fixture('thrift-legacy-answers.bin');

async function runLegacy(t: TestContext, more: SourceOptions = {}, channel = MEMORY) {
  const type = 'org.apache.flume.source.thriftLegacy.ThriftLegacySource';
  const running = await runSource(t, { type, host: '127.0.0.1', ...more }, { channel });
  const client = new RawClient(running.port);
  t.after(() => client.destroy());
  return { ...running, client };
}

/** What Send.java sends, as Flume maps it. */
const EVENTS = ['FATAL', 'WARN', 'DEBUG'].map((priority, i) => ({
  body: `old ${i}`,
  headers: {
    host: 'höst',
    timestamp: String(1_300_000_000_000 + i),
    pri: priority,
    nanos: String(2n ** 63n - 1n - BigInt(i)),
    ...Object.fromEntries(Array.from({ length: i }, (_, k) => [`field${k}`, 'wert ü'])),
    FlumeOG: 'yes',
  },
}));

const shown = (collected: Collected) =>
  collected.events.map(({ body, headers }) => ({ body, headers: Object.fromEntries(headers) }));

describe('legacy thrift', () => {
  for (const piece of [1, 7, REQUESTS.length]) {
    test(`what Java sends, in pieces of ${piece}: its events, and an answer to close only`, async (t) => {
      const { collected, client } = await runLegacy(t);
      await client.sendInPieces(piecesOf(REQUESTS, piece));
      await until('the answer', () => client.received.length >= ANSWERS.length);
      assert.deepEqual(client.received, ANSWERS);
      await collected.untilCount(3);
      assert.deepEqual(shown(collected), EVENTS);
    });
  }

  test('an event that the channel refuses is put again until it is taken: nobody else knows of it', async (t) => {
    const moody = new MoodyChannel(t);
    const { flow, collected, client } = await runLegacy(t, {}, moody.channel('c1', 'refuse'));
    client.send(REQUESTS);
    const attempts = () => flow.counter('channel', 'c1', 'EventPutAttemptCount');
    await until('it was refused twice', () => attempts() > 3);
    assert.equal(client.received.length, 0);
    await moody.set('accept');
    await collected.untilCount(3);
    assert.deepEqual(new Set(collected.bodies), new Set(['old 0', 'old 1', 'old 2']));
    await until('the answer to close', () => client.received.equals(ANSWERS));
  });

  test('a stop does not wait for a channel that goes on refusing; what is lost is told', async (t) => {
    const moody = new MoodyChannel(t);
    const { flow, client } = await runLegacy(t, {}, moody.channel('c1', 'refuse'));
    client.send(REQUESTS);
    await until('it was refused', () => flow.counter('channel', 'c1', 'EventPutAttemptCount') > 3);
    const began = performance.now();
    await flow.stop(2000);
    assert.ok(performance.now() - began < 8000);
    await flow.untilLogged(/source r1: an event is lost, as its sender cannot be told/);
  });

  test('what is no message, or a larger one, ends the connection', async (t) => {
    const { flow, port, client } = await runLegacy(t, { maxMessageBytes: 1024 });
    client.send('GET / HTTP/1.1\r\n\r\n');
    await client.untilEnded();
    const large = new RawClient(port);
    // append, with a body of 2 GB announced.
    const head = REQUESTS.subarray(0, REQUESTS.indexOf('old 0') - 4);
    large.send(Buffer.concat([head, Buffer.from([0x7f, 0xff, 0xff, 0xff])]));
    await large.untilEnded();
    await flow.untilLogged(/at most 1024 are taken|a method name of \d+ bytes/);
    large.destroy();
  });
});
