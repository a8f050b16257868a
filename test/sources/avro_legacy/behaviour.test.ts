/** The source for Avro sinks of Flume 0.9: handshakes, events, refusals, and what is no request. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { framed, unframed } from '../../../src/sources/avro_legacy/framing.ts';
import { PROTOCOL_TEXT } from '../../../src/sources/avro_legacy/protocol.ts';
import { writeBytes } from '../../../src/wire/avro/writer.ts';
import { MoodyChannel } from '../../kit/flow.ts';
import { MEMORY, runSource, type SourceOptions } from '../../kit/source.ts';
import { until } from '../../kit/until.ts';
import { RawClient } from '../raw-client.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/thrift-rpc');
const REQUESTS = readFileSync(join(FIXTURES, 'avro-legacy-requests.bin'));
const ANSWERS = readFileSync(join(FIXTURES, 'avro-legacy-answers.bin'));
const latin1 = (text: string) => Buffer.from(text).toString('latin1');

function runLegacy(t: TestContext, more: SourceOptions = {}, channel = MEMORY) {
  const type = 'org.apache.flume.source.avroLegacy.AvroLegacySource';
  return runSource(t, { type, host: '127.0.0.1', ...more }, { channel });
}

/** The bodies of HTTP messages that stand one after another. */
function bodiesOf(bytes: Buffer): Buffer[] {
  const bodies: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = bytes.indexOf('\r\n\r\n', at) + 4;
    const length = /content-length: (\d+)/i.exec(bytes.toString('latin1', at, start))![1];
    at = start + Number(length);
    bodies.push(bytes.subarray(start, at));
  }
  return bodies;
}

const md5 = (text: string) => createHash('md5').update(text).digest();

function bytesOf(value: Buffer): Buffer {
  const bytes = Buffer.alloc(value.length + 5);
  return bytes.subarray(0, writeBytes(bytes, 0, value));
}

function text(value: string): Buffer {
  return bytesOf(Buffer.from(value));
}

interface Call {
  readonly protocol?: string;
  readonly withText?: boolean;
  readonly method?: string;
  readonly event?: Buffer;
}

/** timestamp 1, INFO, body `b`, nanos 2, host `h`, no fields. */
const EVENT = Buffer.concat([Buffer.from([2, 6]), text('b'), Buffer.from([4]), text('h'), Buffer.from([0])]);

function requestOf({
  protocol = PROTOCOL_TEXT,
  withText = true,
  method = 'append',
  event = EVENT,
}: Call): Buffer {
  const client = withText ? Buffer.concat([Buffer.from([2]), text(protocol)]) : Buffer.from([0]);
  const handshake = Buffer.concat([md5(protocol), client, md5(PROTOCOL_TEXT), Buffer.from([0])]);
  return framed(Buffer.concat([handshake, Buffer.from([0]), text(method), event]));
}

async function post(port: number, body: Buffer, method = 'POST') {
  const init = method === 'POST' ? { method, body: new Uint8Array(body) } : { method };
  const response = await fetch(`http://127.0.0.1:${port}/`, init);
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
}

describe('legacy avro', () => {
  test('what Java sends is answered as Java answers, and becomes its events', async (t) => {
    const { collected, port } = await runLegacy(t);
    const client = new RawClient(port);
    client.send(REQUESTS);
    const wanted = bodiesOf(ANSWERS).map(unframed);
    await collected.untilCount(3);
    await until('three answers', () => client.text.split('HTTP/1.1 200').length === 4);
    assert.deepEqual(bodiesOf(client.received).map(unframed), wanted);
    assert.match(client.text, /content-type: avro\/binary/i);
    client.destroy();
    const events = collected.events.map(({ body, headers }) => ({
      body,
      headers: Object.fromEntries(headers),
    }));
    const rest = { host: 'höst', FlumeOG: 'yes' };
    assert.deepEqual(events, [
      {
        body: 'old 0',
        headers: { timestamp: '1300000000000', pri: 'FATAL', nanos: String(2n ** 63n - 1n), ...rest },
      },
      {
        body: 'old 1',
        headers: {
          timestamp: '1300000000001',
          pri: 'WARN',
          nanos: String(2n ** 63n - 2n),
          field0: 'wert ü',
          ...rest,
        },
      },
      {
        body: 'old 2',
        headers: {
          timestamp: '1300000000002',
          pri: 'DEBUG',
          nanos: String(2n ** 63n - 3n),
          field0: 'wert ü',
          field1: 'wert ü',
          ...rest,
        },
      },
    ]);
  });

  test('an unknown client is asked for its protocol; its fields may stand in another order', async (t) => {
    const { collected, port } = await runLegacy(t);
    const json = JSON.parse(PROTOCOL_TEXT);
    json.doc = 'an older one';
    json.types[1].fields.reverse();
    const protocol = JSON.stringify(json);
    const event = Buffer.concat([
      Buffer.from([2]),
      text('k'),
      text('v'),
      Buffer.from([0]),
      text('host'),
      Buffer.from([4]),
      text('body'),
      Buffer.from([2, 2]),
    ]);
    const first = await post(port, requestOf({ protocol, withText: false, event }));
    assert.equal(first.status, 200);
    const asked = unframed(first.body);
    assert.deepEqual([asked[0], asked.includes(PROTOCOL_TEXT)], [4, true]);
    const second = await post(port, requestOf({ protocol, event }));
    assert.deepEqual(unframed(second.body), Buffer.from([0, 0, 0, 0, 0, 0]));
    const third = await post(port, requestOf({ protocol, withText: false, event }));
    assert.deepEqual(unframed(third.body), Buffer.from([0, 0, 0, 0, 0, 0]));
    await collected.untilCount(2);
    assert.deepEqual(collected.events[0]!.body, 'body');
    assert.deepEqual(Object.fromEntries(collected.events[0]!.headers), {
      host: 'host',
      timestamp: '1',
      pri: 'ERROR',
      nanos: '2',
      k: 'v',
      FlumeOG: 'yes',
    });
  });

  test('a refusal is answered with an error; Flume answers as if the event were taken', async (t) => {
    const moody = new MoodyChannel(t);
    const { collected, port } = await runLegacy(t, {}, moody.channel('c1', 'refuse'));
    const refused = unframed((await post(port, requestOf({}))).body);
    assert.deepEqual([...refused.subarray(0, 7)], [0, 0, 0, 0, 0, 1, 0]);
    assert.match(refused.toString('utf8', 8), /Unable to put .*on required channel/);
    await moody.set('accept');
    await post(port, requestOf({}));
    await collected.untilCount(1);
    assert.deepEqual(collected.bodies, [latin1('b')]);
  });

  test('a handshake alone is answered with a handshake', async (t) => {
    const { flow, port } = await runLegacy(t);
    const answer = await post(port, requestOf({ method: '', event: Buffer.alloc(0) }));
    assert.deepEqual(unframed(answer.body), Buffer.from([0, 0, 0, 0]));
    assert.equal(flow.counter('channel', 'c1', 'EventPutAttemptCount'), 0);
  });

  const huge = Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x0f]);
  const rows: readonly (readonly [what: string, body: () => Buffer, text: RegExp])[] = [
    ['a body that is no frame', () => Buffer.from('hello'), /a buffer of \d+ bytes where/],
    ['an empty body', () => Buffer.alloc(0), /ends without a last buffer/],
    ['a buffer of 2 GB', () => Buffer.from([0x7f, 0xff, 0xff, 0xff]), /a buffer of 2147483647 bytes/],
    ['another message', () => requestOf({ method: 'close' }), /a message close: there is append only/],
    ['a protocol that is not JSON', () => requestOf({ protocol: '{' }), /whose protocol is not JSON/],
    ['a protocol without append', () => requestOf({ protocol: '{"types":[]}' }), /no append of an event/],
    [
      'a body of 2 GB',
      () => requestOf({ event: Buffer.concat([Buffer.from([2, 6]), huge]) }),
      /a length of 2147483647/,
    ],
    ['an event that breaks off', () => requestOf({ event: EVENT.subarray(0, 3) }), /left|cut off/],
    ['a priority that is none', () => requestOf({ event: Buffer.from([2, 40]) }), /branch 20 of 6/],
  ];
  test('what is no request is answered with 400 and why', async (t) => {
    const { port } = await runLegacy(t);
    for (const [what, body, wanted] of rows) {
      const answer = await post(port, body());
      assert.equal(answer.status, 400, what);
      assert.match(answer.body.toString(), wanted, what);
    }
    assert.equal((await post(port, Buffer.alloc(0), 'GET')).status, 405);
    assert.equal((await post(port, requestOf({}))).status, 200);
  });

  test('an event that becomes too large for a batch is answered with 400, and the next one is taken', async (t) => {
    const { collected, port } = await runLegacy(t, { maxRequestBytes: 8388608 });
    // Each of these bytes becomes U+FFFD, which has three.
    const value = Buffer.alloc(7_000_000, 0xff);
    const field = Buffer.concat([Buffer.from([2]), text('k'), bytesOf(value), Buffer.from([0])]);
    const answer = await post(port, requestOf({ event: Buffer.concat([EVENT.subarray(0, -1), field]) }));
    assert.equal(answer.status, 400);
    assert.match(answer.body.toString(), /a block holds at most/);
    assert.equal((await post(port, requestOf({}))).status, 200);
    await collected.untilCount(1);
  });

  test('a request that is too large is answered with 413', async (t) => {
    const { port } = await runLegacy(t, { maxRequestBytes: 1024 });
    assert.equal((await post(port, Buffer.alloc(5000))).status, 413);
  });

  test('a request that does not come to its end in time ends its connection, however it drips', async (t) => {
    const { port } = await runLegacy(t, { requestTimeout: '200ms' });
    const silent = new RawClient(port);
    const dripping = new RawClient(port);
    dripping.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n');
    const drip = setInterval(() => dripping.send('x'), 20);
    t.after(() => {
      clearInterval(drip);
      for (const client of [silent, dripping]) client.destroy();
    });
    await silent.untilEnded();
    await dripping.untilEnded();
    assert.equal((await post(port, requestOf({}))).status, 200);
  });
});
