/** TLS, alone and with compression in both orders, from the sink to the source. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import declaration from '../../../src/sinks/avro/index.ts';
import { fixture, PASSWORD } from '../../component/tls/kit.ts';
import { batchOf, type EventOf } from '../../kit/editor.ts';
import { refusalOf } from '../../kit/part.ts';
import { SinkRig } from '../../kit/sink.ts';
import { runAvro } from '../../sources/avro/avro.ts';
import { JavaOrderRelay } from './java-order.ts';

const SERVER = {
  ssl: true,
  keystore: fixture('server-ec.pem'),
  'keystore-type': 'PEM',
  'keystore-password': PASSWORD,
};
const CLIENT = { ssl: 'true', truststore: fixture('ca.pem'), 'truststore-type': 'PEM' };
const DEFLATE = { 'compression-type': 'deflate' };
const BATCH: EventOf[] = Array.from({ length: 700 }, (_, n) => [{ n: `${n}` }, `body ${n} `.repeat(n)]);

async function sinkTo(t: TestContext, port: number, options: Readonly<Record<string, string>>) {
  const properties = { hostname: '127.0.0.1', port: `${port}`, 'connect-timeout': '3000', ...options };
  const rig = await SinkRig.start(declaration, properties);
  t.after(() => rig.sink.stop?.());
  return rig;
}

describe('avro over TLS', () => {
  for (const [what, more] of [
    ['alone', {}],
    ['with deflate', DEFLATE],
  ] as const) {
    test(`TLS ${what}`, async (t) => {
      const { port, collected } = await runAvro(t, { ...SERVER, ...more });
      const rig = await sinkTo(t, port, { ...CLIENT, ...more });
      await rig.sink.process(batchOf(BATCH));
      await collected.untilCount(BATCH.length);
      assert.deepEqual(
        collected.bodies,
        BATCH.map(([, body]) => body),
      );
    });
  }

  test('zlib outside TLS, as Flume 1.11 has it: the sink finds out, the source takes it', async (t) => {
    const { port, collected } = await runAvro(t, { ...SERVER, ...DEFLATE });
    const relay = await JavaOrderRelay.start(t, port);
    const rig = await sinkTo(t, relay.port, { ...CLIENT, ...DEFLATE });
    await rig.sink.process(batchOf(BATCH));
    await collected.untilCount(BATCH.length);
    assert.deepEqual([relay.refused, relay.passed], [1, 1]);
    assert.equal(rig.counters.get('ConnectionFailedCount'), 0);
  });

  test('rules for addresses count before the order is known', async (t) => {
    const rules = { ipFilter: true, ipFilterRules: 'allow:ip:127.*,deny:ip:*' };
    const { port, collected } = await runAvro(t, { ...SERVER, ...DEFLATE, ...rules });
    const relay = await JavaOrderRelay.start(t, port);
    const rig = await sinkTo(t, relay.port, { ...CLIENT, ...DEFLATE });
    await rig.sink.process(batchOf(BATCH.slice(0, 1)));
    await collected.untilCount(1);
  });

  test('a certificate that is not trusted is told, and the other order is not tried', async (t) => {
    const { port } = await runAvro(t, { ...SERVER, ...DEFLATE });
    const relay = await JavaOrderRelay.start(t, port, true);
    const rig = await sinkTo(t, relay.port, { ...CLIENT, ...DEFLATE, truststore: fixture('other-ca.pem') });
    const error = await refusalOf(async () => rig.sink.process(batchOf(BATCH)));
    assert.match(
      error.message,
      /its certificate is not trusted \(\w+\) \(put the certificate of its authority/,
    );
    assert.equal(relay.passed, 2, 'at the start and with the batch');
  });
});
