/** The Scribe source: entries, categories, results, and what is no call of Log. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { MoodyChannel } from '../../kit/flow.ts';
import { runSource } from '../../kit/source.ts';
import { until } from '../../kit/until.ts';
import { piecesOf, RawClient } from '../raw-client.ts';
import { logCall, results } from './scribe.ts';

const OK = 0;
const TRY_LATER = 1;
const MEMORY =
  'channels.c1.type = memory\nchannels.c1.capacity = 1000\nchannels.c1.transactionCapacity = 100';
const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../../fixtures/thrift-rpc', name));
const latin1 = (text: string) => Buffer.from(text).toString('latin1');

async function runScribe(t: TestContext, channel = MEMORY) {
  const type = 'org.apache.flume.source.scribe.ScribeSource';
  const { flow, collected, port } = await runSource(t, { type, bind: '127.0.0.1' }, { channel });
  const client = new RawClient(port);
  t.after(() => client.destroy());
  return { flow, collected, client };
}

describe('scribe', () => {
  test('what Java sends is answered as Java answers: the message is the body, the category a header', async (t) => {
    const { flow, collected, client } = await runScribe(t);
    await client.sendInPieces(piecesOf(fixture('scribe-requests.bin'), 50));
    const answers = fixture('scribe-answers.bin');
    await until('both answers', () => client.received.length >= answers.length);
    assert.deepEqual(client.received, answers);
    await collected.untilCount(4);
    assert.deepEqual(
      collected.events.map(({ body, headers }) => [body, ...headers]),
      ['web', 'web', 'naïve 𝄞', 'web'].map((category, n) => [
        latin1(`entry ${n} ü\n`),
        ['category', category],
      ]),
    );
    const names = ['EventReceivedCount', 'EventAcceptedCount', 'ChannelWriteFail', 'EventReadFail'];
    assert.deepEqual(
      names.map((name) => flow.counter('source', 'r1', name)),
      [4, 4, 0, 0],
    );
  });

  test('an entry without a category has no header; bytes that are not UTF-8 stay in the body', async (t) => {
    const { collected, client } = await runScribe(t);
    client.send(logCall([{ message: 'x' }, { category: 'a', message: Buffer.from([0xff, 0]) }]));
    assert.deepEqual(await results(client, 1), [OK]);
    await collected.untilCount(2);
    assert.deepEqual(
      collected.events.map(({ body, headers }) => [body, ...headers]),
      [['x'], ['\xff\0', ['category', 'a']]],
    );
  });

  test('a channel that refuses: TRY_LATER, counted, nothing put', async (t) => {
    const moody = new MoodyChannel(t);
    const { flow, collected, client } = await runScribe(t, moody.channel('c1', 'refuse'));
    client.send(logCall([{ category: 'c', message: 'a' }], 1));
    assert.deepEqual(await results(client, 1), [TRY_LATER]);
    assert.equal(flow.counter('source', 'r1', 'ChannelWriteFail'), 1);
    await moody.set('accept');
    client.send(logCall([{ category: 'c', message: 'b' }], 2));
    assert.deepEqual(await results(client, 2), [TRY_LATER, OK]);
    await collected.untilCount(1);
    assert.deepEqual(collected.bodies, ['b']);
  });

  test('an entry without a message: TRY_LATER for the whole call', async (t) => {
    const { flow, client } = await runScribe(t);
    client.send(logCall([{ category: 'c', message: 'a' }, { category: 'c' }]));
    assert.deepEqual(await results(client, 1), [TRY_LATER]);
    assert.equal(flow.counter('channel', 'c1', 'EventPutAttemptCount'), 0);
    assert.equal(flow.counter('source', 'r1', 'EventReadFail'), 1);
  });

  test('another method is answered with an exception, and the connection goes on', async (t) => {
    const { client } = await runScribe(t);
    client.send(logCall([], 1, 'getStatus'));
    await client.untilText("Invalid method name: 'getStatus'");
    const before = client.received.length;
    client.send(logCall([], 2));
    await until('the next answer', () => client.received.length > before);
  });
});
