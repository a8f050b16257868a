/** Deserializers of users: what a plug-in exports, and its events in chunks. */
import { MillraceError, messageOf } from '../../base/errors.ts';
import { BLOCK_BYTES_MAX } from '../../base/limits.ts';
import { type Headers, NO_HEADERS } from '../../memory/block/headers.ts';
import type { Chunk, ChunkReader, EventTarget, OpenReader, SourceFile } from './chunk.ts';

/** An event that a plug-in made of a file. */
export interface DeserializedEvent {
  readonly body: Uint8Array;
  readonly headers?: Headers;
  /** Offset in the file from which to go on once this event is committed; left out where there is none. */
  readonly end?: number;
}

/** What `createDeserializer(options)` of a plug-in returns, options being those of `deserializer.*`. */
export interface Deserializer {
  /** The events of the file from `from` on, which is 0 or the `end` of an event of before. */
  read(file: SourceFile, from: number): AsyncIterable<DeserializedEvent>;
}

const CHUNK_BYTES = 1024 * 1024;
const CHUNK_EVENTS = 10_000;
const EVENT_BYTES_MAX = BLOCK_BYTES_MAX - 4 * CHUNK_BYTES;

export function pluginReaders(deserializer: Deserializer): OpenReader {
  return async (file, from) => new PluginReader(deserializer.read(file, from)[Symbol.asyncIterator](), from);
}

class PluginReader implements ChunkReader {
  readonly headers = NO_HEADERS;
  readonly #events: AsyncIterator<DeserializedEvent>;
  #end: number;
  #bad: MillraceError | null = null;

  constructor(events: AsyncIterator<DeserializedEvent>, from: number) {
    this.#events = events;
    this.#end = from;
  }

  async next(): Promise<Chunk | null> {
    if (this.#bad !== null) throw this.#bad;
    const events: DeserializedEvent[] = [];
    let bytes = 0;
    try {
      while (events.length < CHUNK_EVENTS && bytes < CHUNK_BYTES) {
        const { done, value } = await this.#events.next();
        if (done === true) break;
        events.push(checked(value));
        bytes += value.body.length;
        this.#end = value.end ?? this.#end;
      }
    } catch (error) {
      this.#bad =
        error instanceof MillraceError
          ? error
          : new MillraceError('BAD_INPUT', messageOf(error), { cause: error });
      if (events.length === 0) throw this.#bad;
    }
    return events.length === 0 ? null : new PluginChunk(events, this.#end, bytes);
  }

  close(): void {
    void this.#events.return?.()?.catch(() => {});
  }
}

function checked(event: DeserializedEvent): DeserializedEvent {
  if (!(event?.body instanceof Uint8Array)) {
    throw new MillraceError('BAD_INPUT', 'the deserializer made an event without a body of bytes');
  }
  if (event.body.length <= EVENT_BYTES_MAX) return event;
  throw new MillraceError('EVENT_TOO_LARGE', `an event of ${event.body.length} bytes is too large`);
}

class PluginChunk implements Chunk {
  readonly isTail = false;
  readonly end: number;
  readonly sizeBytes: number;
  readonly #events: readonly DeserializedEvent[];

  constructor(events: readonly DeserializedEvent[], end: number, sizeBytes: number) {
    this.#events = events;
    this.end = end;
    this.sizeBytes = sizeBytes;
  }

  append(target: EventTarget): void {
    for (const { body, headers } of this.#events) target.append(body, 0, body.length, headers ?? NO_HEADERS);
  }

  ends(): (number | null)[] {
    return this.#events.map((event) => event.end ?? null);
  }
}
