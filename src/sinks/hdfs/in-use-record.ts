/**
 * What this sink has in use, on the local disk: so that the next start finds files that a killed agent
 * left, and only these, in whatever directories they are.
 *
 * Layout: a directory a sink, `STATE/NAME` (`STATE/NAME.2` … for further agents of that name on this
 * machine), locked by its owner, with the file `in-use.jsonl`. Its first line is the boot of the machine;
 * then, in the order of things,
 *   ["+", root, path in use, final path, records]    before the file is created
 *   ["=", root, path in use, length]                 a take was committed: these bytes stay
 *   ["-", root, path in use]                         it has its final name, or is gone
 * `records` is absent or null, or where the commit records are that tell its length (exactly-once/): they
 * count, and what is here is a copy.
 * Lines are appended with one write a take and are not synced. The end of the process does not lose them;
 * the end of the machine may. So lengths count only within the same boot: after another one all bytes of a
 * file are kept. Limits: beyond COMPACT_BYTES the record is written anew. A line that is cut short is the
 * last one, and is skipped. Failures: without the record files are written all the same; it is told once in
 * the log.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../../base/errors.ts';
import { DirectoryLock } from '../../storage/lock.ts';

const FILE = 'in-use.jsonl';
const COMPACT_BYTES = 4 * 1024 * 1024;
/** Agents on one machine whose sinks have the same name. */
const OWNERS_MAX = 64;

export interface InUse {
  readonly root: string;
  readonly inUse: string;
  readonly final: string;
  /** Bytes that stay; null: all that are there. */
  readonly length: number | null;
  /** Where the commit records are that count instead; null: there are none. */
  readonly records: string | null;
}

/** What is told of files from their creation to their final names. */
export interface FilesInUse {
  /** Before the file is created. */
  add(root: string, inUse: string, final: string): void;
  /** These bytes stay; it counts once `flush` returned. */
  commit(root: string, inUse: string, length: number): void;
  /** It has its final name, or is gone. */
  done(root: string, inUse: string): void;
  flush(): void;
}

export class InUseRecord implements FilesInUse {
  readonly #directory: string;
  readonly #lock: DirectoryLock;
  readonly #files = new Map<string, InUse>();
  #lines: string[] = [];
  #fd: number;
  #bytes = 0;
  readonly #onFailure: (error: unknown) => void;
  #hasFailed = false;

  /**
   * Takes over what agents that are gone left: `files` names it. `owner` tells this sink from others of its
   * name.
   * @throws when the directory cannot be used.
   */
  static open(
    stateDirectory: string,
    sink: string,
    owner: string,
    onFailure: (error: unknown) => void,
  ): InUseRecord {
    mkdirSync(stateDirectory, { recursive: true });
    const base = sink.replace(/[^\w.-]/g, '_');
    const record = new InUseRecord(...claim(stateDirectory, base, owner), onFailure);
    for (const name of readdirSync(stateDirectory)) {
      if (name === base || (name.startsWith(`${base}.`) && /^\d+$/.test(name.slice(base.length + 1)))) {
        record.#inherit(join(stateDirectory, name), owner);
      }
    }
    return record;
  }

  private constructor(directory: string, lock: DirectoryLock, onFailure: (error: unknown) => void) {
    this.#directory = directory;
    this.#lock = lock;
    this.#onFailure = onFailure;
    for (const file of readRecord(join(directory, FILE))) this.#files.set(keyOf(file.root, file.inUse), file);
    this.#fd = this.#rewrite();
  }

  get files(): readonly InUse[] {
    return [...this.#files.values()];
  }

  /** Written at once. */
  add(root: string, inUse: string, final: string, records: string | null = null): void {
    this.#files.set(keyOf(root, inUse), { root, inUse, final, length: 0, records });
    this.#lines.push(JSON.stringify(['+', root, inUse, final, records]));
    this.flush();
  }

  commit(root: string, inUse: string, length: number): void {
    const file = this.#files.get(keyOf(root, inUse));
    if (file === undefined) return;
    this.#files.set(keyOf(root, inUse), { ...file, length });
    this.#lines.push(JSON.stringify(['=', root, inUse, length]));
  }

  done(root: string, inUse: string): void {
    if (!this.#files.delete(keyOf(root, inUse))) return;
    this.#lines.push(JSON.stringify(['-', root, inUse]));
  }

  flush(): void {
    if (this.#lines.length === 0 || this.#hasFailed) return;
    const text = `${this.#lines.join('\n')}\n`;
    this.#lines = [];
    try {
      this.#bytes += writeSync(this.#fd, text);
      if (this.#bytes > COMPACT_BYTES) {
        closeSync(this.#fd);
        this.#fd = this.#rewrite();
      }
    } catch (error) {
      this.#hasFailed = true;
      this.#onFailure(error);
    }
  }

  /** What is still in use stays for the next start. */
  close(): void {
    this.flush();
    closeSync(this.#fd);
    this.#lock.release();
    if (this.#files.size === 0) rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Takes over the files of another directory of this sink, unless its owner lives. */
  #inherit(directory: string, owner: string): void {
    if (directory === this.#directory) return;
    const lock = lockOf(directory, owner);
    if (lock === null) return;
    for (const file of readRecord(join(directory, FILE))) {
      this.#files.set(keyOf(file.root, file.inUse), file);
    }
    closeSync(this.#fd);
    this.#fd = this.#rewrite();
    lock.release();
    rmSync(directory, { recursive: true, force: true });
  }

  /** Begins a record of what is in use now. */
  #rewrite(): number {
    const lines = [JSON.stringify({ boot: bootOf() })];
    for (const { root, inUse, final, length, records } of this.#files.values()) {
      const added = JSON.stringify(['+', root, inUse, final, records]);
      lines.push(added, JSON.stringify(['=', root, inUse, length]));
    }
    const draft = join(this.#directory, `${FILE}.new`);
    const fd = openSync(draft, 'w');
    this.#bytes = writeSync(fd, `${lines.join('\n')}\n`);
    renameSync(draft, join(this.#directory, FILE));
    return fd;
  }
}

function keyOf(root: string, path: string): string {
  return `${root}\n${path}`;
}

/** The first directory of that name that nobody alive holds. */
function claim(stateDirectory: string, base: string, owner: string): [string, DirectoryLock] {
  for (let n = 1; n <= OWNERS_MAX; n++) {
    const directory = join(stateDirectory, n === 1 ? base : `${base}.${n}`);
    mkdirSync(directory, { recursive: true });
    const lock = lockOf(directory, owner);
    if (lock !== null) return [directory, lock];
  }
  throw new Error(`${OWNERS_MAX} agents of this machine have a sink ${base}`);
}

function lockOf(directory: string, owner: string): DirectoryLock | null {
  try {
    return DirectoryLock.acquire(directory, owner);
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'STORAGE_LOCKED') return null;
    throw error;
  }
}

function readRecord(path: string): InUse[] {
  let lines: string[];
  try {
    lines = readFileSync(path, 'utf8').split('\n');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return [];
    throw error;
  }
  const files = new Map<string, InUse>();
  const isSameBoot = bootOf() !== '' && (parse(lines[0]!) as { boot?: string } | null)?.boot === bootOf();
  for (const line of lines.slice(1)) {
    const entry = parse(line);
    if (!Array.isArray(entry)) continue;
    const [what, root, inUse, value, records] = entry as Line;
    const key = keyOf(root, inUse);
    if (what === '-') files.delete(key);
    else if (what === '+') {
      const length = isSameBoot ? 0 : null;
      files.set(key, { root, inUse, final: String(value), length, records: records ?? null });
    } else if (isSameBoot && files.has(key)) {
      files.set(key, { ...files.get(key)!, length: typeof value === 'number' ? value : null });
    }
  }
  return [...files.values()];
}

type Line = [
  what: string,
  root: string,
  inUse: string,
  value: string | number | null,
  records?: string | null,
];

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** Empty where the system does not tell. */
function bootOf(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
}
