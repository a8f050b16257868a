/**
 * Bytes of Java's client and Java Flume's source (test/fixtures/thrift-rpc/capture.ts): read, and written
 * alike.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ThriftApplicationError } from '../../../src/wire/thrift/errors.ts';
import { readerOf, writerOf } from '../../../src/wire/thrift/protocols.ts';
import { readResult, writeException, writeResult } from '../../../src/wire/thrift/replies.ts';
import { RequestEncoder } from '../../../src/wire/thrift/requests.ts';
import { APPLICATION_ERROR } from '../../../src/wire/thrift/types.ts';
import {
  batchOf,
  CallDecoder,
  event,
  fixture,
  messagesOf,
  PROTOCOLS,
  type TestEvent,
  viewOf,
} from './kit.ts';

/** As Send.java makes them. */
function sentHeaders(i: number): Record<string, string> {
  if (i >= 12) return {};
  const map: Record<string, string> = { group: String(Math.floor(i / 3)) };
  if (i >= 9) map.long = 'l'.repeat(200);
  if (i >= 6) map['naïve 𝄞'] = 'wert ü €';
  return map;
}

const many = Array.from({ length: 20 }, (_, i) =>
  event(`body ${i} ${'x'.repeat(i * 97)}`, sentHeaders(i)),
).concat(event('y'.repeat(20_000)));

const CALLS: readonly (readonly [method: string, events: readonly TestEvent[]])[] = [
  ['append', [event('one', { host: 'a.example' })]],
  ['append', [event('')]],
  ['appendBatch', many],
  ['appendBatch', many.slice(0, 2)],
];
const APPEND_ALL = { method: 'appendAll', sequence: 7 };
const APPEND = { method: 'append', sequence: 8 };

const sorted = (events: readonly TestEvent[]) =>
  events.map(({ body, headers }) => ({ body, headers: Object.fromEntries(headers) }));

for (const protocol of PROTOCOLS) {
  const requests = messagesOf([fixture(`${protocol}-requests.bin`)]);
  const answers = messagesOf([fixture(`${protocol}-answers.bin`)]);

  describe(`Java over the ${protocol} protocol`, () => {
    test('its calls are read: methods, sequence numbers, events', () => {
      const decoder = new CallDecoder(protocol);
      assert.equal(requests.length, CALLS.length + 2);
      for (const [i, [method, events]] of CALLS.entries()) {
        const call = decoder.decode(requests[i]!);
        assert.deepEqual([call.method, call.sequence], [method, i + 1]);
        assert.deepEqual(sorted(call.events), sorted(events));
      }
    });

    test('the same events are written as the same bytes', () => {
      const encoder = new RequestEncoder(protocol);
      const decoder = new CallDecoder(protocol);
      for (const [i, [method]] of CALLS.entries()) {
        // The headers in the order that Java's maps gave them.
        const { events } = decoder.decode(requests[i]!);
        const batch = batchOf(viewOf(events));
        const call = method === 'append' ? encoder.single(batch) : encoder.batch(batch, 0);
        assert.deepEqual([call.method, call.sequence, call.events], [method, i + 1, events.length]);
        assert.deepEqual(call.frame.subarray(4), requests[i]);
      }
    });

    test('its answers are read', () => {
      const reader = readerOf(protocol);
      const read = (i: number, call: { method: string; sequence: number }) => {
        reader.over(answers[i]!, 0, answers[i]!.length);
        return readResult(reader, call);
      };
      for (const [i, [method]] of CALLS.entries()) assert.equal(read(i, { method, sequence: i + 1 }), 0);
      assert.throws(() => read(4, APPEND_ALL), {
        name: 'ThriftApplicationError',
        type: APPLICATION_ERROR.unknownMethod,
        message: "Invalid method name: 'appendAll'",
      });
      assert.throws(() => read(5, APPEND), {
        type: APPLICATION_ERROR.protocolError,
        message: /'body' was not/,
      });
    });

    test('answers are written as the same bytes', () => {
      const writer = writerOf(protocol);
      for (const [i, [method]] of CALLS.entries()) {
        writeResult(writer, { method, sequence: i + 1 }, 0);
        assert.deepEqual(writer.unframed(), answers[i]);
        assert.deepEqual(messagesOf([writer.finish()]), [answers[i]]);
      }
      const unknown = new ThriftApplicationError(1, "Invalid method name: 'appendAll'");
      writeException(writer, APPEND_ALL, unknown);
      assert.deepEqual(writer.unframed(), answers[4]);
    });

    test('a call without a body is refused as Java refuses it', () => {
      assert.throws(() => new CallDecoder(protocol).decode(requests[5]!), {
        name: 'ThriftApplicationError',
        type: APPLICATION_ERROR.protocolError,
        message: "Required field 'body' was not present!",
      });
    });
  });
}
