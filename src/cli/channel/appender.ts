/** Appends events to a log in batches: some are on their way to the disk while the next is built. */
import { MillraceError } from '../../base/errors.ts';
import { BatchBuilder } from '../../memory/block/builder.ts';
import type { Headers } from '../../memory/block/headers.ts';
import { BlockStore } from '../../memory/store/store.ts';
import type { EventLog } from '../../storage/log/log.ts';

const EVENTS_MAX = 1000;
const BYTES_MAX = 1024 * 1024;
const FLIGHTS_MAX = 4;

export class Appender {
  readonly #log: EventLog;
  readonly #store = new BlockStore(1);
  readonly #builder = new BatchBuilder(this.#store);
  readonly #flights: Promise<void>[] = [];
  #last: Promise<void> = Promise.resolve();
  readonly #landed: (events: number) => void;
  /** Events handed in since the last batch, those that did not fit a block among them. */
  #gathered = 0;

  /** `landed` hears in order how many of the events handed in are dealt with for good. */
  constructor(log: EventLog, landed: (events: number) => void) {
    this.#log = log;
    this.#landed = landed;
  }

  /** False when the event is larger than a block may be: it is not appended. */
  async add(headers: Headers, body: Uint8Array): Promise<boolean> {
    const fits = this.#append(headers, body) || (await this.#retry(headers, body));
    this.#gathered++;
    const { isOpen, count, sizeBytes } = this.#builder;
    if (isOpen && (count >= EVENTS_MAX || sizeBytes >= BYTES_MAX)) await this.#send();
    return fits;
  }

  #append(headers: Headers, body: Uint8Array): boolean {
    if (!this.#builder.isOpen) this.#builder.begin();
    try {
      this.#builder.append(body, 0, body.length, headers);
      return true;
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'EVENT_TOO_LARGE') return false;
      throw error;
    }
  }

  /** In a block of its own. */
  async #retry(headers: Headers, body: Uint8Array): Promise<boolean> {
    if (this.#builder.count === 0) {
      this.#builder.cancel();
      return false;
    }
    await this.#send();
    if (this.#append(headers, body)) return true;
    this.#builder.cancel();
    return false;
  }

  async #send(): Promise<void> {
    const refusal = this.#log.refusal(Date.now());
    if (refusal !== null) throw refusal;
    const { segment, offset, length, count } = this.#builder.finish(Date.now());
    segment.retain(1);
    const value = segment.bytes.subarray(offset, offset + length);
    const events = this.#gathered;
    this.#gathered = 0;
    const { settled } = this.#log.append([{ count, value }]);
    // Groups may overtake each other on their way to the disk: what is told is true of all before, too.
    const flight = Promise.all([settled, this.#last]).then(() => {
      segment.release(1);
      this.#landed(events);
    });
    // A rejection is met when its turn comes.
    flight.catch(() => {});
    this.#last = flight;
    this.#flights.push(flight);
    if (this.#flights.length >= FLIGHTS_MAX) await this.#flights.shift();
  }

  /** Resolves when everything is on the disk. */
  async end(): Promise<void> {
    if (this.#builder.isOpen && this.#builder.count > 0) await this.#send();
    for (const flight of this.#flights.splice(0)) await flight;
    if (this.#gathered > 0) this.#landed(this.#gathered);
    this.#gathered = 0;
  }
}
