/**
 * A lane joins a channel with one source or one sink: a ring to the channel, a ring from it, both doorbells,
 * and a message port that brings segments (a SharedArrayBuffer can only travel by message).
 *
 * A segment is announced on the port before the first record that names it is published, so a reader that
 * meets an unknown segment finds it in the port's queue. Both rings are closed together. Lanes are never
 * re-opened: when either end dies the supervisor makes a new lane.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import type { Numbering } from './block/numbering.ts';
import { allocateRing, RingReader, RingWriter } from './ring/ring.ts';
import { noteDropped } from './store/collect.ts';
import { Segment } from './store/segment.ts';
import { Doorbell } from './wait.ts';

/** What the supervisor makes and posts to both ends. */
export interface LaneMemory {
  readonly id: number;
  readonly toChannel: SharedArrayBuffer;
  readonly fromChannel: SharedArrayBuffer;
}

export function allocateLane(id: number, toChannelRecords: number, fromChannelRecords: number): LaneMemory {
  return {
    id,
    toChannel: allocateRing(toChannelRecords),
    fromChannel: allocateRing(fromChannelRecords),
  };
}

/** Ends a lane for both ends; this thread lets go of its memory. */
export function closeLane(lane: LaneMemory): void {
  new RingWriter(lane.toChannel).close();
  new RingWriter(lane.fromChannel).close();
  noteDropped(sizeOf(lane));
}

function sizeOf({ toChannel, fromChannel }: LaneMemory): number {
  return toChannel.byteLength + fromChannel.byteLength;
}

type PortMessage =
  | { segment: number; memory: SharedArrayBuffer }
  | { drop: number }
  | { numbering: Numbering };

export class LaneEnd {
  readonly id: number;
  readonly out: RingWriter;
  readonly in: RingReader;
  readonly #peer: Doorbell;
  readonly #port: MessagePort;
  readonly #sizeBytes: number;
  readonly #announced = new Set<number>();
  /** Segments that the other end announced and did not drop. */
  readonly received = new Set<number>();
  /** How the channel numbers events, once `receive` has read it; it is told before the first segment. */
  numbering: Numbering | null = null;
  #ringDue = false;

  constructor(
    lane: LaneMemory,
    side: 'component' | 'channel',
    port: MessagePort,
    peerDoorbell: SharedArrayBuffer,
  ) {
    this.id = lane.id;
    this.out = new RingWriter(side === 'channel' ? lane.fromChannel : lane.toChannel);
    this.in = new RingReader(side === 'channel' ? lane.toChannel : lane.fromChannel);
    this.#peer = new Doorbell(peerDoorbell);
    this.#port = port;
    this.#sizeBytes = sizeOf(lane);
    port.unref();
  }

  get closed(): boolean {
    return this.in.closed;
  }

  /** Makes sure the other end knows `segment` before a record that names it. */
  announce(segment: Segment): void {
    if (this.#announced.has(segment.id)) return;
    this.#announced.add(segment.id);
    this.#port.postMessage({ segment: segment.id, memory: segment.memory } satisfies PortMessage);
  }

  tell(numbering: Numbering): void {
    this.#port.postMessage({ numbering } satisfies PortMessage);
  }

  /** Tells the other end to forget a segment that will not be named again. */
  drop(segmentId: number): void {
    if (this.#announced.delete(segmentId)) this.#port.postMessage({ drop: segmentId } satisfies PortMessage);
  }

  /** Publishes the claimed record; the doorbell is rung by `flush`, once for many records. */
  publish(): void {
    this.out.publish();
    this.#ringDue = true;
  }

  flush(): void {
    if (!this.#ringDue) return;
    this.#ringDue = false;
    if (this.out.wantsBell) this.#peer.ring();
  }

  /** Reads announcements that have arrived into `table`. */
  receive(table: SegmentTable): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { message: PortMessage } | undefined;
      if (received === undefined) return;
      const { message } = received;
      if ('drop' in message) {
        this.received.delete(message.drop);
        table.delete(message.drop);
      } else if ('numbering' in message) {
        this.numbering = message.numbering;
      } else {
        this.received.add(message.segment);
        table.add(message.segment, message.memory);
      }
    }
  }

  /** Closes the port; the rings are the supervisor's. */
  end(): void {
    this.#port.close();
    noteDropped(this.#sizeBytes);
  }
}

/** Segments that this thread can read, by id. */
export class SegmentTable {
  readonly #segments = new Map<number, Segment>();
  #onAdd: (segment: Segment) => void;
  #onDelete: (id: number) => void;

  constructor(onAdd: (segment: Segment) => void = () => {}, onDelete: (id: number) => void = () => {}) {
    this.#onAdd = onAdd;
    this.#onDelete = onDelete;
  }

  add(id: number, memory: SharedArrayBuffer): void {
    if (this.#segments.has(id)) return;
    const segment = new Segment(id, memory);
    this.#segments.set(id, segment);
    this.#onAdd(segment);
  }

  delete(id: number): void {
    const segment = this.#segments.get(id);
    if (segment === undefined) return;
    this.#segments.delete(id);
    noteDropped(segment.sizeBytes);
    this.#onDelete(id);
  }

  /** The segment; announcements waiting on `lane` are read when it is not known yet. */
  get(id: number, lane?: LaneEnd): Segment {
    let segment = this.#segments.get(id);
    if (segment === undefined) {
      lane?.receive(this);
      segment = this.#segments.get(id);
      assert(segment !== undefined, `segment ${id} was not announced`);
    }
    return segment;
  }

  has(id: number): boolean {
    return this.#segments.has(id);
  }

  ids(): IterableIterator<number> {
    return this.#segments.keys();
  }

  get size(): number {
    return this.#segments.size;
  }
}
