/** Blocks to calls and back: nothing changes, however the stream is cut. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { EventEncoder } from '../../../src/client/event-encoder.ts';
import { Batch } from '../../../src/memory/block/batch.ts';
import { RequestEncoder } from '../../../src/wire/thrift/requests.ts';
import { batchOf, CallDecoder, cut, event, messagesOf, PROTOCOLS, someEvents, viewOf } from './kit.ts';

for (const protocol of PROTOCOLS) {
  describe(`calls over the ${protocol} protocol`, () => {
    test('any events come out as they went in', () => {
      const encoder = new RequestEncoder(protocol);
      const decoder = new CallDecoder(protocol);
      fc.assert(
        fc.property(someEvents, (events) => {
          const { frame, sequence } = encoder.batch(batchOf(viewOf(events)), 0);
          const [message, ...more] = messagesOf([frame]);
          assert.equal(more.length, 0);
          assert.deepEqual(decoder.decode(message!), { method: 'appendBatch', sequence, events });
        }),
      );
    });

    test('any cut of a stream of frames gives the same calls', () => {
      const places = fc.array(fc.nat(), { maxLength: 20 });
      fc.assert(
        fc.property(fc.array(someEvents, { minLength: 1, maxLength: 4 }), places, (batches, at) => {
          const encoder = new RequestEncoder(protocol);
          const frames = batches.map((events) =>
            Buffer.from(encoder.batch(batchOf(viewOf(events)), 0).frame),
          );
          const stream = Buffer.concat(frames);
          const decoder = new CallDecoder(protocol);
          const calls = messagesOf(cut(stream, at)).map((message) => decoder.decode(message).events);
          assert.deepEqual(calls, batches);
        }),
        { numRuns: 50 },
      );
    });

    test('byte by byte', () => {
      const events = [event('a', { host: 'h' }), event('b'.repeat(5000)), event('')];
      const { frame } = new RequestEncoder(protocol).batch(batchOf(viewOf(events)), 0);
      const bytes = Array.from(frame, (byte) => Buffer.from([byte]));
      const [message] = messagesOf([...bytes, ...bytes]);
      assert.deepEqual(new CallDecoder(protocol).decode(message!).events, events);
    });

    test('headers that all events share are added, and the event’s own go before them', () => {
      const events = [event('a', { host: 'own', x: '1' }), event('b'), event('c', { x: '1' })];
      const view = viewOf(events, { host: 'shared', tier: 'edge' });
      const { frame } = new RequestEncoder(protocol).batch(batchOf(view), 0);
      const call = new CallDecoder(protocol).decode(messagesOf([frame])[0]!);
      assert.deepEqual(call.events, [
        event('a', { host: 'own', x: '1', tier: 'edge' }),
        event('b', { host: 'shared', tier: 'edge' }),
        event('c', { x: '1', host: 'shared', tier: 'edge' }),
      ]);
    });

    test('ranges of several blocks are one call, in order', () => {
      const first = viewOf([event('a'), event('b', { n: '1' }), event('c', { n: '1' })]);
      const second = viewOf([event('d', { n: '2' }), event('e')], { host: 'h' });
      const batch = new Batch([
        { view: first, first: 1, count: 2 },
        { view: second, first: 0, count: 1 },
      ]);
      const { frame, events } = new RequestEncoder(protocol).batch(batch, 0);
      assert.equal(events, 3);
      assert.deepEqual(new CallDecoder(protocol).decode(messagesOf([frame])[0]!).events, [
        event('b', { n: '1' }),
        event('c', { n: '1' }),
        event('d', { n: '2', host: 'h' }),
      ]);
    });

    test('a batch that no frame holds is sent as several calls; each frame keeps the limit', () => {
      const limit = 4096;
      const events = Array.from({ length: 50 }, (_, n) => event('x'.repeat(n * 17), { n: String(n) }));
      const batch = batchOf(viewOf(events.slice(0, 20)), viewOf(events.slice(20), { host: 'h' }));
      const encoder = new RequestEncoder(protocol, limit);
      const decoder = new CallDecoder(protocol);
      const got: string[] = [];
      const sequences: number[] = [];
      for (let sent = 0; sent < batch.count; ) {
        const call = encoder.batch(batch, sent);
        assert.ok(call.events > 0);
        const [message] = messagesOf([call.frame], limit);
        got.push(...decoder.decode(message!).events.map(({ body }) => body));
        sequences.push(call.sequence);
        sent += call.events;
      }
      assert.deepEqual(
        got,
        events.map(({ body }) => body),
      );
      assert.ok(sequences.length > 5);
      assert.deepEqual(
        sequences,
        sequences.map((_, i) => i + 1),
      );
    });

    test('an event that no frame holds is refused, with what to do', () => {
      const batch = batchOf(viewOf([event('x'.repeat(3000))]));
      assert.throws(() => new RequestEncoder(protocol, 2048).batch(batch, 0), {
        code: 'EVENT_TOO_LARGE',
        message: /a body of 3000 bytes does not fit in a frame of 2048 bytes/,
      });
    });

    test('bodies may be any bytes', () => {
      const body = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
      const { batch } = new EventEncoder().encode([{ body }]);
      const { frame } = new RequestEncoder(protocol).single(batch);
      assert.ok(frame.includes(body));
    });
  });
}
