/** The lanes between units: made when both ends are open, closed when either ends. */
import { MessageChannel } from 'node:worker_threads';
import { RING_RECORDS } from '../../base/limits.ts';
import { allocateLane, closeLane, type LaneMemory } from '../../memory/lane.ts';
import { collectDropped } from '../../memory/store/collect.ts';
import { TAKE_RING_RECORDS } from '../../transaction/messages.ts';
import { isUp, type UnitState } from './unit-state.ts';
import type { WorkerHandle } from './worker-handle.ts';

interface Lane {
  readonly memory: LaneMemory;
  readonly componentKey: string;
  readonly channelKey: string;
}

export class Lanes {
  readonly #units: ReadonlyMap<string, UnitState>;
  readonly #workers: ReadonlyMap<string, WorkerHandle>;
  readonly #lanes = new Map<number, Lane>();
  #laneNumber = 1;

  /** Reads the supervisor's maps of units by key and workers by name; changes neither. */
  constructor(units: ReadonlyMap<string, UnitState>, workers: ReadonlyMap<string, WorkerHandle>) {
    this.#units = units;
    this.#workers = workers;
  }

  /** New lanes between a unit that was just opened and its open peers. */
  join(key: string, state: UnitState): void {
    const { unit } = state;
    if (unit.kind === 'channel') {
      for (const [peerKey, peer] of this.#units) {
        if (peer === state || !isUp(peer)) continue;
        this.#joinToChannels(peerKey, peer, unit.name);
      }
    } else {
      this.#joinToChannels(key, state, null);
    }
  }

  #joinToChannels(key: string, state: UnitState, only: string | null): void {
    const { unit } = state;
    if (unit.kind === 'source') {
      for (const { name } of unit.channels) {
        if (only === null || only === name) this.#connect(key, name, 'source', name);
      }
    } else if (unit.kind === 'group') {
      for (const sink of unit.sinks) {
        if (only === null || only === sink.channel) this.#connect(key, sink.channel, 'sink', sink.name);
      }
    }
  }

  #connect(componentKey: string, channelName: string, end: 'source' | 'sink', peer: string): void {
    const channelKey = `channel ${channelName}`;
    const component = this.#units.get(componentKey)!;
    const channel = this.#units.get(channelKey);
    if (channel?.unit.kind !== 'channel' || !isUp(channel)) return;
    const { transactionEventsMax } = channel.unit;
    const componentWorker = this.#workers.get(component.worker);
    const channelWorker = this.#workers.get(channel.worker);
    if (componentWorker === undefined || channelWorker === undefined) return;
    const records = end === 'sink' ? TAKE_RING_RECORDS : RING_RECORDS;
    const memory = allocateLane(this.#laneNumber++, records, records);
    this.#lanes.set(memory.id, { memory, componentKey, channelKey });
    const { port1, port2 } = new MessageChannel();
    const channelEnd = end === 'source' ? 'channel-put' : 'channel-take';
    const lane = { op: 'lane' as const, peer, transactionEventsMax, lane: memory };
    channelWorker.send(
      { ...lane, key: channelKey, end: channelEnd, port: port2, doorbell: componentWorker.doorbell.memory },
      [port2],
    );
    componentWorker.send(
      { ...lane, key: componentKey, end, port: port1, doorbell: channelWorker.doorbell.memory },
      [port1],
    );
  }

  /** Ends every lane of a unit and wakes the other ends, which then give up what was under way. */
  sever(key: string): void {
    for (const [id, lane] of this.#lanes) {
      if (lane.componentKey !== key && lane.channelKey !== key) continue;
      this.#lanes.delete(id);
      closeLane(lane.memory);
      for (const end of [lane.componentKey, lane.channelKey]) {
        this.#workers.get(this.#units.get(end)?.worker ?? '')?.doorbell.ring();
      }
    }
    collectDropped();
  }
}
