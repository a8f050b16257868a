/** Runs one source in a worker: its context, its store, and the way of a batch through interceptors and selector. */
import { systemClock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { PUTS_IN_FLIGHT_MAX, SOURCE_BYTES_IN_FLIGHT_MAX } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import type { SourceCounters } from '../../component/counters.ts';
import type { Interceptor } from '../../component/interceptor.ts';
import type { ChannelSelector } from '../../component/selector.ts';
import type { PutMode, PutOutcome, Source, SourceContext } from '../../component/source.ts';
import { BatchBuilder } from '../../memory/block/builder.ts';
import type { LaneEnd } from '../../memory/lane.ts';
import { BlockStore } from '../../memory/store/store.ts';
import { type PutAnswer, PutClient } from '../../transaction/put-client.ts';
import type { FromWorker, SourceUnit } from './messages.ts';
import type { Parts } from './parts.ts';
import type { Pumpable } from './reactor.ts';
import { deliver, refusalOf, share, type Target } from './routing.ts';

export interface SourceRunnerSetup {
  readonly counters: SourceCounters;
  readonly log: Logger;
  readonly storeNumber: number;
  readonly send: (message: FromWorker) => void;
}

/** Complaints about refused puts: at most one in this time. */
const REFUSAL_LOG_MS = 1000;
/** Longest wait for the channel's answers when the source stops; keep-alive is 3 s by default. */
const ANSWERS_MS_MAX = 4000;

export class SourceRunner implements Pumpable, SourceContext {
  readonly blocking = false;
  readonly name: string;
  readonly log: Logger;
  readonly clock = systemClock;
  readonly counters: SourceCounters;
  options: unknown;
  readonly #unit: SourceUnit;
  readonly #parts: Parts;
  readonly #send: (message: FromWorker) => void;
  readonly #store: BlockStore;
  readonly #builder: BatchBuilder;
  /** Writes the shares of a split batch that cannot be derived in place. */
  readonly #copier: BatchBuilder;
  readonly #clients: readonly PutClient[];
  #interceptors: Interceptor[] = [];
  #selector!: ChannelSelector;
  #source!: Source;
  #bytes = 0;
  #puts = 0;
  readonly #roomWaiters: (() => void)[] = [];
  #refusedSilently = 0;
  #refusalLogMs = 0;

  static async open(unit: SourceUnit, parts: Parts, setup: SourceRunnerSetup): Promise<SourceRunner> {
    const runner = new SourceRunner(unit, parts, setup);
    await runner.#load();
    return runner;
  }

  private constructor(unit: SourceUnit, parts: Parts, setup: SourceRunnerSetup) {
    this.#unit = unit;
    this.#parts = parts;
    this.name = unit.name;
    this.log = setup.log;
    this.counters = setup.counters;
    this.#send = setup.send;
    this.#clients = unit.channels.map((channel) => new PutClient(channel.name));
    this.#store = new BlockStore(setup.storeNumber, (id) => {
      for (const client of this.#clients) client.drop(id);
    });
    this.#builder = new BatchBuilder(this.#store);
    this.#copier = new BatchBuilder(this.#store);
  }

  async #load(): Promise<void> {
    const unit = this.#unit;
    const parts = this.#parts;
    const common = { log: this.log, clock: systemClock };
    for (const part of unit.interceptors) {
      const component = `interceptor ${part.name} of source ${unit.name}`;
      const { module, options } = await parts.load('interceptor', part, component);
      this.#interceptors.push(await module.create({ ...common, name: part.name, options }));
    }
    const channels = unit.channels.map((channel) => channel.name);
    const selector = await parts.load('selector', unit.selector, `selector of source ${unit.name}`);
    this.#selector = selector.module.create({
      ...common,
      name: unit.name,
      options: selector.options,
      channels,
    });
    const source = await parts.load('source', unit, `source ${unit.name}`);
    this.options = source.options;
    this.#source = source.module.create(this);
  }

  /** Opens ports, starts children. Called once the lanes are there. */
  async start(): Promise<void> {
    await this.#source.start();
  }

  connect(channel: string, lane: LaneEnd): void {
    this.#clients.find((client) => client.channelName === channel)?.connect(lane);
    this.#wakeWaiters();
  }

  pump(nowMs: number): boolean {
    let busy = false;
    for (const client of this.#clients) if (client.pump()) busy = true;
    if (busy) this.#wakeWaiters();
    if (this.#refusedSilently > 0 && nowMs >= this.#refusalLogMs) this.#logRefusals(nowMs, null);
    return busy;
  }

  nextPumpMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  openBatch(bytesHint?: number): BatchBuilder | null {
    if (!this.#hasRoom()) return null;
    this.#builder.begin(bytesHint);
    return this.#builder;
  }

  #hasRoom(): boolean {
    return this.#puts < PUTS_IN_FLIGHT_MAX && this.#bytes < SOURCE_BYTES_IN_FLIGHT_MAX;
  }

  room(): Promise<void> {
    if (this.#hasRoom()) return Promise.resolve();
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  #wakeWaiters(): void {
    if (this.#roomWaiters.length === 0 || !this.#hasRoom()) return;
    for (const resolve of this.#roomWaiters.splice(0)) resolve();
  }

  discard(batch: BatchBuilder): void {
    batch.cancel();
  }

  put(batch: BatchBuilder, mode: PutMode): Promise<PutOutcome> {
    const total = batch.count;
    let targets: readonly Target[];
    let originals: Uint32Array | null;
    try {
      for (const interceptor of this.#interceptors) {
        interceptor.intercept(batch);
        if (batch.count === 0) break;
      }
      if (batch.count === 0) {
        batch.cancel();
        return Promise.resolve({ accepted: total, refusal: null });
      }
      originals = batch.originalIndices();
      targets = share(batch, this.#selector, this.#clients, this.#copier);
    } catch (error) {
      if (batch.isOpen) batch.cancel();
      const text = `Unable to process a batch: ${messageOf(error)}`;
      this.log.error(text, error);
      return Promise.resolve({ accepted: 0, refusal: { code: 'INTERNAL', text } });
    }
    return this.#deliver(targets, total, originals, mode);
  }

  #deliver(
    targets: readonly Target[],
    total: number,
    originals: Uint32Array | null,
    mode: PutMode,
  ): Promise<PutOutcome> {
    let bytes = 0;
    for (const target of targets) bytes += target.block.length;
    this.#bytes += bytes;
    this.#puts++;
    return new Promise((resolve) => {
      deliver(
        targets,
        mode,
        (accepted, refused) => {
          this.#bytes -= bytes;
          this.#puts--;
          if (refused === null) {
            resolve({ accepted: total, refusal: null });
            return;
          }
          const channel = this.#unit.channels.find((one) => one.name === refused.channelName)!;
          const refusal = refusalOf(refused.status, channel, mode);
          this.#noteRefusal(refused.channelName, refused.status);
          // Events that interceptors dropped before the first refused one count as put.
          resolve({ accepted: originals === null ? accepted : originals[accepted]!, refusal });
        },
        (channelName, status) => this.#noteRefusal(channelName, status),
      );
      for (const { client } of targets) client.flush();
    });
  }

  #noteRefusal(channelName: string, status: PutAnswer): void {
    this.#refusedSilently++;
    const nowMs = Date.now();
    if (nowMs >= this.#refusalLogMs) this.#logRefusals(nowMs, { channelName, status });
  }

  #logRefusals(nowMs: number, last: { channelName: string; status: PutAnswer } | null): void {
    const times = this.#refusedSilently;
    this.#refusedSilently = 0;
    if (last === null) return;
    this.#refusalLogMs = nowMs + REFUSAL_LOG_MS;
    const channel = this.#unit.channels.find((one) => one.name === last.channelName)!;
    const { cause } = refusalOf(last.status, channel, 'batch');
    this.log.warn(`${cause} (channel ${last.channelName}${times > 1 ? `, ${times} puts refused` : ''})`);
  }

  loadPlugin(specifier: string): Promise<Record<string, unknown>> {
    return this.#parts.plugin(specifier);
  }

  degraded(reason: string | null): void {
    this.#send({ op: 'status', component: `source ${this.name}`, reason });
  }

  /** Stops the source, then waits for the answers to what it put before its lanes end. */
  async close(): Promise<void> {
    await this.#source.stop();
    const until = Date.now() + ANSWERS_MS_MAX;
    while (this.#puts > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const interceptor of this.#interceptors) interceptor.close?.();
    for (const client of this.#clients) client.disconnect();
  }
}
