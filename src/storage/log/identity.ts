/**
 * The name of a log, for those who remember the numbers of its events: as long as the name stays, no number
 * is given to two events.
 *
 * Layout: `log-name.json` in each data directory, `{"log": NAME, "directories": how many there are}`. The
 *   checkpoint does not have it: what is lost with a checkpoint is what was taken, not what was numbered.
 * Recovery: the name holds when all directories agree on it and on their number. Else (one is new, wiped,
 *   missing or comes from elsewhere) numbers may have been lost with the events that had them, and the log
 *   gets a new name. So it does when a segment was set aside or lost its end: who finds that calls
 *   `forgetName`. A new name where the old one would have done costs repeated events; an old one that numbers
 *   twice would cost new events.
 * It does not notice when all directories are set back together, to a copy or a snapshot: `Numbering.end`
 *   tells where that opening goes on.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, syncDirectoryNow } from '../sync-directory.ts';

const FILE = 'log-name.json';

interface Named {
  readonly log: string;
  readonly directories: number;
}

/** The name of the log in these directories; resolves when it is on the disk. */
export async function nameLog(directories: readonly string[]): Promise<string> {
  const known = directories.map(nameIn);
  const first = known[0];
  const agree = known.every((one) => one?.log === first?.log && one?.directories === directories.length);
  if (first !== null && first !== undefined && agree) return first.log;
  const named: Named = { log: randomUUID(), directories: directories.length };
  for (const directory of directories) await write(directory, named);
  return named.log;
}

/** The next opening gives the log another name. */
export function forgetName(directory: string): void {
  rmSync(join(directory, FILE), { force: true });
  syncDirectoryNow(directory);
}

function nameIn(directory: string): Named | null {
  try {
    const { log, directories } = JSON.parse(readFileSync(join(directory, FILE), 'utf8')) as Partial<Named>;
    return typeof log === 'string' && log !== '' && typeof directories === 'number'
      ? { log, directories }
      : null;
  } catch (error) {
    if (error instanceof SyntaxError || (error as { code?: string }).code === 'ENOENT') return null;
    throw error;
  }
}

async function write(directory: string, named: Named): Promise<void> {
  const draft = join(directory, `${FILE}.new`);
  const file = await open(draft, 'w');
  try {
    await file.writeFile(`${JSON.stringify(named)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, join(directory, FILE));
  await syncDirectory(directory);
}
