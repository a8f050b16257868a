import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { MillraceError } from '../../../src/base/errors.ts';
import { PathPattern } from '../../../src/component/bucket-path/pattern.ts';
import { type Rounding, roundDown } from '../../../src/component/bucket-path/round-down.ts';
import { fixedZone, LOCAL_ZONE, type Zone, zoneById } from '../../../src/component/bucket-path/zone.ts';
import { localHost } from '../../../src/component/local-host.ts';

const HOST = { localhost: 'box', ip: '10.0.0.1', fqdn: 'box.example.org' };
const UTC = fixedZone(0);
const AT = 1_340_459_193_234;

function expand(pattern: string, atMs: number, zone: Zone = UTC, rounding: Rounding | null = null): string {
  const path = new PathPattern(pattern, { zone, rounding, host: HOST });
  return path.expand((name) => (name === 'missing' ? '' : `<${name}>`), atMs, `0${atMs}`);
}

test('every time escape of Flume', () => {
  // 2012-06-23T13:46:33.234Z and 2024-02-03T00:05:07Z
  const expected: Readonly<Record<string, readonly [string, string]>> = {
    a: ['Sat', 'Sat'],
    A: ['Saturday', 'Saturday'],
    b: ['Jun', 'Feb'],
    B: ['June', 'February'],
    c: ['Sat Jun 23 13:46:33 2012', 'Sat Feb 3 00:05:07 2024'],
    d: ['23', '03'],
    e: ['23', '3'],
    D: ['06/23/12', '02/03/24'],
    H: ['13', '00'],
    I: ['01', '12'],
    j: ['175', '034'],
    k: ['13', '0'],
    l: ['1', '12'],
    m: ['06', '02'],
    n: ['6', '2'],
    M: ['46', '05'],
    p: ['PM', 'AM'],
    s: ['1340459193', '1706918707'],
    S: ['33', '07'],
    t: ['01340459193234', '01706918707000'],
    y: ['12', '24'],
    Y: ['2012', '2024'],
    z: ['+0000', '+0000'],
    '%': ['%', '%'],
    E: ['', ''],
    q: ['', ''],
    _: ['', ''],
  };
  for (const [letter, [first, second]] of Object.entries(expected)) {
    assert.equal(expand(`%${letter}`, AT), first, `%${letter}`);
    assert.equal(expand(`%${letter}`, Date.UTC(2024, 1, 3, 0, 5, 7)), second, `%${letter}`);
  }
});

test('month and day without padding', () => {
  assert.equal(expand('%n-%e', 1_399_124_793_000), '5-3');
  assert.equal(expand('%n-%e', 1_415_886_393_000), '11-13');
});

test('headers, what is missing, and what is no escape', () => {
  assert.equal(expand('/a/%{type}/%{missing}/%{x.y-z}', AT), '/a/<type>//<x.y-z>');
  assert.equal(expand('%{a b} %{} %[] 100% %é', AT), '%{a b} %{} %[] 100% %é');
});

test('the host, in any letter case; another name is refused', async () => {
  assert.equal(expand('%[localhost]/%[IP]/%[Fqdn]', AT), 'box/10.0.0.1/box.example.org');
  assert.throws(
    () => expand('/x/%[abcdefg]', AT),
    (error) => error instanceof MillraceError && error.message.includes('%[abcdefg]'),
  );
  const found = await localHost();
  assert.equal(found.localhost, hostname());
  assert.match(found.ip, /^\d+\.\d+\.\d+\.\d+$/);
  assert.notEqual(found.fqdn, '');
});

test('what an expansion depends on', () => {
  const of = (text: string) => new PathPattern(text, { zone: UTC, rounding: null, host: HOST });
  assert.deepEqual(of('/%{a}/%{b}/%{a}').headerNames, ['a', 'b']);
  assert.equal(of('/x').needsTime, false);
  assert.equal(of('/%%').needsTime, true);
  assert.equal(of('/%%').unitMs, Number.POSITIVE_INFINITY);
  assert.equal(of('/%Y/%H').unitMs, 60_000);
  assert.equal(of('/%Y/%S').unitMs, 1000);
  assert.equal(of('/%Y/%t').unitMs, 1);
});

test('zones by the names that Java knows', () => {
  const offset = (id: string, atMs = AT) => zoneById(id)!.offsetMs(atMs) / 3_600_000;
  assert.equal(offset('America/New_York'), -4);
  assert.equal(offset('America/New_York', Date.UTC(2012, 0, 1)), -5);
  assert.equal(offset('Asia/Kolkata'), 5.5);
  assert.equal(offset('PST'), -7);
  assert.equal(offset('EST'), -5);
  assert.equal(offset('GMT+8'), 8);
  assert.equal(offset('GMT-03:30'), -3.5);
  assert.equal(offset('GMT+1245'), 12.75);
  assert.equal(zoneById('Mars/Olympus'), null);
  assert.equal(zoneById('+08:00'), null);
  assert.equal(zoneById('GMT+24'), null);
  assert.equal(LOCAL_ZONE.offsetMs(AT), 0 - new Date(AT).getTimezoneOffset() * 60_000);
  assert.equal(expand('%H%z', AT, zoneById('America/New_York')!), '09-0400');
  assert.equal(expand('%z', AT, zoneById('GMT-03:30')!), '-0330');
});

test('time zone offsets of seconds, before zones were', () => {
  const monrovia = zoneById('Africa/Monrovia')!;
  const at = Date.UTC(1971, 0, 1);
  assert.equal(monrovia.offsetMs(at), -(44 * 60 + 30) * 1000);
  assert.equal(monrovia.isWhole(at), false);
  assert.equal(monrovia.isWhole(AT), true);
});

test('rounding: the cases of Flume', () => {
  const oneMs = fixedZone(1);
  assert.equal(expand('%c', AT, UTC, { unit: 'hour', value: 12 }), 'Sat Jun 23 12:00:00 2012');
  assert.equal(expand('%s', AT, UTC, { unit: 'minute', value: 5 }), '1340459100');
  assert.equal(expand('%s', AT, UTC, { unit: 'second', value: 5 }), '1340459190');
  assert.equal(expand('%c', AT - 1, oneMs, { unit: 'hour', value: 12 }), 'Sat Jun 23 12:00:00 2012');
  assert.equal(expand('%s', AT - 1, oneMs, { unit: 'minute', value: 5 }), '1340459099');
  assert.equal(expand('%s', AT - 1, oneMs, { unit: 'second', value: 5 }), '1340459189');
  assert.equal(expand('%t', AT, UTC, { unit: 'hour', value: 12 }), `0${AT}`);

  const at = 1_339_773_174_000;
  const round = (unit: Rounding['unit'], value: number, atMs = at, zone = UTC) =>
    roundDown(atMs, { unit, value }, zone);
  assert.equal(round('second', 60), 1_339_773_120_000);
  assert.equal(round('minute', 5), 1_339_773_000_000);
  assert.equal(round('hour', 2), 1_339_768_800_000);
  assert.equal(round('second', 60, at - 1, oneMs), 1_339_773_119_999);
  assert.equal(round('second', 60, at - 1), 1_339_773_120_000);
  assert.equal(round('minute', 5, at - 1, oneMs), 1_339_772_999_999);
  assert.equal(round('minute', 5, at - 1), 1_339_773_000_000);
  assert.equal(round('hour', 2, at - 1, oneMs), 1_339_768_799_999);
  assert.equal(round('hour', 2, at - 1), 1_339_768_800_000);
});

test('rounding keeps to the fields of a zone over the change to summer time', () => {
  const berlin = zoneById('Europe/Berlin')!;
  // 2024-03-31: 02:00 CET becomes 03:00 CEST at 01:00 UTC; 14:30 local is 12:30 UTC.
  const afternoon = Date.UTC(2024, 2, 31, 12, 30);
  assert.equal(
    expand('%Y-%m-%d %H:%M%z', afternoon, berlin, { unit: 'hour', value: 12 }),
    '2024-03-31 12:00+0200',
  );
  assert.equal(
    expand('%Y-%m-%d %H:%M%z', afternoon, berlin, { unit: 'hour', value: 24 }),
    '2024-03-31 00:00+0100',
  );
  // 2024-10-27: 03:00 CEST becomes 02:00 CET at 01:00 UTC: 02:30 stands twice, 00:30 and 01:30 UTC.
  const [first, second] = [Date.UTC(2024, 9, 27, 0, 30), Date.UTC(2024, 9, 27, 1, 30)];
  assert.equal(expand('%H:%M%z', first, berlin, { unit: 'hour', value: 1 }), '02:00+0200');
  assert.equal(expand('%H:%M%z', second, berlin, { unit: 'hour', value: 1 }), '02:00+0100');
  const india = zoneById('Asia/Kolkata')!;
  assert.equal(expand('%H:%M', Date.UTC(2024, 0, 1, 0, 40), india, { unit: 'hour', value: 1 }), '06:00');
});
