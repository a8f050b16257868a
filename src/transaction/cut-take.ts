/** Cuts events out of a take that is settled in part (messages.ts): what is cut makes takes of its own. */
import { assert } from '../base/assert.ts';
import type { Channel, Take } from '../component/channel.ts';
import type { BlockRange } from '../memory/store/range.ts';

/** A run of events by their places in the take, and the number of the take that they go to. */
export interface Cut {
  readonly held: number;
  readonly first: number;
  readonly count: number;
}

export interface CutTake {
  /** What is left, in order; of no events when everything was cut out. */
  readonly rest: Take;
  readonly held: ReadonlyMap<number, Take>;
}

class Cutting {
  readonly #part: Channel['part'];
  readonly #ranges: readonly BlockRange[];
  /** The range that is being cut, and the events of it that are done with. */
  #at = 0;
  #skip = 0;

  constructor(ranges: readonly BlockRange[], part: Channel['part']) {
    this.#ranges = ranges;
    this.#part = part;
  }

  /** Moves the next events to `out`, as ranges. */
  move(events: number, out: BlockRange[]): void {
    let left = events;
    while (left > 0) {
      const range = this.#ranges[this.#at];
      assert(range !== undefined, 'a cut goes beyond its take');
      const count = Math.min(left, range.count - this.#skip);
      out.push(count === range.count ? range : this.#part(range, this.#skip, count));
      left -= count;
      this.#skip += count;
      if (this.#skip < range.count) continue;
      this.#at++;
      this.#skip = 0;
    }
  }
}

/** The cuts are in any order; they must not overlap. */
export function cutTake(take: Take, cuts: readonly Cut[], part: Channel['part']): CutTake {
  const cutting = new Cutting(take.ranges, part);
  const rest: BlockRange[] = [];
  const held = new Map<number, { ranges: BlockRange[]; events: number }>();
  let at = 0;
  let restEvents = 0;
  for (const cut of [...cuts].sort((a, b) => a.first - b.first)) {
    assert(cut.first >= at, 'cuts of a take overlap');
    restEvents += cut.first - at;
    cutting.move(cut.first - at, rest);
    const own = held.get(cut.held) ?? { ranges: [], events: 0 };
    held.set(cut.held, own);
    own.events += cut.count;
    cutting.move(cut.count, own.ranges);
    at = cut.first + cut.count;
  }
  cutting.move(take.events - at, rest);
  return { rest: { ranges: rest, events: restEvents + take.events - at }, held };
}
