/**
 * An agent in one thread: sources, channels and sinks joined by real lanes, and a supervisor that lets any of
 * them die. What each would do in its worker is done when a test says so, in any order.
 */
import assert from 'node:assert/strict';
import { MessageChannel } from 'node:worker_threads';
import { allocateLane, closeLane, LaneEnd, type LaneMemory } from '../../src/memory/lane.ts';
import type { AdmissionLimits } from '../../src/transaction/admission.ts';
import { TAKE_RING_RECORDS, TAKE_RING_RESERVE } from '../../src/transaction/messages.ts';
import { ChannelModel, Death, SinkModel, type SinkShape, SourceModel, type Unit } from './agent-units.ts';

const PUT_RING_RECORDS = 32;
/** Little room beyond what holds leave free: a take is torn too much for it now and then. */
const HOLD_RECORDS = 64;

export interface AgentShape {
  readonly sources: number;
  readonly channels: readonly AdmissionLimits[];
  /** For each sink the channel that it takes from. */
  readonly sinks: readonly SinkShape[];
}

interface Lane {
  readonly memory: LaneMemory;
  readonly component: SourceModel | SinkModel;
  readonly channel: ChannelModel;
  readonly ends: readonly [LaneEnd, LaneEnd];
}

export class AgentModel {
  readonly #shape: AgentShape;
  readonly channels: ChannelModel[];
  readonly sources: SourceModel[] = [];
  readonly sinks: SinkModel[] = [];
  /** Sources that died, for what was promised to them. */
  readonly #ended: SourceModel[] = [];
  readonly delivered: string[][];
  /** Those of the delivered whose commit was sent before the lane ended. */
  readonly #committed: string[][];
  #lanes: Lane[] = [];
  #laneNumber = 1;
  #storeNumber = 1;
  nowMs = 1_000_000;

  constructor(shape: AgentShape) {
    this.#shape = shape;
    this.channels = shape.channels.map((limits) => new ChannelModel(limits));
    this.delivered = shape.channels.map(() => []);
    this.#committed = shape.channels.map(() => []);
    for (let i = 0; i < shape.sources; i++) this.#addSource(i, 0);
    shape.sinks.forEach((_, i) => {
      this.#addSink(i);
    });
  }

  #addSource(index: number, sequence: number): void {
    const source = new SourceModel(index, this.#storeNumber++, this.channels.length, sequence);
    this.sources[index] = source;
    for (const channel of this.channels) if (channel.alive) this.#join(source, channel);
  }

  #addSink(index: number): void {
    const shape = this.#shape.sinks[index]!;
    const channel = this.channels[shape.channel]!;
    const sink = new SinkModel(
      shape,
      channel,
      this.delivered[shape.channel]!,
      this.#committed[shape.channel]!,
    );
    this.sinks[index] = sink;
    if (channel.alive) this.#join(sink, channel);
  }

  #join(component: SourceModel | SinkModel, channel: ChannelModel): void {
    const isSink = component instanceof SinkModel;
    const there = isSink ? TAKE_RING_RESERVE + HOLD_RECORDS : PUT_RING_RECORDS;
    const back = isSink ? TAKE_RING_RECORDS : PUT_RING_RECORDS;
    const memory = allocateLane(this.#laneNumber++, there, back);
    const { port1, port2 } = new MessageChannel();
    const mine = new LaneEnd(memory, 'component', port1, channel.bell.memory);
    const theirs = new LaneEnd(memory, 'channel', port2, component.bell.memory);
    channel.addLane(theirs, component);
    if (component instanceof SinkModel) {
      component.client.connect(mine);
      component.lane = mine;
    } else {
      component.clients[this.channels.indexOf(channel)]!.connect(mine);
    }
    this.#lanes.push({ memory, component, channel, ends: [mine, theirs] });
    // The message that brings a lane rings.
    component.bell.ring();
    channel.bell.ring();
  }

  /** The ports of the one that died end with its thread; the other end finds its lane closed. */
  #sever(dead: SourceModel | SinkModel | ChannelModel): void {
    for (const { memory, component, channel, ends } of this.#lanes) {
      if (component !== dead && channel !== dead) continue;
      closeLane(memory);
      ends[component === dead ? 0 : 1].end();
      component.bell.ring();
      channel.bell.ring();
    }
    this.#lanes = this.#lanes.filter(({ component, channel }) => component !== dead && channel !== dead);
  }

  killSource(index: number): void {
    const source = this.sources[index]!;
    if (!source.alive) return;
    source.alive = false;
    this.#ended.push(source);
    this.#sever(source);
  }

  killSink(index: number): void {
    const sink = this.sinks[index]!;
    if (!sink.alive) return;
    sink.alive = false;
    // Nobody gives back what a dead worker kept.
    for (const source of [...this.sources, ...this.#ended]) source.lose(sink.keptSegments());
    this.#sever(sink);
  }

  killChannel(index: number): void {
    const channel = this.channels[index]!;
    if (!channel.alive) return;
    channel.die();
    this.#sever(channel);
  }

  closeChannel(index: number): void {
    const channel = this.channels[index]!;
    if (!channel.alive) return;
    try {
      channel.close();
    } catch (error) {
      if (!(error instanceof Death)) throw error;
      channel.die();
    }
    this.#sever(channel);
  }

  /** New workers for all that died, and lanes to them. */
  revive(): void {
    for (const channel of this.channels) {
      if (channel.alive) continue;
      channel.open();
      for (const source of this.sources) if (source.alive) this.#join(source, channel);
      for (const sink of this.sinks) {
        if (sink.alive && this.channels[sink.shape.channel] === channel) this.#join(sink, channel);
      }
    }
    this.sources.forEach((source, i) => {
      if (!source.alive) this.#addSource(i, source.sequence);
    });
    this.sinks.forEach((sink, i) => {
      if (!sink.alive) this.#addSink(i);
    });
  }

  pumpChannel(index: number): boolean {
    try {
      return this.channels[index]!.pump(this.nowMs);
    } catch (error) {
      if (!(error instanceof Death)) throw error;
      this.killChannel(index);
      return true;
    }
  }

  /**
   * Lets all units run as their reactors do: a unit that has nothing to do sleeps until its bell
   * rings, or for the time that it said.
   */
  settle(): void {
    const units = [...this.sources, ...this.channels, ...this.sinks].filter(({ alive }) => alive);
    const asleep = new Map<Unit, { readonly seen: number; readonly dueMs: number }>();
    for (let round = 0; ; round++) {
      assert.ok(round < 5000, 'the agent does not come to rest');
      let awake = false;
      for (const unit of units) {
        const sleep = asleep.get(unit);
        const seen = unit.bell.seen();
        if (sleep !== undefined && sleep.seen === seen && this.nowMs < sleep.dueMs) continue;
        awake = true;
        if (unit.pump(this.nowMs)) asleep.delete(unit);
        else asleep.set(unit, { seen, dueMs: this.nowMs + unit.nextMs(this.nowMs) });
      }
      if (awake) continue;
      const nextMs = Math.min(...units.map((unit) => asleep.get(unit)!.dueMs));
      if (nextMs === Number.POSITIVE_INFINITY) return;
      this.nowMs = nextMs;
    }
  }

  /** Everything runs again and comes to rest; then every promise must have been kept. */
  finish(): void {
    for (const channel of this.channels) channel.fuse = Number.POSITIVE_INFINITY;
    this.revive();
    for (const source of this.sources) source.flush();
    this.settle();
    for (const source of this.sources) {
      assert.equal(source.unanswered, 0, 'a put was not answered, or nobody woke its source');
    }
    this.channels.forEach((channel, i) => {
      this.#checkDelivered(channel, i);
    });
    // Commits may be read late.
    this.channels.forEach((channel, i) => {
      this.pumpChannel(i);
      assert.ok(channel.modelled.idle, 'everything delivered is committed');
      assert.equal(channel.counters.get('ChannelSize'), 0);
    });
    for (const source of this.sources) source.assertReleased();
    this.#endSources();
  }

  /** When the sources are gone and everything is read, nobody keeps their memory. */
  #endSources(): void {
    this.sources.forEach((_, i) => {
      this.killSource(i);
    });
    this.channels.forEach((channel, i) => {
      this.pumpChannel(i);
      channel.tidy();
      assert.equal(channel.heldCount, 0, 'a channel keeps segments of sources that ended');
    });
    for (const { client, lane, shape } of this.sinks) {
      client.tidy();
      const { copied } = this.channels[shape.channel]!;
      const kept = [...lane!.received].filter((id) => !copied.has(id));
      assert.deepEqual(kept, [], 'a sink keeps segments of sources that ended');
    }
  }

  #checkDelivered(channel: ChannelModel, index: number): void {
    const delivered = new Set(this.delivered[index]);
    for (const name of channel.modelled.accepted) assert.ok(delivered.has(name), `${name} was lost`);
    const accepted = new Set(channel.modelled.accepted);
    assert.equal(accepted.size, channel.modelled.accepted.length, 'an event is accepted once');
    for (const source of [...this.sources, ...this.#ended]) {
      for (const { names, answer } of source.puts[index]!) {
        const acknowledged = answer?.accepted ?? 0;
        for (const name of names.slice(0, acknowledged)) assert.ok(accepted.has(name));
        if (answer?.status === 'lost') {
          assert.equal(channel.modelled.answered.has(names[0]!), false, 'an answer that was sent is read');
        }
        if (answer === null || answer.status === 'lost') continue;
        for (const name of names.slice(acknowledged)) assert.equal(accepted.has(name), false);
      }
    }
    this.#checkOrder(channel.modelled.accepted);
    if (channel.deaths > 0) return;
    const committed = this.#committed[index]!;
    assert.equal(new Set(committed).size, committed.length, 'what was committed is not handed out again');
  }

  #checkOrder(accepted: readonly string[]): void {
    const last = new Map<string, number>();
    for (const name of accepted) {
      const [source, sequence] = name.split(':') as [string, string];
      assert.ok((last.get(source) ?? -1) < Number(sequence), 'a source’s puts are accepted in their order');
      last.set(source, Number(sequence));
    }
  }

  /** Closes every port, so that the process can end. */
  end(): void {
    for (const { ends } of this.#lanes) for (const end of ends) end.end();
  }
}
