/** The spooling directory and the tracker directory as a start finds them. */

import { randomUUID } from 'node:crypto';
import { mkdir, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { MillraceError, messageOf } from '../../base/errors.ts';

export interface Directories {
  readonly spoolDir: string;
  readonly trackerDir: string;
}

/** Paths as java.io.File has them: single slashes, none at the end. They stand in Flume's tracker file. */
export function directoriesOf(spoolDir: string, trackerDir: string): Directories {
  const spool = javaPath(spoolDir);
  const tracker = javaPath(trackerDir);
  return { spoolDir: spool, trackerDir: isAbsolute(tracker) ? tracker : `${spool}/${tracker}` };
}

function javaPath(path: string): string {
  return path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
}

/** As java.io.File.getAbsolutePath: `.` and `..` stay. */
export function absolutePath(path: string): string {
  return isAbsolute(path) ? path : `${process.cwd()}/${path}`;
}

/** @throws SOURCE_FAILED that says what is wrong with which directory. The source is then started again. */
export async function prepareDirectories(
  component: string,
  { spoolDir, trackerDir }: Directories,
  renames: boolean,
): Promise<void> {
  const failed = (text: string, remedy: string, cause?: unknown) =>
    new MillraceError('SOURCE_FAILED', `${component}: ${text}`, { component, remedy, cause });
  if (await isMissingDirectory(spoolDir)) {
    throw failed(`Directory does not exist: ${absolutePath(spoolDir)}`, 'make it, or correct spoolDir');
  }
  if (!(await stat(spoolDir)).isDirectory()) {
    throw failed(`Path is not a directory: ${absolutePath(spoolDir)}`, 'correct spoolDir');
  }
  if (renames) {
    await tryRenames(spoolDir).catch((error: unknown) => {
      const text = `Unable to read and modify files in the spooling directory: ${spoolDir} (${messageOf(error)})`;
      throw failed(text, 'give the agent’s user the right to, or set trackingPolicy = tracker_dir', error);
    });
  }
  await makeTrackerDirectory(trackerDir).catch((error: unknown) => {
    const text = `Unable to mkdir nonexistent meta directory ${trackerDir} (${messageOf(error)})`;
    throw failed(text, 'make it, or correct trackerDir', error);
  });
}

async function isMissingDirectory(path: string): Promise<boolean> {
  return await stat(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
}

/** Flume's canary: a file is written, read back and deleted. */
async function tryRenames(spoolDir: string): Promise<void> {
  const canary = `${spoolDir}/flume-spooldir-perm-check-${randomUUID()}.canary`;
  await writeFile(canary, 'testing flume file permissions\n', { flag: 'wx' });
  if ((await readFile(canary)).length === 0) throw new Error(`Empty canary file ${canary}`);
  await unlink(canary);
}

/** One level, as Flume does. */
export async function makeTrackerDirectory(trackerDir: string): Promise<void> {
  await mkdir(trackerDir).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST' || !(await stat(trackerDir)).isDirectory()) throw error;
  });
}
