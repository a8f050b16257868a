/**
 * Runs one source in a worker: its context, its store, and the way of a batch through
 * interceptors and selector.
 */
import { systemClock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { GAUGES_MS, PUTS_IN_FLIGHT_MAX, SOURCE_BYTES_IN_FLIGHT_MAX, TRIM_MS } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import { type SourceCounters, setGauges } from '../../component/counters.ts';
import type { Interceptor } from '../../component/interceptor.ts';
import type { ChannelSelector } from '../../component/selector.ts';
import type { PutMode, PutOutcome, PutUrgency, Source, SourceContext } from '../../component/source.ts';
import { BatchBuilder } from '../../memory/block/builder.ts';
import type { LaneEnd } from '../../memory/lane.ts';
import { BlockStore } from '../../memory/store/store.ts';
import { type PutAnswer, PutClient } from '../../transaction/put-client.ts';
import type { FromWorker, Progress, SourceUnit } from './messages.ts';
import type { Parts } from './parts.ts';
import type { Pumpable } from './reactor.ts';
import { deliver, refusalOf, share, type Target } from './routing.ts';

export interface SourceRunnerSetup {
  readonly counters: SourceCounters;
  readonly log: Logger;
  readonly storeNumber: number;
  readonly send: (message: FromWorker) => void;
  readonly rest: (ms: number) => Promise<void>;
}

/** Puts that the channels' bells are rung for at the latest. */
const PUTS_A_BELL = 16;
/** Time between two bells for puts whose outcome nobody waits for, ms. */
const BELL_MS = 2;
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
  readonly #rest: (ms: number) => Promise<void>;
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
  /** Puts in flight whose outcome somebody waits for. */
  #prompt = 0;
  #unflushed = 0;
  /** Bells that are due at the end of this turn, and a little later. */
  #turnBell: NodeJS.Immediate | null = null;
  #lateBell: NodeJS.Timeout | null = null;
  #rungAtMs = 0;
  #answered = 0;
  readonly #settleWaiters: { readonly at: number; readonly resolve: () => void }[] = [];
  readonly #roomWaiters: (() => void)[] = [];
  #trimAtMs = 0;
  #gaugesAtMs = 0;
  /** The last refusal, and how many the log has not told yet. */
  #refusal: { readonly channelName: string; readonly status: PutAnswer; readonly events: number } | null =
    null;
  #refusals = 0;
  #refusalLogMs = 0;
  readonly #transactionEventsMax = new Map<string, number | null>();

  static async open(unit: SourceUnit, parts: Parts, setup: SourceRunnerSetup): Promise<SourceRunner> {
    const runner = new SourceRunner(unit, parts, setup);
    try {
      await runner.#load();
    } catch (error) {
      runner.#closeInterceptors();
      throw error;
    }
    return runner;
  }

  private constructor(unit: SourceUnit, parts: Parts, setup: SourceRunnerSetup) {
    this.#unit = unit;
    this.#parts = parts;
    this.name = unit.name;
    this.log = setup.log;
    this.counters = setup.counters;
    this.#send = setup.send;
    this.#rest = setup.rest;
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

  progress(): Progress {
    const tables = this.#source.progress?.();
    return tables === undefined ? {} : { [`source ${this.name}`]: tables };
  }

  connect(channel: string, lane: LaneEnd, transactionEventsMax: number | null): void {
    this.#transactionEventsMax.set(channel, transactionEventsMax);
    this.#clients.find((client) => client.channelName === channel)?.connect(lane);
    this.#wakeWaiters();
  }

  pump(nowMs: number): boolean {
    const busy = this.#readAnswers();
    if (busy) this.#wakeWaiters();
    if (nowMs >= this.#trimAtMs) {
      this.#trimAtMs = nowMs + TRIM_MS;
      this.#store.trim();
    }
    if (nowMs >= this.#gaugesAtMs) {
      this.#gaugesAtMs = nowMs + GAUGES_MS;
      setGauges(this.counters, this.#source.gauges?.());
    }
    if (this.#refusals > 0 && nowMs >= this.#refusalLogMs) this.#logRefusals(nowMs);
    return busy;
  }

  #readAnswers(): boolean {
    let any = false;
    for (const client of this.#clients) if (client.pump()) any = true;
    return any;
  }

  /** Answers wake this worker only while somebody waits for one, or for the room that it makes. */
  #setPatience(): void {
    const patient = this.#prompt === 0 && this.#roomWaiters.length === 0 && this.#settleWaiters.length === 0;
    for (const client of this.#clients) client.setPatient(patient);
  }

  nextPumpMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  openBatch(bytesHint?: number): BatchBuilder | null {
    if (!this.#hasRoom()) {
      this.#readAnswers();
      if (!this.#hasRoom()) return null;
    }
    this.#builder.begin(bytesHint);
    return this.#builder;
  }

  #hasRoom(): boolean {
    return this.#puts < PUTS_IN_FLIGHT_MAX && this.#bytes < SOURCE_BYTES_IN_FLIGHT_MAX;
  }

  room(): Promise<void> {
    return new Promise((resolve) => {
      this.#roomWaiters.push(resolve);
      this.#setPatience();
      this.#readAnswers();
      this.#wakeWaiters();
    });
  }

  settled(): Promise<void> {
    if (this.#puts === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#settleWaiters.push({ at: this.#answered + this.#puts, resolve });
      this.#flush();
      this.#setPatience();
      this.#readAnswers();
    });
  }

  rest(ms: number): Promise<void> {
    // Bells that are due later would not ring before the end of it.
    this.#flush();
    return this.#rest(ms);
  }

  #putAnswered(bytes: number, prompt: boolean): void {
    this.#bytes -= bytes;
    this.#puts--;
    this.#answered++;
    if (prompt) this.#prompt--;
    while (this.#settleWaiters.length > 0 && this.#settleWaiters[0]!.at <= this.#answered) {
      this.#settleWaiters.shift()!.resolve();
    }
    this.#setPatience();
  }

  #wakeWaiters(): void {
    if (this.#roomWaiters.length === 0 || !this.#hasRoom()) return;
    for (const resolve of this.#roomWaiters.splice(0)) resolve();
    this.#setPatience();
  }

  discard(batch: BatchBuilder): void {
    batch.cancel();
  }

  put(batch: BatchBuilder, mode: PutMode, urgency: PutUrgency = 'prompt'): Promise<PutOutcome> {
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
    // Channels are put to one after another: the next waits for the answer of the one before.
    const prompt = urgency === 'prompt' || targets.length > 1;
    return this.#deliver(targets, total, originals, mode, prompt);
  }

  #deliver(
    targets: readonly Target[],
    total: number,
    originals: Uint32Array | null,
    mode: PutMode,
    prompt: boolean,
  ): Promise<PutOutcome> {
    let bytes = 0;
    for (const target of targets) bytes += target.block.length;
    this.#bytes += bytes;
    this.#puts++;
    if (prompt && this.#prompt++ === 0) this.#setPatience();
    return new Promise((resolve) => {
      deliver(
        targets,
        mode,
        (accepted, refused) => {
          this.#putAnswered(bytes, prompt);
          if (refused === null) {
            resolve({ accepted: total, refusal: null });
            return;
          }
          const refusal = this.#refusalOf(refused.channelName, refused.status, mode, total);
          this.#noteRefusal(refused.channelName, refused.status, total);
          // Events that interceptors dropped before the first refused one count as put.
          resolve({ accepted: originals === null ? accepted : originals[accepted]!, refusal });
        },
        (channelName, status) => this.#noteRefusal(channelName, status, total),
      );
      this.#flushSoon();
    });
  }

  /**
   * What one turn of the event loop puts rings the channels' bells once; a long turn rings now and then. A
   * wake costs more than a put: while nobody waits for outcomes, turns that follow closely share one.
   */
  #flushSoon(): void {
    if (++this.#unflushed >= PUTS_A_BELL) return this.#flush();
    const isLate = this.#prompt === 0 && performance.now() < this.#rungAtMs + BELL_MS;
    if (isLate) this.#lateBell ??= setTimeout(this.#flush, BELL_MS);
    else this.#turnBell ??= setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    if (this.#turnBell !== null) clearImmediate(this.#turnBell);
    if (this.#lateBell !== null) clearTimeout(this.#lateBell);
    this.#turnBell = null;
    this.#lateBell = null;
    this.#unflushed = 0;
    this.#rungAtMs = performance.now();
    for (const client of this.#clients) client.flush();
  };

  #refusalOf(channelName: string, status: PutAnswer, mode: PutMode, events: number) {
    const channel = this.#unit.channels.find((one) => one.name === channelName)!;
    const transactionEventsMax = this.#transactionEventsMax.get(channelName) ?? null;
    return refusalOf(status, { ...channel, transactionEventsMax }, mode, events);
  }

  #noteRefusal(channelName: string, status: PutAnswer, events: number): void {
    this.#refusals++;
    this.#refusal = { channelName, status, events };
    const nowMs = Date.now();
    if (nowMs >= this.#refusalLogMs) this.#logRefusals(nowMs);
  }

  /** The first refusal is told at once, those of the next second together. */
  #logRefusals(nowMs: number): void {
    const { channelName, status, events } = this.#refusal!;
    const count = this.#refusals;
    this.#refusals = 0;
    this.#refusalLogMs = nowMs + REFUSAL_LOG_MS;
    const { cause } = this.#refusalOf(channelName, status, 'batch', events);
    this.log.warn(`${cause} (channel ${channelName}${count > 1 ? `, ${count} puts refused` : ''})`);
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
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ANSWERS_MS_MAX);
    });
    await Promise.race([this.settled(), deadline]);
    clearTimeout(timer);
    this.#closeInterceptors();
    for (const client of this.#clients) client.disconnect();
    this.#store.end();
  }

  #closeInterceptors(): void {
    for (const interceptor of this.#interceptors) interceptor.close?.();
  }
}
