/** Blocks of a log as events. */
import { messageOf } from '../../base/errors.ts';
import { BatchView } from '../../memory/block/view.ts';
import type { Found, LogReader } from '../../storage/log/reader.ts';
import { complain } from '../command.ts';

/** Bytes that are read in one turn of the event loop. */
const TURN_BYTES = 8 * 1024 * 1024;
const PROGRESS_MS = 3000;

/** A copy that stands where its words are aligned. @throws when it is no block of so many events. */
export function viewOf(value: Buffer, count: number): BatchView {
  const bytes = Buffer.from(new ArrayBuffer(Math.ceil(value.length / 8) * 8));
  value.copy(bytes);
  const view = new BatchView({ bytes, words: new Uint32Array(bytes.buffer) }, 0);
  if (view.count !== count) throw new Error(`it has ${view.count} events, ${count} were written`);
  return view;
}

/** The view, or why the block is none. */
export function tryView(value: Buffer, count: number): BatchView | string {
  try {
    return viewOf(value, count);
  } catch (error) {
    return messageOf(error);
  }
}

/** Everything that is untaken, in order, some megabytes at a time; `between` runs after each part. */
export async function walkAll(
  reader: LogReader,
  visit: (found: Found) => void,
  between: (offset: number) => Promise<void> | void = () => {},
): Promise<void> {
  for (let from = reader.taken.low; from < reader.end; ) {
    let bytes = 0;
    from = reader.walk(from, (found) => {
      visit(found);
      if (found.what === 'block') bytes += found.value.length;
      return bytes < TURN_BYTES;
    });
    await between(from);
    await new Promise((done) => setImmediate(done));
  }
}

/** Says on stderr how far something is, every few seconds. */
export class Progress {
  #atMs = Date.now() + PROGRESS_MS;
  readonly #what: string;

  constructor(what: string) {
    this.#what = what;
  }

  tell(done: number, all: number | null): void {
    const now = Date.now();
    if (now < this.#atMs) return;
    this.#atMs = now + PROGRESS_MS;
    complain(`${this.#what}: ${done}${all === null ? '' : ` of ${all}`} events\n`);
  }
}

export function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
