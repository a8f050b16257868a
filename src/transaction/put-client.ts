/** Sends puts of one source to one channel over a lane and gives each its answer, also when the lane ends. */

import type { PutStatus } from '../component/channel.ts';
import type { PutMode } from '../component/source.ts';
import type { BuiltBlock } from '../memory/block/built-block.ts';
import type { LaneEnd } from '../memory/lane.ts';
import { KIND, MODE, PUT_STATUS } from './messages.ts';
import { PutWindow } from './put-window.ts';

export type PutAnswer = PutStatus | 'lost';

type Answered = (accepted: number, status: PutAnswer) => void;

interface Tag {
  readonly block: BuiltBlock;
  readonly answered: Answered;
}

export class PutClient {
  readonly channelName: string;
  #lane: LaneEnd | null = null;
  readonly #window = new PutWindow<Tag>();

  constructor(channelName: string) {
    this.channelName = channelName;
  }

  get connected(): boolean {
    return this.#lane !== null;
  }

  connect(lane: LaneEnd): void {
    this.disconnect();
    this.#lane = lane;
  }

  /** The lane has ended: nobody will answer what is in flight, but for the answers that were sent before. */
  disconnect(): void {
    if (this.#lane !== null) this.#readAnswers(this.#lane);
    this.#lane?.end();
    this.#lane = null;
    for (const put of this.#window.lose()) put.tag.answered(0, 'lost');
  }

  get inFlight(): number {
    return this.#window.count;
  }

  /**
   * Puts `count` events of a block from its first on. The caller holds one reference to the block for this
   * channel; it passes to the channel when at least one event is accepted.
   */
  put(block: BuiltBlock, count: number, mode: PutMode, answered: Answered): void {
    const lane = this.#lane;
    if (lane === null || lane.closed || lane.out.room() === 0 || this.inFlight >= lane.in.records) {
      answered(0, 'closed');
      return;
    }
    const id = this.#window.send(block.length, { block, answered });
    lane.announce(block.segment);
    const { words } = lane.out;
    const at = lane.out.claim();
    words[at] = KIND.put;
    words[at + 1] = id;
    words[at + 2] = block.segment.id;
    words[at + 3] = block.offset;
    words[at + 4] = 0;
    words[at + 5] = count;
    words[at + 6] = count === block.count ? block.slots : 0;
    words[at + 7] = MODE[mode];
    lane.publish();
  }

  /** Whether answers may wait until this thread is awake for another reason. */
  setPatient(patient: boolean): void {
    this.#lane?.in.setPatient(patient);
  }

  flush(): void {
    this.#lane?.flush();
  }

  drop(segmentId: number): void {
    this.#lane?.drop(segmentId);
  }

  /** Reads answers; true when there were any. */
  pump(): boolean {
    const lane = this.#lane;
    if (lane === null) return false;
    if (lane.closed) {
      this.disconnect();
      return true;
    }
    return this.#readAnswers(lane);
  }

  #readAnswers(lane: LaneEnd): boolean {
    const count = lane.in.available();
    const { words } = lane.in;
    for (let n = 0; n < count; n++) {
      const at = lane.in.peek();
      const id = words[at + 1]!;
      const accepted = words[at + 2]!;
      const status = PUT_STATUS[words[at + 3]!]!;
      lane.in.advance();
      this.#window.answer(id).tag.answered(accepted, status);
    }
    return count > 0;
  }
}
