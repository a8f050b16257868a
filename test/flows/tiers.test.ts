/** Three agents in a row: what travels with an event, and what happens when the last one takes no more. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { RpcClient, RpcError } from '../../src/client.ts';
import { type Flow, MoodyChannel, runFlow } from '../kit/flow.ts';
import { runSource } from '../kit/source.ts';
import { until } from '../kit/until.ts';

const ROOM = 100;
const LOCAL = '127.0.0.1';

/** From an avro source to a sink that sends to `port`, with room for 100 events between. */
function tier(t: TestContext, sink: 'avro' | 'thrift', port: number): Promise<Flow> {
  return runFlow(
    t,
    `sources = r1
     channels = c1
     sinks = k1
     sources.r1.type = avro
     sources.r1.bind = ${LOCAL}
     sources.r1.port = 0
     sources.r1.channels = c1
     channels.c1.type = memory
     channels.c1.capacity = ${ROOM}
     channels.c1.keep-alive = 0
     sinks.k1.type = ${sink}
     sinks.k1.hostname = ${LOCAL}
     sinks.k1.port = ${port}
     sinks.k1.batch-size = 10
     sinks.k1.channel = c1`,
    { 'millrace.workers.max': '1' },
  );
}

/** A client of the first of three; the hops between them are Avro, then Thrift. */
async function tiers(t: TestContext, channel?: string) {
  const around = channel === undefined ? {} : { channel };
  const last = await runSource(t, { type: 'thrift', bind: LOCAL }, around);
  const middle = await tier(t, 'thrift', last.port);
  const first = await tier(t, 'avro', await middle.port('r1'));
  const client = await RpcClient.open({ hosts: 'h1', 'hosts.h1': `${LOCAL}:${await first.port('r1')}` });
  t.after(() => client.close());
  return { client, first, middle, last };
}

const sizeOf = (flow: Flow) => flow.counter('channel', 'c1', 'ChannelSize');

describe('tiers', () => {
  test('headers travel unchanged, among them those of a trace', async (t) => {
    const { client, last } = await tiers(t);
    const headers = {
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      tracestate: 'vendor=a,other=b',
      'naïve 𝄞': 'wert ü €',
      empty: '',
    };
    await client.append({ headers, body: 'traced' });
    await client.append({ body: 'plain' });
    await last.collected.untilCount(2);
    assert.deepEqual(Object.fromEntries(last.collected.events[0]!.headers), headers);
    assert.equal(last.collected.events[1]!.headers.size, 0);
  });

  test('a refusal travels back: channels fill, then the client is refused; what was taken arrives', async (t) => {
    const moody = new MoodyChannel(t);
    const { client, first, middle, last } = await tiers(t, moody.channel('c1', 'refuse'));
    const taken: string[] = [];
    let sent = 0;
    // The first may be full for a moment only, while the second still has room.
    await until('both channels are full, and the client is refused', async () => {
      const isFull = sizeOf(first) === ROOM && sizeOf(middle) === ROOM;
      const bodies = Array.from({ length: 10 }, () => `event ${sent++}`);
      const refusal = await client.appendBatch(bodies.map((body) => ({ body }))).then(
        () => null,
        (error: unknown) => error,
      );
      if (refusal === null) {
        taken.push(...bodies);
        return false;
      }
      assert.ok(refusal instanceof RpcError && refusal.failure === 'refused', String(refusal));
      return isFull;
    });
    assert.equal(middle.counter('channel', 'c1', 'EventTakeSuccessCount'), 0, 'nothing was committed');
    await moody.set('accept');
    await last.collected.untilCount(taken.length);
    assert.deepEqual(last.collected.bodies.toSorted(), taken.toSorted());
    await until('both are empty', () => sizeOf(first) === 0 && sizeOf(middle) === 0);
  });
});
