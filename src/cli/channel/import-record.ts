/**
 * What was imported into a channel, in `imports.json` of its checkpoint directory: one that ended counts
 * against doing it again, one that was interrupted goes on where it stood.
 *
 * The file is replaced as a whole and synced. It follows the log, by PERIOD_MS at most: events of that time
 * come twice when an import is killed, and none is left out.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { MillraceError, messageOf } from '../../base/errors.ts';

const NAME = 'imports.json';
const VERSION = 1;
const PERIOD_MS = 250;

/** Where events come from. */
export interface Origin {
  /** Files and directories that are compared, by their real paths. */
  readonly paths: readonly string[];
  /** Changes when what stands there does. */
  readonly fingerprint: string;
}

interface Entry extends Origin {
  /** Events of the origin that are in the log, or were found to be unreadable. */
  done: number;
  endedAt: string | null;
}

/** Of directories, the files in them whose names match; of files, themselves. */
export function originOf(places: readonly string[], matches: RegExp): Origin {
  const paths = places.map((place) => realpathSync(place)).sort();
  const hash = createHash('sha256');
  for (const path of paths) {
    const names = statSync(path).isDirectory()
      ? readdirSync(path).filter((name) => matches.test(name))
      : [''];
    for (const name of names.sort()) {
      const { size, mtimeMs } = statSync(join(path, name));
      hash.update(`${join(path, name)} ${size} ${mtimeMs}\n`);
    }
  }
  return { paths, fingerprint: hash.digest('hex') };
}

export class ImportRecord {
  readonly #file: string;
  readonly #entries: Entry[];
  readonly #entry: Entry;
  #writtenAtMs = 0;

  private constructor(file: string, entries: Entry[], entry: Entry) {
    this.#file = file;
    this.#entries = entries;
    this.#entry = entry;
  }

  /** @throws BAD_INPUT when it was imported before and `again` is not wanted. */
  static begin(checkpointDir: string, origin: Origin, again: boolean): ImportRecord {
    const file = join(checkpointDir, NAME);
    const all = readEntries(file);
    const isSame = ({ paths }: Entry) => paths.some((path) => origin.paths.includes(path));
    const before = all.find(isSame);
    const others = all.filter((one) => !isSame(one));
    const fresh: Entry = { ...origin, done: 0, endedAt: null };
    if (before === undefined || again) return new ImportRecord(file, [...others, fresh], fresh);
    if (before.endedAt === null && before.fingerprint === origin.fingerprint) {
      return new ImportRecord(file, all, before);
    }
    const when = before.endedAt === null ? 'in part' : `on ${before.endedAt}`;
    const change = before.fingerprint === origin.fingerprint ? '' : ', and has changed since';
    throw new MillraceError(
      'BAD_INPUT',
      `${origin.paths.join(', ')} was imported into this channel ${when}${change}`,
      { remedy: 'its events are in the channel or were delivered; with --again all of them come once more' },
    );
  }

  /** Events of an interrupted import that are not to be appended again. */
  get done(): number {
    return this.#entry.done;
  }

  /** Notes how far it is; on the disk now and then, and at the end. */
  note(done: number, isEnd: boolean): void {
    this.#entry.done = done;
    if (isEnd) this.#entry.endedAt = new Date().toISOString();
    const now = Date.now();
    if (!isEnd && now < this.#writtenAtMs + PERIOD_MS) return;
    this.#writtenAtMs = now;
    this.write();
  }

  write(): void {
    const draft = `${this.#file}.new`;
    const fd = openSync(draft, 'w');
    try {
      writeSync(fd, `${JSON.stringify({ version: VERSION, imports: this.#entries }, null, 2)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(draft, this.#file);
  }
}

function readEntries(file: string): Entry[] {
  if (!existsSync(file)) return [];
  try {
    const { version, imports } = JSON.parse(readFileSync(file, 'utf8')) as {
      version: number;
      imports: Entry[];
    };
    if (version !== VERSION || !Array.isArray(imports)) throw new Error(`it has version ${version}`);
    return imports;
  } catch (cause) {
    const text = `${file} cannot be read: ${messageOf(cause)}`;
    const remedy = 'move it away when it is certain that nothing was imported before';
    throw new MillraceError('STORAGE_DAMAGED', text, { value: file, remedy, cause });
  }
}
