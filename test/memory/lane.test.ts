import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import fc from 'fast-check';
import { allocateLane, closeLane, LaneEnd, type LaneMemory, SegmentTable } from '../../src/memory/lane.ts';
import { Segment } from '../../src/memory/store/segment.ts';
import { Doorbell } from '../../src/memory/wait.ts';

const RECORDS = 16;
const SEGMENTS = 6;

interface Joined {
  readonly memory: LaneMemory;
  readonly component: LaneEnd;
  readonly channel: LaneEnd;
  readonly bells: { readonly component: Doorbell; readonly channel: Doorbell };
  readonly ports: readonly MessagePort[];
}

function join(): Joined {
  const memory = allocateLane(1, RECORDS, RECORDS);
  const { port1, port2 } = new MessageChannel();
  const bells = { component: new Doorbell(), channel: new Doorbell() };
  return {
    memory,
    component: new LaneEnd(memory, 'component', port1, bells.channel.memory),
    channel: new LaneEnd(memory, 'channel', port2, bells.component.memory),
    bells,
    ports: [port1, port2],
  };
}

/** Closes both ports, so that the process can end. */
function part({ component, channel }: Joined): void {
  component.end();
  channel.end();
}

function marked(id: number): Segment {
  const segment = Segment.allocate(id, 4096);
  segment.bytes.writeUInt32LE(id * 7919, 2048);
  return segment;
}

function send(lane: LaneEnd, segment: number): void {
  const at = lane.out.claim();
  lane.out.words[at] = 1;
  lane.out.words[at + 1] = segment;
  lane.publish();
}

type Step =
  | { readonly op: 'send' | 'drop'; readonly segment: number }
  | { readonly op: 'read'; readonly count: number }
  | { readonly op: 'receive' };

const segment = fc.nat(SEGMENTS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ op: fc.constant('send' as const), segment }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('drop' as const), segment }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('read' as const), count: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ op: 'receive' as const }) },
);

/** One end sends records that name segments and drops those that are in no unread record, the other reads. */
class LaneModel {
  readonly #lane = join();
  readonly #added: number[] = [];
  readonly #deleted: number[] = [];
  readonly #table = new SegmentTable(
    (one) => this.#added.push(one.id),
    (id) => this.#deleted.push(id),
  );
  readonly #segments = Array.from({ length: SEGMENTS }, (_, i) => marked(i + 100));
  readonly #unread: number[] = [];
  readonly #announced = new Set<number>();

  run(next: Step): void {
    if (next.op === 'send') this.#send(next.segment);
    else if (next.op === 'drop') this.#drop(next.segment);
    else if (next.op === 'read') for (let n = 0; n < next.count; n++) this.#read();
    else this.#receive();
  }

  #send(index: number): void {
    const { component } = this.#lane;
    if (component.out.room() === 0) return;
    const one = this.#segments[index]!;
    component.announce(one);
    send(component, one.id);
    this.#unread.push(one.id);
    this.#announced.add(one.id);
  }

  #drop(index: number): void {
    const { id } = this.#segments[index]!;
    if (this.#unread.includes(id)) return;
    this.#lane.component.drop(id);
    this.#announced.delete(id);
  }

  #read(): void {
    const { channel } = this.#lane;
    assert.equal(channel.in.available(), this.#unread.length);
    if (this.#unread.length === 0) return;
    const wanted = this.#unread.shift()!;
    const id = channel.in.words[channel.in.peek() + 1]!;
    channel.in.advance();
    assert.equal(id, wanted);
    const found = this.#table.get(id, channel);
    assert.equal(found.bytes.readUInt32LE(2048), id * 7919, 'the memory of that segment');
  }

  #receive(): void {
    const { channel } = this.#lane;
    channel.receive(this.#table);
    assert.deepEqual([...channel.received].sort(), [...this.#announced].sort());
    assert.deepEqual([...this.#table.ids()].sort(), [...this.#announced].sort());
    assert.equal(this.#table.size, this.#announced.size);
    assert.equal(this.#added.length - this.#deleted.length, this.#announced.size);
  }

  end(): void {
    this.#receive();
    while (this.#unread.length > 0) this.#read();
    part(this.#lane);
  }
}

describe('lane', () => {
  test('lets its reader find every segment that a record names, whatever is announced and dropped', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (list) => {
        const model = new LaneModel();
        for (const next of list) model.run(next);
        model.end();
      }),
      { numRuns: 100 },
    );
  });

  test('still tells of segments that were announced before the other end went away', async () => {
    const lane = join();
    lane.component.announce(marked(1));
    send(lane.component, 1);
    lane.component.announce(marked(2));
    send(lane.component, 2);
    lane.component.end();
    // The port's end reaches this side by a message of its own.
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    const table = new SegmentTable();
    for (const id of [1, 2]) assert.equal(table.get(id, lane.channel).bytes.readUInt32LE(2048), id * 7919);
    assert.throws(() => table.get(3, lane.channel), /segment 3 was not announced/);
    part(lane);
  });

  test('announces a segment once, and again after it was dropped', () => {
    const lane = join();
    const table = new SegmentTable();
    const one = marked(1);
    const other = Segment.allocate(1, 4096);
    lane.component.announce(one);
    lane.component.announce(one);
    lane.channel.receive(table);
    assert.equal(table.get(1).memory.byteLength, 4096);
    lane.component.drop(1);
    lane.component.drop(1);
    lane.component.announce(other);
    other.bytes[100] = 42;
    lane.channel.receive(table);
    assert.equal(table.get(1).bytes[100], 42);
    part(lane);
  });

  test('rings the other end once for many records, and not at all for none', () => {
    for (const side of ['component', 'channel'] as const) {
      const lane = join();
      const bell = lane.bells[side === 'component' ? 'channel' : 'component'];
      const before = bell.seen();
      lane[side].flush();
      assert.equal(bell.seen(), before);
      for (let n = 0; n < 5; n++) send(lane[side], n);
      lane[side].flush();
      lane[side].flush();
      assert.equal(bell.seen(), before + 1);
      part(lane);
    }
  });

  test('leaves a patient reader asleep, and rings it for what comes once it is patient no more', () => {
    const lane = join();
    const bell = lane.bells.channel;
    const before = bell.seen();
    lane.channel.in.setPatient(true);
    send(lane.component, 1);
    lane.component.flush();
    assert.equal(bell.seen(), before);
    lane.channel.in.setPatient(false);
    assert.equal(lane.channel.in.available(), 1, 'who stops being patient looks');
    send(lane.component, 2);
    lane.component.flush();
    assert.equal(bell.seen(), before + 1);
    part(lane);
  });

  test('is closed for both ends at once', () => {
    const lane = join();
    assert.deepEqual([lane.component.closed, lane.channel.closed], [false, false]);
    closeLane(lane.memory);
    assert.deepEqual([lane.component.closed, lane.channel.closed], [true, true]);
    assert.equal(lane.component.out.closed && lane.channel.out.closed, true);
    part(lane);
  });
});
