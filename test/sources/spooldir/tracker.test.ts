/** The tracker file: Flume's form in both directions, what is written in place, disks that do not let it. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { META_FILE, PositionTracker, type TrackerDisk } from '../../../src/sources/spooldir/tracker.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

/** As Java Flume 1.11 writes it for `/data/up load/ñ file` at 0, 100, 20000 and 300000000000. */
const OF_JAVA =
  'T2JqAQQWYXZyby5zY2hlbWGQAnsidHlwZSI6InJlY29yZCIsIm5hbWUiOiJUcmFuc2ZlclN0YXRlRmlsZU1ldGEiLCJuYW1l' +
  'c3BhY2UiOiJvcmcuYXBhY2hlLmZsdW1lLnNlcmlhbGl6YXRpb24iLCJmaWVsZHMiOlt7Im5hbWUiOiJvZmZzZXQiLCJ0eXBl' +
  'IjoibG9uZyJ9XX0IZmlsZSovZGF0YS91cCBsb2FkL8OxIGZpbGUAwRIZcIOgkHjU8BkNvDgwygICAMESGXCDoJB41PAZDbw4' +
  'MMoCBMgBwRIZcIOgkHjU8BkNvDgwygIGwLgCwRIZcIOgkHjU8BkNvDgwygIMgOCllrsRwRIZcIOgkHjU8BkNvDgwyg==';

function directoryWith(meta: Buffer): string {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, META_FILE), meta);
  return directory;
}

async function keepsTheOneBefore(code: string): Promise<void> {
  const directory = temporaryDirectory();
  let fails: 'open' | 'write' | 'rename' | null = null;
  const failure = () => Object.assign(new Error(`${code}: told to`), { code });
  const disk: TrackerDisk = {
    open: async (path, flags) => {
      if (fails === 'open') throw failure();
      const handle = await open(path, flags);
      const write: typeof handle.write = async (...args: readonly unknown[]) => {
        if (fails === 'write') throw failure();
        return await (handle.write as (...all: readonly unknown[]) => Promise<never>)(...args);
      };
      return { write, close: () => handle.close() };
    },
    rename: async (from, to) => {
      if (fails === 'rename') throw failure();
      await rename(from, to);
    },
    unlink,
  };
  const tracker = new PositionTracker(directory, disk);
  await tracker.store('a', '1', 5);
  // In place.
  fails = 'write';
  await assert.rejects(tracker.store('a', '1', 6), new RegExp(code));
  assert.equal((await new PositionTracker(directory).read())?.offset, 5);
  for (const step of ['open', 'write', 'rename'] as const) {
    fails = step;
    await assert.rejects(tracker.store('b', '2', 7), new RegExp(code), step);
    assert.deepEqual(await new PositionTracker(directory).read(), { file: 'a', offset: 5, inode: '1' });
  }
  fails = null;
  await tracker.store('b', '2', 7);
  assert.deepEqual(await new PositionTracker(directory).read(), { file: 'b', offset: 7, inode: '2' });
  await tracker.close();
  assert.ok(!existsSync(join(directory, `${META_FILE}.tmp`)));
}

describe('the tracker file', () => {
  test('of Java Flume: the last position counts', async () => {
    const directory = directoryWith(Buffer.from(OF_JAVA, 'base64'));
    assert.deepEqual(await new PositionTracker(directory).read(), {
      file: '/data/up load/ñ file',
      offset: 300_000_000_000,
      inode: null,
    });
  });

  test('of Java Flume, cut anywhere by a crash: a position of before, or none', async () => {
    const whole = Buffer.from(OF_JAVA, 'base64');
    const known = new Set([0, 100, 20_000, 300_000_000_000]);
    for (let length = 0; length < whole.length; length++) {
      const directory = directoryWith(whole.subarray(0, length));
      const read = await new PositionTracker(directory).read().catch((error: Error) => error.name);
      if (read !== null && typeof read === 'object') assert.ok(known.has(read.offset), `${length}`);
      else assert.ok(read === null || read === 'MillraceError', `${length}: ${read}`);
    }
  });

  test('positions come back, whatever the name and the number', async () => {
    const directory = temporaryDirectory();
    const name = fc.string({ minLength: 1, maxLength: 700 }).map((text) => text.toWellFormed());
    const offsets = fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(name, offsets, async (file, some) => {
        const tracker = new PositionTracker(directory);
        for (const raw of some) {
          const offset = Math.floor(raw / 2);
          await tracker.store(file, '17', offset);
          assert.deepEqual(await new PositionTracker(directory).read(), { file, offset, inode: '17' });
        }
        await tracker.close();
      }),
      { numRuns: 60 },
    );
  });

  test('a position is written over the one before, within one sector', async () => {
    for (let length = 1; length < 600; length += 7) {
      const directory = temporaryDirectory();
      const path = join(directory, META_FILE);
      const tracker = new PositionTracker(directory);
      await tracker.store('f'.repeat(length), '1', 0);
      const before = readFileSync(path);
      const { ino } = statSync(path);
      await tracker.store('f'.repeat(length), '1', 2 ** 52);
      const after = readFileSync(path);
      assert.equal(statSync(path).ino, ino);
      assert.equal(after.length, before.length);
      const changed = [...before.keys()].filter((at) => before[at] !== after[at]);
      assert.equal(Math.floor(changed[0]! / 512), Math.floor(changed.at(-1)! / 512), `${length}`);
      await tracker.close();
    }
  });

  test('is removed, and another file begins another one', async () => {
    const directory = temporaryDirectory();
    const tracker = new PositionTracker(directory);
    await tracker.store('a', '1', 5);
    await tracker.remove();
    await tracker.remove();
    assert.deepEqual(readdirSync(directory), []);
    await tracker.store('b', '2', 7);
    assert.equal((await tracker.read())?.file, 'b');
    await tracker.close();
  });

  for (const code of ['ENOSPC', 'EROFS', 'EIO']) {
    test(`${code}: while a position cannot be written, the one before stays whole`, async () => {
      await keepsTheOneBefore(code);
    });
  }
});
