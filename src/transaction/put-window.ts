/**
 * The source's end of puts, as a pure state machine (no memory, no clock):
 *
 *     send → in flight → answered(ok | refused)
 *                     ↘ lost (the lane ended before the answer)
 *
 * Puts of one window are answered in any order by the channel; `oldest` is kept for order. Bounded by count
 * and bytes.
 */
import { assert } from '../base/assert.ts';
import { IdTable } from '../base/id-table.ts';

export interface PutInFlight<T> {
  readonly id: number;
  readonly bytes: number;
  readonly tag: T;
}

export class PutWindow<T> {
  readonly #inFlight = new IdTable<PutInFlight<T>>();
  #bytes = 0;
  #next = 1;

  get count(): number {
    return this.#inFlight.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes note of a put that is about to be sent; its id is unique while in flight. */
  send(bytes: number, tag: T): number {
    const id = this.#next;
    this.#next = this.#next === 0xffffffff ? 1 : this.#next + 1;
    this.#inFlight.add(id, { id, bytes, tag });
    this.#bytes += bytes;
    return id;
  }

  /** @throws AssertionFailed for an answer to a put that is not in flight: every put is answered once. */
  answer(id: number): PutInFlight<T> {
    const put = this.#inFlight.take(id);
    assert(put !== undefined, `answer to unknown put ${id}`);
    this.#bytes -= put.bytes;
    return put;
  }

  /** Ends every put in flight, oldest first: the lane is gone. */
  lose(): readonly PutInFlight<T>[] {
    const lost = this.#inFlight.values();
    this.#inFlight.clear();
    this.#bytes = 0;
    return lost;
  }
}
