/**
 * What Flume 1.11's Java client and Java source said to each other, byte for byte. See the fixtures' README.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { constants, inflateSync } from 'node:zlib';
import { Batch } from '../../../src/memory/block/batch.ts';
import { BatchView } from '../../../src/memory/block/view.ts';
import { AvroCursor } from '../../../src/wire/avro/cursor.ts';
import { EventDecoder } from '../../../src/wire/avro/event-decoder.ts';
import { FrameMemory } from '../../../src/wire/avro/frame-memory.ts';
import { FrameReader } from '../../../src/wire/avro/frame-reader.ts';
import { MATCH, readHandshakeAnswer } from '../../../src/wire/avro/handshake.ts';
import { type EventOf, openBatch } from '../../kit/editor.ts';
import { encodeRequest, LIMITS, readRequests } from './avro.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/avro-rpc');

function captured(compression: 'none' | 'deflate', direction: 'requests' | 'responses'): Buffer {
  const bytes = readFileSync(join(FOLDER, `${compression}-${direction}.bin`));
  return compression === 'none' ? bytes : inflateSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
}

/** As Send.java makes them. */
function headers(n: number): Record<string, string> {
  if (n >= 12) return {};
  const own: Record<string, string> = { group: `${Math.floor(n / 3)}` };
  if (n >= 9) own.long = 'l'.repeat(200);
  if (n >= 6) own['naïve 𝄞'] = 'wert ü €';
  return own;
}

const BATCH: EventOf[] = [
  ...Array.from({ length: 20 }, (_, n): EventOf => [headers(n), `body ${n} ${'x'.repeat(n * 97)}`]),
  [{}, 'y'.repeat(20_000)],
];
const read = (events: readonly EventOf[]) => events.map(([own, body]) => ({ headers: own, body }));

for (const compression of ['none', 'deflate'] as const) {
  describe(`avro: Java’s own bytes, compression ${compression}`, () => {
    test('requests of the Java client are read', () => {
      const bytes = captured(compression, 'requests');
      const wanted = [
        { serial: 1, message: 'append', events: [{ headers: { host: 'a.example' }, body: 'one' }] },
        { serial: 2, message: 'append', events: [{ headers: {}, body: '' }] },
        { serial: 3, message: 'appendBatch', events: read(BATCH) },
        { serial: 4, message: 'appendBatch', events: read(BATCH.slice(0, 2)) },
      ];
      assert.deepEqual(readRequests([bytes]), wanted);
      const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, n) =>
        bytes.subarray(n * 7, n * 7 + 7),
      );
      assert.deepEqual(readRequests(pieces), wanted);
    });

    test('responses of the Java source are read: BOTH, then OK to each call', () => {
      const reader = new FrameReader(LIMITS, new FrameMemory(2 ** 20));
      const cursor = new AvroCursor();
      const serials: number[] = [];
      reader.add(captured(compression, 'responses'));
      while (reader.next()) {
        cursor.reset(reader.payload, reader.from, reader.to);
        if (serials.length === 0) assert.equal(readHandshakeAnswer(cursor).match, MATCH.both);
        cursor.skipMap();
        assert.equal(cursor.boolean(), false);
        assert.equal(cursor.index(3), 0);
        assert.equal(cursor.left, 0);
        serials.push(reader.serial);
      }
      assert.deepEqual(serials, [1, 2, 3, 4]);
    });

    test('a batch that is read and written again has the Java client’s payload, byte for byte', () => {
      const reader = new FrameReader(LIMITS, new FrameMemory(2 ** 20));
      reader.add(captured(compression, 'requests'));
      for (let n = 0; n < 3; n++) assert.ok(reader.next());
      const { payload, from, to } = reader;
      const cursor = new AvroCursor();
      cursor.reset(payload, from, to);
      cursor.skipMap();
      assert.equal(cursor.text(), 'appendBatch');
      const builder = openBatch([]);
      new EventDecoder().events(builder, cursor);
      const { segment, offset, count } = builder.finish(0);
      const batch = new Batch([{ view: new BatchView(segment, offset), first: 0, count }]);
      const ours = new FrameReader(LIMITS, new FrameMemory(2 ** 20));
      ours.add(encodeRequest(3, batch));
      assert.ok(ours.next());
      assert.ok(ours.payload.subarray(ours.from, ours.to).equals(payload.subarray(from, to)));
    });
  });
}
