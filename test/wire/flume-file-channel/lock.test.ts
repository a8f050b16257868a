import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Findings } from '../../../src/wire/flume-file-channel/findings.ts';
import { locksOn, refuseIfHeld } from '../../../src/wire/flume-file-channel/lock.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

/** As Linux writes /proc/locks; the third waits for the first. */
const LOCKS = `1: POSIX  ADVISORY  WRITE 708 fe:01:1234567 0 EOF
2: FLOCK  ADVISORY  WRITE 512 00:1b:42 0 EOF
1: -> POSIX  ADVISORY  WRITE 999 fe:01:1234567 0 EOF
3: POSIX  ADVISORY  READ  12 103:05:1234567 1073741826 1073742335
4: OFDLCK ADVISORY  READ  -1 00:06:7 0 EOF
`;
const device = (major: number, minor: number) =>
  (BigInt(major & 0xfff) << 8n) |
  (BigInt(major >> 12) << 44n) |
  BigInt(minor & 0xff) |
  (BigInt(minor >> 8) << 20n);

describe('locks of /proc/locks', () => {
  const cases: readonly (readonly [string, bigint, bigint, readonly object[]])[] = [
    ['by device and inode', 42n, device(0, 0x1b), [{ pid: 512, sameDevice: true }]],
    ['of no process', 7n, device(0, 6), [{ pid: -1, sameDevice: true }]],
    ['on no such inode', 43n, device(0, 0x1b), []],
    [
      'of several devices, those that wait left out',
      1234567n,
      device(0xfe, 1),
      [
        { pid: 708, sameDevice: true },
        { pid: 12, sameDevice: false },
      ],
    ],
    [
      'with a large device number',
      1234567n,
      device(0x103, 5),
      [
        { pid: 708, sameDevice: false },
        { pid: 12, sameDevice: true },
      ],
    ],
  ];
  for (const [name, ino, dev, wanted] of cases) {
    test(name, () => assert.deepEqual(locksOn(LOCKS, { ino, dev }), wanted));
  }
});

test('the lock files of a killed agent are in nobody’s way, nor are missing ones', (t) => {
  const at = temporaryDirectory(t);
  const findings = new Findings();
  mkdirSync(join(at, 'data'));
  writeFileSync(join(at, 'data', 'in_use.lock'), '');
  refuseIfHeld([join(at, 'data'), join(at, 'checkpoint')], findings);
  assert.deepEqual(
    findings.list().filter(({ severity }) => severity === 'error'),
    [],
  );
});
