/** Thrift sink to thrift source, in one agent: what comes out is what went in, plain and with TLS. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { freePort } from '../../../benchmarks/agents.ts';
import { Collected, type Flow, kitPlugin, MoodyChannel, runFlow } from '../../kit/flow.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';

const EVENTS = 5000;
const STORES = join(import.meta.dirname, '../../fixtures/tls');
const wanted = Array.from({ length: EVENTS }, (_, n) => `n${n}`);

const SERVER = `sources.r2.ssl = true
  sources.r2.keystore = ${STORES}/server-ec.pem
  sources.r2.keystore-type = PEM
  sources.r2.client-auth = need
  sources.r2.truststore = ${STORES}/ca.pem
  sources.r2.truststore-type = PEM`;
const TRUST = `sinks.k1.ssl = true
  sinks.k1.truststore = ${STORES}/trust.jks
  sinks.k1.truststore-password = changeit`;
const CERTIFICATE = `sinks.k1.keystore = ${STORES}/client.pem
  sinks.k1.keystore-type = PEM`;

/** counter → c1 → thrift sink k1 → thrift source r2 → `channel` c2 → collector. */
async function hop(
  t: TestContext,
  more: string,
  channel?: string,
): Promise<{ flow: Flow; collected: Collected }> {
  const collected = new Collected(t);
  const port = await freePort();
  const go = join(temporaryDirectory(), 'go');
  const flow = await runFlow(
    t,
    `sources = r1 r2
     channels = c1 c2
     sinks = k1 k2
     sources.r1.type = ${kitPlugin('counter-source')}
     sources.r1.events = ${EVENTS}
     sources.r1.batchSize = 50
     sources.r1.prefix = n
     sources.r1.after = ${go}
     sources.r1.channels = c1
     sources.r1.interceptors = i1 i2
     sources.r1.interceptors.i1.type = static
     sources.r1.interceptors.i1.key = tier
     sources.r1.interceptors.i1.value = äußere
     sources.r1.interceptors.i2.type = regex_extractor
     sources.r1.interceptors.i2.regex = (\\\\d)$
     sources.r1.interceptors.i2.serializers = s1
     sources.r1.interceptors.i2.serializers.s1.name = digit
     channels.c1.type = memory
     channels.c1.capacity = 10000
     sinks.k1.type = thrift
     sinks.k1.hostname = localhost
     sinks.k1.port = ${port}
     sinks.k1.channel = c1
     sources.r2.type = thrift
     sources.r2.bind = localhost
     sources.r2.port = ${port}
     sources.r2.channels = c2
     ${channel ?? 'channels.c2.type = memory'}
     ${more}
     ${collected.sink('k2', 'c2')}`,
  );
  // A batch that comes before the source listens would have to wait for Flume's pause.
  await flow.port('r2');
  writeFileSync(go, '');
  return { flow, collected };
}

describe('thrift: from sink to source', () => {
  for (const [what, more] of [
    ['plain, compact', ''],
    ['plain, binary', 'sinks.k1.protocol = binary\nsources.r2.protocol = binary'],
    ['with TLS and a client certificate', `${SERVER}\n${TRUST}\n${CERTIFICATE}`],
  ] as const) {
    test(`${what}: every event once, in order, with its headers`, async (t) => {
      const { flow, collected } = await hop(t, more);
      await collected.untilCount(EVENTS);
      assert.deepEqual(collected.bodies, wanted);
      for (const [n, { headers }] of collected.events.entries()) {
        assert.deepEqual(Object.fromEntries(headers), { tier: 'äußere', digit: String(n % 10) });
      }
      await until('the takes are committed', () => flow.counter('channel', 'c1', 'ChannelSize') === 0);
      assert.equal(flow.counter('sink', 'k1', 'EventDrainSuccessCount'), EVENTS);
      assert.equal(flow.counter('source', 'r2', 'EventAcceptedCount'), EVENTS);
    });
  }

  test('without the certificate that the source demands nothing is delivered, and the sink says why', async (t) => {
    const { flow, collected } = await hop(t, `${SERVER}\n${TRUST}`);
    const { text, error } = await flow.untilLogged('Unable to deliver event');
    assert.match(`${text} ${error}`, /sink k1 .*localhost:\d+/);
    assert.equal(collected.events.length, 0);
    assert.equal(flow.counter('channel', 'c1', 'EventTakeSuccessCount'), 0);
  });

  test('a refusal of the next channel rolls the batch back; it is delivered later, once', async (t) => {
    const moody = new MoodyChannel(t);
    const { flow, collected } = await hop(t, '', moody.channel('c2', 'refuse'));
    await flow.untilLogged(/the server answered FAILED/);
    assert.equal(flow.counter('channel', 'c1', 'EventTakeSuccessCount'), 0);
    await moody.set('accept');
    await collected.untilCount(EVENTS);
    assert.deepEqual(collected.bodies, wanted);
  });
});
