/** Names of files are on the disk, as far as the file system knows how. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeDirectory, syncDirectory, syncDirectoryNow } from '../../src/storage/sync-directory.ts';
import { temporaryDirectory } from '../kit/temporary.ts';

test('a directory is made with those above it, and synced', async () => {
  const path = join(temporaryDirectory(), 'a', 'b', 'c');
  makeDirectory(path);
  assert.ok(existsSync(path));
  makeDirectory(path);
  await syncDirectory(path);
});

test('a directory that is not there is an error', async () => {
  const path = join(temporaryDirectory(), 'none');
  await assert.rejects(syncDirectory(path), { code: 'ENOENT' });
  assert.throws(() => syncDirectoryNow(path), { code: 'ENOENT' });
});

test('a file system that cannot sync a directory (here /proc) is in nobody’s way', async () => {
  await syncDirectory('/proc');
  syncDirectoryNow('/proc');
});
