/**
 * What the channel needs of a database, and what the three of them share. A Database is one session (or two:
 * one to write, one to read) that owns the rows of one channel; whatever fails makes it useless, and the
 * channel opens another.
 *
 *     millrace_event(channel, id, headers, body)    primary key (channel, id)
 *
 * Ids of a channel grow in the order of its puts and are given by the channel. `open` takes a lock that only
 * one session can hold and that ends with it: what a lost session was doing has happened or will never happen
 * once the next one has the lock.
 */
import { MillraceError } from '../../base/errors.ts';

export const TABLE = 'millrace_event';

export interface Row {
  readonly id: number;
  /** A msgpack map; null when there are none. */
  readonly headers: Uint8Array | null;
  readonly body: Uint8Array;
}

/** Ids from `first` to `last`, both included. */
export interface IdRange {
  readonly first: number;
  readonly last: number;
}

export interface Database {
  /** The highest id of the channel (0: none) and how many rows it has. */
  state(): Promise<{ readonly lastId: number; readonly events: number }>;
  /** Inserts and deletes in one transaction; resolves when it is durable. After a failure, who knows. */
  write(rows: readonly Row[], deletes: readonly IdRange[]): Promise<void>;
  has(id: number): Promise<boolean>;
  /**
   * Rows with `after` < id ≤ `to`, in order: at most `eventsMax` and about `bytesMax` bytes, at least one
   * when there is any.
   */
  read(after: number, to: number, eventsMax: number, bytesMax: number): Promise<readonly Row[]>;
  /** Ends it at once, whatever it is doing. */
  close(): Promise<void>;
}

export interface DatabaseSettings {
  readonly channel: string;
  readonly createSchema: boolean;
  readonly isolation: string;
  readonly connections: number;
  readonly warn: (text: string) => void;
  /** The session ended by itself. */
  readonly onLost: (reason: string) => void;
  /** The session that this one follows, if it is known: it may still hold the lock. */
  readonly before: Database | null;
}

/** What opening a database on a server needs of its driver, whose connections are `C`. */
export interface Driver<C> {
  /** Connects; calls `made` before anything can fail that leaves a connection behind. */
  connect(made: (connection: C) => void): Promise<C>;
  /** Takes the channel's lock on the writing connection and sees that the table is there. */
  prepare(writer: C): Promise<(connections: readonly C[]) => Database>;
  /** Ends it at once, whatever it is doing. */
  end(connection: C): Promise<void>;
}

/** A session to write and, when two connections may be made, one to read. */
export async function openServer<C>(driver: Driver<C>, settings: DatabaseSettings): Promise<Database> {
  const connections: C[] = [];
  const connect = () => driver.connect((connection) => connections.push(connection));
  try {
    const database = await driver.prepare(await connect());
    if (settings.connections > 1) await connect();
    return database(connections);
  } catch (error) {
    await Promise.all(connections.map((connection) => driver.end(connection)));
    throw error;
  }
}

/** The error for a table that is not there and is not to be made. */
export function noTable(database: string, ddl: string): MillraceError {
  const text = `${database} has no table ${TABLE}, and create.schema is false`;
  return new MillraceError('CONF_OPTION_VALUE', text, {
    option: 'create.schema',
    value: 'false',
    remedy: `set create.schema = true, or run: ${ddl.replaceAll(/\s+/g, ' ')}`,
  });
}

/** How long a server may take to answer a new connection. */
export const CONNECT_MS = 10_000;
/** How long a server may take to say good-bye. */
const CLOSE_MS = 1000;
/** How long a lock that its holder is about to lose is waited for. */
const LOCK_WAIT_MS = 2000;
const LOCK_POLL_MS = 50;
/** Rows of one statement. */
const CHUNK_ROWS = 1000;

/** Runs of rows that fit a statement. */
export function* chunksOf(rows: readonly Row[], bytesMax = Number.POSITIVE_INFINITY): Iterable<Row[]> {
  let chunk: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = sizeOf(row);
    if (chunk.length > 0 && (chunk.length === CHUNK_ROWS || bytes + size > bytesMax)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(row);
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}

/** Bytes of a row, with some for what stands around it. */
export function sizeOf({ headers, body }: Row): number {
  return body.length + (headers?.length ?? 0) + 32;
}

/** Ranges in order, neighbours joined. */
export function joined(ranges: readonly IdRange[]): IdRange[] {
  const result: { first: number; last: number }[] = [];
  for (const { first, last } of [...ranges].sort((a, b) => a.first - b.first)) {
    const before = result.at(-1);
    if (before !== undefined && first <= before.last + 1) before.last = Math.max(before.last, last);
    else result.push({ first, last });
  }
  return result;
}

/** The last id of those whose sizes together stay below `bytesMax`; at least the first. */
export function cutAt(
  sizes: readonly { readonly id: number; readonly size: number }[],
  bytesMax: number,
): number {
  let bytes = 0;
  let last = sizes[0]!.id;
  for (const { id, size } of sizes) {
    bytes += size;
    if (bytes > bytesMax) break;
    last = id;
  }
  return last;
}

/** Ends a connection when the server answers `end`, or cuts it off when it does not. */
export async function politely(end: Promise<void>, cut: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS);
  });
  await Promise.race([end.catch(() => {}), late]);
  clearTimeout(timer);
  cut();
}

/** @throws STORAGE_LOCKED when somebody else keeps the channel's lock. */
export async function untilLocked(tryOnce: () => Promise<boolean>, channel: string): Promise<void> {
  const end = Date.now() + LOCK_WAIT_MS;
  while (!(await tryOnce())) {
    if (Date.now() > end) {
      throw new MillraceError(
        'STORAGE_LOCKED',
        `the events of channel ${channel} in this database are in use`,
        {
          remedy: 'stop the agent that uses them, or give one of the two channels another name or database',
        },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
}
