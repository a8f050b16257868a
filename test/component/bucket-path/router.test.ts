import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PathPattern } from '../../../src/component/bucket-path/pattern.ts';
import { EventRouter } from '../../../src/component/bucket-path/router.ts';
import { fixedZone, type Zone, zoneById } from '../../../src/component/bucket-path/zone.ts';
import type { Batch } from '../../../src/memory/block/batch.ts';
import { batchOf, type EventOf } from '../../kit/editor.ts';

const HOST = { localhost: 'box', ip: '10.0.0.1', fqdn: 'box' };
const UTC = fixedZone(0);
const NOW = 1_366_513_199_000;

class Rig {
  readonly made: string[] = [];
  readonly router: EventRouter<string>;

  constructor(texts: readonly string[], useLocalTime = false, zone: Zone = UTC) {
    const patterns = texts.map((text) => new PathPattern(text, { zone, rounding: null, host: HOST }));
    this.router = new EventRouter({
      patterns,
      zone,
      useLocalTime,
      make: (paths) => {
        this.made.push(paths.join(' '));
        return paths.join(' ');
      },
    });
  }

  paths(batch: Batch, nowMs = NOW): string[] {
    const paths: string[] = [];
    this.router.beginBatch(nowMs);
    batch.forEach((view, i) => void paths.push(this.router.route(view, i)));
    return paths;
  }
}

const event = (headers: Record<string, string>): EventOf => [headers, 'x'];

test('events go by their headers; each path is made once', () => {
  const rig = new Rig(['/%{type}/%Y', '%{host}']);
  const one = batchOf(
    [
      event({ type: 'a', host: 'h', timestamp: '1366513199000' }),
      event({ type: 'b', timestamp: '1366513199001' }),
      event({ timestamp: '1366513199001', type: 'a', host: 'h', other: 'y'.repeat(70_000) }),
    ],
    [event({ type: '', timestamp: '+1366513199001' })],
  );
  const expected = ['/a/2013 h', '/b/2013 ', '/a/2013 h', '//2013 '];
  assert.deepEqual(rig.paths(one), expected);
  assert.deepEqual(rig.paths(one), expected);
  assert.deepEqual(rig.made, ['/a/2013 h', '/b/2013 ', '//2013 ']);
});

test('a path without escapes, and one of the clock, are the same for a whole batch', () => {
  assert.equal(new Rig(['/x']).router.isConstant, true);
  const rig = new Rig(['/%H:%M'], true);
  assert.equal(rig.router.isConstant, true);
  assert.deepEqual(rig.paths(batchOf([event({}), event({ timestamp: 'no' })])), ['/02:59', '/02:59']);
  assert.deepEqual(rig.paths(batchOf([event({})]), NOW + 1000), ['/03:00']);
  assert.equal(new Rig(['/%Y']).router.isConstant, false);
  assert.equal(new Rig(['/%{h}'], true).router.isConstant, false);
});

test('%t is the clock in ms when the clock is used, else the header as it stands', () => {
  assert.deepEqual(new Rig(['%t'], true).paths(batchOf([event({})])), [String(NOW)]);
  assert.deepEqual(new Rig(['%t']).paths(batchOf([event({ timestamp: '0012' })])), ['0012']);
});

test('Flume’s errors: no timestamp, and one that is no number', () => {
  const fails = (headers: Record<string, string>, path: string) => () =>
    new Rig([path]).paths(batchOf([event({ timestamp: '1' }), event(headers)]));
  const missing = /Expected timestamp in the Flume event headers, but it was null .*useLocalTimeStamp/;
  assert.throws(fails({}, '/%Y'), missing);
  assert.throws(fails({ a: 'b' }, '/%%'), missing);
  for (const timestamp of ['x', '', ' 12', '12.5', '99999999999999999999', '8640000000000001']) {
    assert.throws(fails({ timestamp }, '/%Y'), /wasn't able to parse timestamp header/, timestamp);
  }
  assert.deepEqual(new Rig(['/%{h}']).paths(batchOf([event({})])), ['/']);
});

test('an event that fails leaves nothing behind for the next batch', () => {
  const rig = new Rig(['/%Y']);
  const bad = batchOf([event({ timestamp: '0' }), event({ a: '1' }), event({ a: '1' })]);
  assert.throws(() => rig.paths(bad));
  assert.throws(() => rig.paths(bad));
  assert.deepEqual(rig.paths(batchOf([event({ timestamp: '0' })])), ['/1970']);
});

test('the oldest zones: offsets of seconds are not taken for whole minutes', () => {
  const zone = zoneById('America/New_York')!;
  const rig = new Rig(['%H:%M'], false, zone);
  const at = Date.UTC(1883, 10, 18, 12, 3, 0);
  const events = [0, 57_000, 58_000, 59_000].map((ms) => event({ timestamp: String(at + ms) }));
  const reference = new PathPattern('%H:%M', { zone, rounding: null, host: HOST });
  const expected = [0, 57_000, 58_000, 59_000].map((ms) => reference.expand(() => '', at + ms, ''));
  assert.deepEqual(rig.paths(batchOf(events)), expected);
});

test('no more than 10,000 paths are kept', () => {
  const rig = new Rig(['%t']);
  const events = Array.from({ length: 10_500 }, (_, n) => event({ timestamp: String(n) }));
  const all = events.map((_, n) => String(n));
  assert.deepEqual(rig.paths(batchOf(events)), all);
  assert.deepEqual(rig.paths(batchOf(events)), all);
  assert.ok(rig.made.length > 10_500);
});

test('any headers give what the pattern gives for them (model)', () => {
  const header = fc.constantFrom('', 'a', 'b', 'ab', 'ä', 'x'.repeat(40));
  const one = fc.record(
    { h: header, g: header, timestamp: fc.integer({ min: 0, max: 4e12 }).map(String), o: header },
    { requiredKeys: ['timestamp'] },
  );
  fc.assert(
    fc.property(
      fc.array(fc.array(one, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 }),
      (blocks) => {
        const rig = new Rig(['/%{h}/%Y%j%H%M/%{g}'], false, zoneById('Asia/Kathmandu')!);
        const pattern = new PathPattern('/%{h}/%Y%j%H%M/%{g}', {
          zone: zoneById('Asia/Kathmandu')!,
          rounding: null,
          host: HOST,
        });
        const expected = blocks
          .flat()
          .map((headers) =>
            pattern.expand(
              (name) => headers[name as 'h'] ?? '',
              Number(headers.timestamp),
              headers.timestamp,
            ),
          );
        const given = blocks.map((block) => block.map((headers) => event(headers as Record<string, string>)));
        assert.deepEqual(rig.paths(batchOf(...given)), expected);
      },
    ),
    { numRuns: 100 },
  );
});
