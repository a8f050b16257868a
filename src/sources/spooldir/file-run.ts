/** One file from its position to its end. */

import { basename } from 'node:path';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { SourceContext } from '../../component/source.ts';
import type { Headers } from '../../memory/block/headers.ts';
import type { Chunk, ChunkReader, OpenReader } from './chunk.ts';
import type { Delivered, Delivery } from './delivery.ts';
import { absolutePath } from './directories.ts';
import type { options } from './index.ts';
import type { FilePosition } from './progress.ts';
import type { SetAsideWhy } from './set-aside.ts';
import { type FileState, SpoolFile } from './spool-file.ts';

export interface FileRunSettings {
  readonly path: string;
  readonly context: SourceContext;
  readonly options: OptionsOf<typeof options>;
  readonly delivery: Delivery;
  readonly openReader: OpenReader;
  /** It was read to its end before and could not be marked as read. */
  readonly isMarkable: boolean;
  /** Where reading begins. */
  readonly positionOf: (state: FileState) => number;
  /** Makes the position last; resolves when it does, or when the source is stopped. */
  readonly store: (state: FileState, offset: number) => Promise<void>;
}

/** How reading ended, and where. */
export type FileEnd =
  | { readonly what: 'gone' }
  | { readonly what: 'stopped' }
  | { readonly what: 'read'; readonly state: FileState; readonly offset: number }
  | {
      readonly what: 'bad';
      readonly why: SetAsideWhy;
      readonly reason: string;
      readonly error: unknown;
      /** Null when it could not be opened. */
      readonly state: FileState | null;
      readonly offset: number;
    };

export class FileRun {
  readonly #settings: FileRunSettings;
  /** Up to here all is committed. */
  #offset = 0;
  #size = 0;
  #mtimeMs = 0;
  /** The position is being written. */
  #storing: Promise<void> = Promise.resolve();

  constructor(settings: FileRunSettings) {
    this.#settings = settings;
  }

  /** What is committed of how much. */
  get position(): FilePosition {
    return { path: this.#settings.path, offset: this.#offset, size: this.#size, mtimeMs: this.#mtimeMs };
  }

  async run(): Promise<FileEnd> {
    const { path, context } = this.#settings;
    let file: SpoolFile;
    try {
      file = await SpoolFile.open(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        context.log.warn(`Could not find file: ${path}`);
        return { what: 'gone' };
      }
      const reason = `${path} cannot be opened: ${messageOf(error)}`;
      return { what: 'bad', why: 'unreadable', reason, error, state: null, offset: 0 };
    }
    try {
      this.#size = file.size;
      this.#mtimeMs = file.state.mtimeMs;
      this.#offset = this.#settings.positionOf(file.state);
      return await this.#read(file);
    } catch (error) {
      return this.#bad(file, error);
    } finally {
      await this.#storing;
      await file.close().catch(() => {});
    }
  }

  #bad(file: SpoolFile, error: unknown): FileEnd {
    const isDamaged = error instanceof MillraceError;
    const remedy = isDamaged && error.detail.remedy !== undefined ? ` (${error.detail.remedy})` : '';
    return {
      what: 'bad',
      why: isDamaged ? 'damaged' : 'unreadable',
      reason: `${file.path} cannot be read: ${messageOf(error)}${remedy}`,
      error,
      state: file.state,
      offset: this.#offset,
    };
  }

  async #read(file: SpoolFile): Promise<FileEnd> {
    const reader = await this.#settings.openReader(file, this.#offset);
    try {
      return await this.#deliver(file, reader);
    } finally {
      reader.close?.();
    }
  }

  async #deliver(file: SpoolFile, reader: ChunkReader): Promise<FileEnd> {
    const { delivery } = this.#settings;
    const headers = new Map([...reader.headers, ...this.#fileHeaders(file.path)]);
    const isNew = this.#offset === 0 && !this.#settings.isMarkable;
    let next = reader.next();
    for (let isFirst = isNew; ; isFirst = false) {
      const chunk: Chunk | null = await next;
      if (chunk === null) {
        if (!isFirst) break;
        // Flume makes an empty event of an empty file.
        const empty = await delivery.putEmpty(headers);
        if (!empty.whole) return { what: 'stopped' };
        break;
      }
      if (chunk.isTail) {
        const change = await file.change();
        if (change !== null) return this.#changed(file, change);
      }
      if (this.#offset > 0) await this.#storeLater(file.state);
      const delivered = delivery.put(chunk, headers);
      next = readAhead(reader);
      if (!(await this.#took(await settle(delivered, next), file.state))) return { what: 'stopped' };
    }
    const change = await file.change();
    if (change !== null) return this.#changed(file, change);
    return { what: 'read', state: file.state, offset: this.#offset };
  }

  async #took({ whole, end }: Delivered, state: FileState): Promise<boolean> {
    this.#offset = end ?? this.#offset;
    if (whole) return true;
    await this.#storing;
    if (this.#offset > 0) await this.#settings.store(state, this.#offset);
    return false;
  }

  /** One write of the position at a time; reading does not wait for it, but for the one before. */
  async #storeLater(state: FileState): Promise<void> {
    await this.#storing;
    this.#storing = this.#settings.store(state, this.#offset);
  }

  #changed(file: SpoolFile, reason: string): FileEnd {
    const error = new MillraceError('BAD_INPUT', reason);
    return { what: 'bad', why: 'changed', reason, error, state: file.state, offset: this.#offset };
  }

  #fileHeaders(path: string): Headers {
    const o = this.#settings.options;
    const headers = new Map<string, string>();
    if (o.fileHeader) headers.set(o.fileHeaderKey, absolutePath(path));
    if (o.basenameHeader) headers.set(o.basenameHeaderKey, basename(path));
    return headers;
  }
}

/** The next chunk is read while the one before is put; what is wrong with it is told when its turn comes. */
function readAhead(reader: ChunkReader): Promise<Chunk | null> {
  const next = reader.next();
  next.catch(() => {});
  return next;
}

/** A buffer may be read into until `next` is settled: nobody may close the file before. */
async function settle(delivered: Promise<Delivered>, next: Promise<unknown>): Promise<Delivered> {
  try {
    return await delivered;
  } finally {
    await next.catch(() => {});
  }
}
