/**
 * A name is on the disk when its directory is: what a file holds is as good as lost in a power cut before.
 * File systems that know nothing of it (some of networks) answer EINVAL: there is no more to be had of them.
 */
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** @throws the system's error. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } catch (error) {
    throwUnlessUnknown(error);
  } finally {
    await directory.close();
  }
}

/** @throws the system's error. */
export function syncDirectoryNow(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } catch (error) {
    throwUnlessUnknown(error);
  } finally {
    closeSync(fd);
  }
}

/** Makes a directory and those above it where they lack, all of them on the disk. */
export function makeDirectory(path: string): void {
  const made = mkdirSync(path, { recursive: true });
  if (made === undefined) return;
  for (let one = resolve(path); one !== dirname(resolve(made)); one = dirname(one)) {
    syncDirectoryNow(dirname(one));
  }
}

function throwUnlessUnknown(error: unknown): void {
  if ((error as { code?: string }).code !== 'EINVAL') throw error;
}
