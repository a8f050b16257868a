/** Against what Java Flume delivered from the same directories; made by make-fixtures.ts. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { keysOfStore, readBacklog } from '../../../src/wire/flume-file-channel/backlog.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { FIXTURES, type FixtureName, unpack } from './fixture.ts';
import { directoriesAt, type PlainEvent, plain } from './script.ts';

/** Java had these in an order of its own, or twice. */
const NOT_EXACT: ReadonlySet<FixtureName> = new Set(['open-at-checkpoint', 'retaken']);

function laidOut(name: FixtureName) {
  const at = temporaryDirectory();
  const fixture = unpack(name, at);
  const keys = name === 'encrypted' ? { keys: keysOf(at) } : {};
  return { at, fixture, settings: { ...directoriesAt(at, fixture.dataDirs), ...keys } };
}

function keysOf(at: string) {
  return keysOfStore({
    keyStoreFile: join(at, 'keys.jceks'),
    keyStorePasswordFile: join(at, 'store.password'),
    passwordFiles: new Map([['second', join(at, 'second.password')]]),
  });
}

function read(settings: Parameters<typeof readBacklog>[0]): PlainEvent[] {
  return [...readBacklog(settings).events()].map(plain);
}

const numbers = (events: readonly PlainEvent[]) => events.map(({ headers }) => Number(headers.n));

describe('a backlog is what Java Flume would deliver', () => {
  for (const name of FIXTURES.filter((one) => !NOT_EXACT.has(one))) {
    test(`${name}: by the checkpoint`, () => {
      const { fixture, settings } = laidOut(name);
      const backlog = readBacklog(settings);
      const events = [...backlog.events()].map(plain);
      assert.deepEqual(events, fixture.delivered);
      assert.equal(backlog.eventCount, events.length);
      assert.match(backlog.findings[0]!.text, /^the checkpoint is used: /);
      assert.ok(backlog.findings.every(({ severity }) => severity === 'info'));
    });
  }

  for (const name of FIXTURES) {
    test(`${name}: by the logs alone`, () => {
      const { fixture, settings } = laidOut(name);
      assert.deepEqual(read({ ...settings, useCheckpoint: false }), fixture.deliveredFromLogs);
    });
  }

  test('what was being taken at the checkpoint comes first, in the order of its puts', () => {
    const { fixture, settings } = laidOut('open-at-checkpoint');
    const found = numbers(read(settings));
    // 4 to 6, and one more, were taken for good after the checkpoint; 800 to 802 were never committed.
    assert.deepEqual(found.slice(0, 6), [0, 1, 2, 3, 7, 8]);
    assert.deepEqual(found.slice(-9), [100, 101, 102, 103, 104, 200, 201, 202, 203]);
    const sorted = (list: number[]) => list.sort((a, b) => a - b);
    assert.deepEqual(sorted(found), sorted(numbers(fixture.delivered)));
  });

  test('what was taken, rolled back and taken again is not delivered again, though Flume does so', () => {
    const { fixture, settings } = laidOut('retaken');
    assert.deepEqual(numbers(read(settings)), [2, 3, 4, 5]);
    assert.deepEqual(numbers(fixture.delivered), [1, 2, 0, 3, 4, 5]);
  });

  test('nothing is written, and reading again gives the same', () => {
    const { at, fixture, settings } = laidOut('killed');
    const state = () =>
      readdirSync(at, { recursive: true })
        .map((path) => join(at, String(path)))
        .sort()
        .map((path) => `${path} ${statSync(path).mtimeMs} ${statSync(path).size}`);
    const before = state();
    const backlog = readBacklog(settings);
    assert.deepEqual([...backlog.events()].map(plain), fixture.delivered);
    assert.deepEqual([...backlog.events()].map(plain), fixture.delivered);
    assert.deepEqual(state(), before);
  });

  test('an iteration that is left early has closed its files', () => {
    const { at, settings } = laidOut('closed');
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    for (const event of readBacklog(settings).events()) {
      assert.ok(open() > before);
      assert.equal(event.headers.get('n'), '15');
      break;
    }
    assert.equal(open(), before, at);
  });

  test('bodies stay as they are while the iteration goes on', () => {
    const { fixture, settings } = laidOut('texts');
    const events = [...readBacklog(settings).events()];
    assert.deepEqual(events.map(plain), fixture.delivered);
    events[0]!.body.fill(0);
    assert.deepEqual([...readBacklog(settings).events()].map(plain), fixture.delivered);
  });
});

describe('a checkpoint that cannot be trusted is left aside, and the logs are read', () => {
  const at8 = (path: string, slot: number, value: number) => {
    const bytes = readFileSync(path);
    bytes.writeBigInt64BE(BigInt(value), slot * 8);
    writeFileSync(path, bytes);
  };
  const cases: readonly (readonly [string, (dir: string) => void, RegExp])[] = [
    ['being written', (dir) => at8(join(dir, 'checkpoint'), 4, 1), /was being written/],
    ['of another version', (dir) => at8(join(dir, 'checkpoint'), 0, 2), /has version 2/],
    ['unlike its metadata', (dir) => at8(join(dir, 'checkpoint'), 1, 7), /different checkpoints/],
    ['without metadata', (dir) => rmSync(join(dir, 'checkpoint.meta')), /metadata are missing/],
    ['with empty metadata', (dir) => writeFileSync(join(dir, 'checkpoint.meta'), ''), /varint/],
    ['cut short', (dir) => writeFileSync(join(dir, 'checkpoint'), 'x'), /wrong size, 1 bytes/],
    ['smaller than its queue', (dir) => cut(join(dir, 'checkpoint'), 1030 * 8), /room for 1 events/],
    [
      'with changed takes',
      (dir) => at8(join(dir, 'inflighttakes'), 2, 7),
      /inflighttakes has a wrong checksum/,
    ],
    ['gone', (dir) => rmSync(dir, { recursive: true }), /missing/],
  ];
  const cut = (path: string, size: number) => writeFileSync(path, readFileSync(path).subarray(0, size));

  for (const [name, change, reason] of cases) {
    test(name, () => {
      const { fixture, settings } = laidOut('open-at-checkpoint');
      change(settings.checkpointDir);
      const backlog = readBacklog(settings);
      assert.deepEqual([...backlog.events()].map(plain), fixture.deliveredFromLogs);
      assert.match(backlog.findings[0]!.text, /^all log files are read: no checkpoint is used/);
      assert.match(backlog.findings[0]!.text, reason);
    });
  }

  test('missing lists of open transactions are empty ones', () => {
    const { fixture, settings } = laidOut('thrifty-directory');
    for (const name of ['inflightputs', 'inflighttakes']) rmSync(join(settings.checkpointDir, name));
    assert.deepEqual(read(settings), fixture.delivered);
  });

  test('a log file that the checkpoint needs and that is gone is told', () => {
    const { fixture, settings } = laidOut('closed');
    const [directory] = settings.dataDirs;
    const lost = readdirSync(directory!)
      .filter((name) => /^log-\d+$/.test(name))
      .map((name) => Number(name.slice(4)))
      .sort((a, b) => a - b)
      .at(-2)!;
    for (const ending of ['', '.meta']) rmSync(join(directory!, `log-${lost}${ending}`));
    const backlog = readBacklog(settings);
    const events = [...backlog.events()].map(plain);
    const gone = fixture.delivered.length - events.length;
    assert.ok(gone > 0 && events.length > 0);
    const finding = backlog.findings.find(({ severity }) => severity === 'error')!;
    assert.equal(finding.text, `a log file is missing: ${gone} events of the checkpoint were in it`);
    assert.equal(finding.file, `log-${lost}`);
  });
});

describe('keys', () => {
  const refused = (settings: Parameters<typeof readBacklog>[0], text: RegExp) =>
    assert.throws(() => readBacklog(settings), { code: 'CONF_OPTION_VALUE', message: text });

  test('an encrypted log without a key store is refused', () => {
    const { settings } = laidOut('encrypted');
    refused(directories(settings), /log-1 is encrypted with the key first$/);
  });

  test('a key store without the key is refused', () => {
    const { settings } = laidOut('encrypted');
    refused(
      { ...settings, keys: (alias) => (alias === 'first' ? settings.keys!(alias) : null) },
      /key second$/,
    );
  });

  test('another key is refused, not taken for damage', () => {
    const { settings } = laidOut('encrypted');
    refused({ ...settings, keys: () => Buffer.alloc(16) }, /cannot be decrypted with the key first/);
    refused({ ...settings, keys: () => Buffer.alloc(5) }, /a key of 5 bytes and a vector of 16 bytes/);
  });

  test('a wrong password is told with its file', () => {
    const { at, settings } = laidOut('encrypted');
    const { passwordFiles: _, ...files } = {
      keyStoreFile: join(at, 'keys.jceks'),
      keyStorePasswordFile: join(at, 'store.password'),
      passwordFiles: null,
    };
    refused({ ...settings, keys: keysOfStore(files) }, /key second of .*keys\.jceks cannot be read/);
    writeFileSync(files.keyStorePasswordFile, 'wrong');
    assert.throws(() => keysOfStore(files), /the password is wrong/);
    rmSync(files.keyStorePasswordFile);
    assert.throws(() => keysOfStore(files), /store\.password cannot be read/);
  });

  const directories = ({ checkpointDir, dataDirs }: { checkpointDir: string; dataDirs: string[] }) => ({
    checkpointDir,
    dataDirs,
  });
});
