/** Encrypted blocks: what comes back, what stays closed and why, and what the log does with it. */
import assert from 'node:assert/strict';
import { createDecipheriv, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BlockCipher, type Locked, unseal } from '../../../src/storage/log/cipher.ts';
import { EventLog, type LogSettings } from '../../../src/storage/log/log.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

const KEYS = { a: randomBytes(16), b: randomBytes(24), c: randomBytes(32) } as const;
type Alias = keyof typeof KEYS;

function cipher(active: Alias, others: readonly Alias[] = []): BlockCipher {
  const known: ReadonlySet<string> = new Set(others);
  return new BlockCipher(active, KEYS[active], (alias) => (known.has(alias) ? KEYS[alias as Alias] : null));
}

function locked(value: Buffer, by: BlockCipher | null): Locked {
  const result = unseal(value, by);
  assert.ok(!Buffer.isBuffer(result), 'it stays closed');
  return result;
}

describe('a block cipher', () => {
  for (const alias of ['a', 'b', 'c'] as const) {
    test(`a key of ${KEYS[alias].length} bytes: a block comes back as it was, and is left as it is`, () => {
      const both = cipher(alias);
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
          const block = Buffer.from(bytes);
          const sealed = both.seal(block);
          assert.deepEqual(block, Buffer.from(bytes));
          assert.deepEqual(unseal(sealed, both), block);
        }),
        { numRuns: 50 },
      );
    });
  }

  test('blocks in shared memory are encrypted, too', () => {
    const shared = Buffer.from(new SharedArrayBuffer(100));
    shared.fill('shared');
    const both = cipher('c');
    assert.deepEqual(unseal(both.seal(shared), both), Buffer.from(shared));
  });

  test('the layout is the documented one: AES-CTR of anybody reads it', () => {
    const block = Buffer.from('a block of events '.repeat(100));
    const sealed = cipher('c').seal(block);
    assert.deepEqual([...sealed.subarray(0, 3)], [1, 1, 'c'.charCodeAt(0)]);
    const iv = sealed.subarray(11, 27);
    const decipher = createDecipheriv('aes-256-ctr', KEYS.c, iv);
    assert.deepEqual(decipher.update(sealed.subarray(27)), block);
  });

  test('no part of the key stream is used twice, by one cipher or by two of the same key', () => {
    const zeros = Buffer.alloc(40);
    const units = new Set<string>();
    for (const one of [cipher('a'), cipher('a')]) {
      for (let n = 0; n < 500; n++) {
        // Zeros encrypted are the key stream itself.
        const stream = one.seal(zeros).subarray(27);
        for (let at = 0; at + 8 <= stream.length; at += 8) units.add(stream.toString('hex', at, at + 8));
      }
    }
    assert.equal(units.size, 2 * 500 * 5);
  });

  test('blocks can be read in any order, each on its own', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 70 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.nat(19), { maxLength: 40 }),
        (blocks, order) => {
          const writer = cipher('b');
          const reader = cipher('a', ['b']);
          const sealed = blocks.map((block) => writer.seal(Buffer.from(block)));
          for (const n of order.map((one) => one % blocks.length)) {
            assert.deepEqual(unseal(sealed[n]!, reader), Buffer.from(blocks[n]!));
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test('after a rotation old blocks are read by the name of their key', () => {
    const old = cipher('a').seal(Buffer.from('old'));
    const now = cipher('b', ['a']);
    assert.deepEqual(unseal(old, now), Buffer.from('old'));
    assert.deepEqual(unseal(now.seal(Buffer.from('new')), now), Buffer.from('new'));
  });

  test('what cannot be read tells the name of the key and what to do', () => {
    const sealed = cipher('a').seal(Buffer.from('secret'));
    assert.match(locked(sealed, cipher('b')).why, /with the key a, which the key provider lacks/);
    assert.match(locked(sealed, cipher('b')).remedy, /add the key a back to encryption\.keyProvider\.keys/);
    assert.match(locked(sealed, null).why, /with the key a, and encryption is not configured/);
    const replaced = new BlockCipher('a', KEYS.c, () => null);
    assert.match(locked(sealed, replaced).why, /an earlier key of the name a/);
    const failing = new BlockCipher('b', KEYS.b, () => {
      throw new Error('no such password');
    });
    assert.match(locked(sealed, failing).why, /cannot be read \(no such password\)/);
  });

  test('a header of another version, or one that is cut short, is no block', () => {
    const sealed = cipher('a').seal(Buffer.alloc(0));
    assert.equal(Buffer.isBuffer(unseal(sealed, cipher('a'))), true);
    assert.match(locked(sealed.subarray(0, sealed.length - 1), cipher('a')).why, /not known/);
    const later = Buffer.from(sealed);
    later[0] = 2;
    assert.match(locked(later, cipher('a')).why, /\(version 2\)/);
    assert.match(locked(Buffer.alloc(0), null).why, /not known/);
  });
});

function place(): LogSettings & { readonly reports: string[] } {
  const base = temporaryDirectory();
  const reports: string[] = [];
  return {
    checkpointDir: join(base, 'checkpoint'),
    dataDirs: [join(base, 'data0'), join(base, 'data1')],
    owner: 'channel c1',
    segmentBytes: 1 << 20,
    journalBytes: 0,
    freeBytesMin: 0,
    checkpointMs: 10,
    cipher: null,
    report: (text) => reports.push(text),
    reports,
  };
}

async function append(settings: LogSettings, text: string, groups: number): Promise<void> {
  const log = await EventLog.open(settings);
  for (let n = 0; n < groups; n++) {
    const value = Buffer.from(`${text} ${n} `.repeat(n % 2 === 0 ? 10 : 1000));
    const copy = Buffer.from(value);
    await log.append([{ count: 10, value }]).settled;
    assert.deepEqual(value, copy, 'the block in memory is as it was');
  }
  await log.close();
}

function texts(log: EventLog, from = 0) {
  const found: string[] = [];
  const stop = log.read(from, (_key, value) => {
    found.push(value.toString('latin1').split(' ', 2).join(' '));
    return true;
  });
  return { found, stop };
}

describe('a log with a cipher', () => {
  test('holds clear blocks and those of several keys beside each other, and gives them back in order', async () => {
    const at = place();
    await append(at, 'clear', 2);
    await append({ ...at, cipher: cipher('a') }, 'first', 2);
    await append({ ...at, cipher: cipher('b', ['a']) }, 'second', 2);
    const log = await EventLog.open({ ...at, cipher: cipher('c', ['a', 'b']) });
    const { found, stop } = texts(log);
    assert.deepEqual(found, ['clear 0', 'clear 1', 'first 0', 'first 1', 'second 0', 'second 1']);
    assert.equal(stop, null);
    await log.close();
    assert.deepEqual(at.reports, []);
  });

  test('nothing of the plain text is in the files', async () => {
    const at = place();
    await append({ ...at, cipher: cipher('c') }, 'confidential', 30);
    let bytes = 0;
    for (const directory of [...at.dataDirs, at.checkpointDir]) {
      for (const name of readdirSync(directory)) {
        const content = readFileSync(join(directory, name));
        bytes += content.length;
        assert.equal(content.includes('confidential'), false, name);
      }
    }
    assert.ok(bytes > 100_000, 'there is something in the files');
  });

  test('reading stops before a block whose key is missing, takes nothing, and goes on when the key is back', async () => {
    const at = place();
    await append({ ...at, cipher: cipher('a') }, 'first', 2);
    await append({ ...at, cipher: cipher('b') }, 'lost', 2);
    await append({ ...at, cipher: cipher('a') }, 'third', 2);
    for (const [settings, before] of [
      [{ ...at, cipher: cipher('a') }, ['first 0', 'first 1']],
      [at, []],
    ] as const) {
      const log = await EventLog.open(settings);
      const { found, stop } = texts(log);
      assert.deepEqual(found, before);
      assert.equal(stop?.first, before.length * 10);
      assert.equal(stop?.count, 10);
      assert.equal(log.taken.untakenCount(log.durable), 60, 'nothing is passed over');
      await log.close();
    }
    const log = await EventLog.open({ ...at, cipher: cipher('a', ['b']) });
    assert.deepEqual(texts(log).found, ['first 0', 'first 1', 'lost 0', 'lost 1', 'third 0', 'third 1']);
    await log.close();
    assert.deepEqual(at.reports, []);
  });

  test('a block whose events are all taken needs no key', async () => {
    const at = place();
    await append({ ...at, cipher: cipher('b') }, 'taken', 1);
    await append({ ...at, cipher: cipher('a') }, 'kept', 1);
    const log = await EventLog.open({ ...at, cipher: cipher('a') });
    log.take(0, 10);
    assert.deepEqual(texts(log), { found: ['kept 0'], stop: null });
    await log.close();
  });
});
