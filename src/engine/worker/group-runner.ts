/**
 * Runs a group of sinks in a worker (a sink alone is a group of one). The processor picks a sink,
 * the sink takes a batch from its channel and delivers it; then it is committed, or rolled back
 * with everything behind it. How a sink gets its batches and what becomes of them stands in sink-driver.ts.
 */
import { systemClock } from '../../base/clock.ts';
import { isConfigurationError, messageOf } from '../../base/errors.ts';
import { GAUGES_MS, SINK_BACKOFF_MAX_MS } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import { type SinkCounters, setGauges } from '../../component/counters.ts';
import type { SinkProcessor, SinkStatus } from '../../component/processor.ts';
import type { ProgressTable } from '../../component/progress.ts';
import type { EventSerializer, Writer } from '../../component/serializer.ts';
import type { SinkContext } from '../../component/sink.ts';
import type { BlockWork } from '../../component/work.ts';
import type { LaneEnd } from '../../memory/lane.ts';
import type { FromWorker, GroupUnit, Progress, SinkSpec } from './messages.ts';
import type { Parts } from './parts.ts';
import type { Pumpable } from './reactor.ts';
import { SinkDriver } from './sink-driver.ts';
import { SinkTrouble } from './sink-trouble.ts';

/** Batches delivered in one pass of the worker's loop. */
const BATCHES_A_PASS = 16;
/** Flume calls its sinks at least this often even when their channels are empty. */
const IDLE_MS = 1000;
const TIDY_MS = 1000;
/** Calls of a processor, for each of its sinks, that find nothing before it is left alone until a wake. */
const EMPTY_CALLS_A_SINK = 4;

export interface GroupRunnerSetup {
  readonly counters: (sink: SinkSpec) => SinkCounters;
  readonly log: Logger;
  readonly send: (message: FromWorker) => void;
  readonly work: BlockWork;
  /** Rings this worker's own doorbell: an asynchronous delivery has ended. */
  readonly wake: () => void;
}

export class GroupRunner implements Pumpable {
  readonly #blocking: boolean;
  readonly #unit: GroupUnit;
  readonly #drivers: readonly SinkDriver[];
  readonly #processor: SinkProcessor;
  readonly #setup: GroupRunnerSetup;
  #running: Promise<void> | null = null;
  #pausedUntilMs = 0;
  /** Calls in a row that found nothing. */
  #backoffs = 0;
  #wakes = 0;
  #idleAtMs = 0;
  #tidyAtMs = 0;
  #gaugesAtMs = 0;
  #failing = false;
  #closing = false;

  static async open(unit: GroupUnit, parts: Parts, setup: GroupRunnerSetup): Promise<GroupRunner> {
    const drivers: SinkDriver[] = [];
    try {
      return await GroupRunner.#open(unit, parts, setup, drivers);
    } catch (error) {
      // It is opened anew in a while: nothing of this attempt may stay open.
      await stopAll(drivers).catch(() => {});
      throw error;
    }
  }

  static async #open(
    unit: GroupUnit,
    parts: Parts,
    setup: GroupRunnerSetup,
    drivers: SinkDriver[],
  ): Promise<GroupRunner> {
    const isAlone = unit.sinks.length === 1;
    let blocking = isAlone;
    for (const part of unit.sinks) {
      const context = new SinkRunnerContext(part, parts, setup, isAlone);
      const { module, options, declaration } = await parts.load('sink', part, `sink ${part.name}`);
      context.options = options;
      const driver = new SinkDriver(context, module.create(context), isAlone, setup.wake);
      drivers.push(driver);
      await driver.start().catch((error: unknown) => {
        // The others of a group go on without it: that is what groups are for.
        if (isAlone || isConfigurationError(error)) throw error;
        setup.log.error(`Unable to start sink ${part.name} of group ${unit.name}; it is tried again`, error);
        context.trouble.set('start', messageOf(error));
      });
      blocking &&= declaration.blocking;
    }
    const loaded = await parts.load('processor', unit.processor, `processor of sink group ${unit.name}`);
    const processor = loaded.module.create({
      name: unit.name,
      options: loaded.options,
      log: setup.log,
      clock: systemClock,
      sinks: drivers,
      loadPlugin: (specifier) => parts.plugin(specifier),
    });
    await processor.start?.();
    return new GroupRunner(unit, drivers, processor, setup, blocking);
  }

  private constructor(
    unit: GroupUnit,
    drivers: readonly SinkDriver[],
    processor: SinkProcessor,
    setup: GroupRunnerSetup,
    blocking: boolean,
  ) {
    this.#unit = unit;
    this.#drivers = drivers;
    this.#processor = processor;
    this.#setup = setup;
    this.#blocking = blocking;
  }

  /** A delivery that waits for a promise needs the event loop whatever its sink declares. */
  get blocking(): boolean {
    return this.#blocking && this.#running === null && !this.#isDelivering();
  }

  #isDelivering(): boolean {
    return this.#drivers.some((driver) => driver.isDelivering);
  }

  progress(): Progress {
    const tables: Record<string, readonly ProgressTable[]> = {};
    for (const { name, sink } of this.#drivers) {
      const own = sink.progress?.();
      if (own !== undefined) tables[`sink ${name}`] = own;
    }
    return tables;
  }

  connect(sink: string, lane: LaneEnd): void {
    this.#drivers.find((driver) => driver.name === sink)?.client.connect(lane);
  }

  pump(nowMs: number): boolean {
    let busy = false;
    let wakes = 0;
    for (const driver of this.#drivers) {
      if (driver.pump()) busy = true;
      wakes += driver.client.wakes;
    }
    if (wakes !== this.#wakes) this.#backoffs = 0;
    this.#wakes = wakes;
    if (nowMs >= this.#gaugesAtMs) {
      this.#gaugesAtMs = nowMs + GAUGES_MS;
      for (const { sink, counters } of this.#drivers) setGauges(counters, sink.gauges?.());
    }
    if (nowMs >= this.#tidyAtMs) {
      this.#tidyAtMs = nowMs + TIDY_MS;
      for (const driver of this.#drivers) driver.client.tidy();
    }
    if (this.#running === null && !this.#closing && nowMs >= this.#pausedUntilMs && this.#hasWork()) {
      if (this.#process(nowMs)) busy = true;
    }
    for (const driver of this.#drivers) driver.client.flush();
    const isQuiet = this.#running === null && !busy && !this.#isDelivering();
    if (isQuiet && nowMs >= this.#idleAtMs) this.#idle(nowMs);
    return busy;
  }

  /**
   * A group waits for a wake, up to its pause, once the channels of all its sinks are known to be empty, or
   * its processor found nothing again and again: the spare sink of a failover group is never asked.
   */
  #hasWork(): boolean {
    if (this.#drivers.length === 1 || this.#backoffs === 0) return true;
    if (this.#backoffs >= this.#drivers.length * EMPTY_CALLS_A_SINK) return false;
    return this.#drivers.some((driver) => !driver.client.knownEmpty);
  }

  nextPumpMs(nowMs: number): number {
    if (this.#pausedUntilMs > nowMs) return this.#pausedUntilMs - nowMs;
    return Math.max(0, this.#idleAtMs - nowMs);
  }

  /** Calls the processor until it has nothing, waits for a promise, or had its turn. */
  #process(nowMs: number): boolean {
    for (let n = 0; n < BATCHES_A_PASS; n++) {
      let status: SinkStatus | Promise<SinkStatus>;
      try {
        status = this.#processor.process();
      } catch (error) {
        this.#failed(error);
        return false;
      }
      if (status instanceof Promise) {
        this.#running = status
          .then(
            (settled) => this.#settled(settled, nowMs),
            (error) => this.#failed(error),
          )
          .finally(() => {
            this.#running = null;
            this.#setup.wake();
          });
        return true;
      }
      this.#settled(status, nowMs);
      if (status === 'backoff') return n > 0;
    }
    return true;
  }

  #settled(status: SinkStatus, nowMs: number): void {
    if (status === 'backoff') {
      this.#backoffs++;
      return;
    }
    this.#backoffs = 0;
    this.#idleAtMs = nowMs + IDLE_MS;
    if (!this.#failing) return;
    this.#failing = false;
    for (const { trouble } of this.#drivers) trouble.set('delivery', null);
  }

  /** Flume's rule: log, and pause five seconds. */
  #failed(error: unknown): void {
    this.#backoffs = 0;
    this.#pausedUntilMs = Date.now() + SINK_BACKOFF_MAX_MS;
    this.#failing = true;
    this.#setup.log
      .named('org.apache.flume.SinkRunner')
      .error('Unable to deliver event. Exception follows.', error);
    const reason = messageOf(error);
    for (const { trouble } of this.#drivers) trouble.set('delivery', reason);
  }

  #idle(nowMs: number): void {
    this.#idleAtMs = nowMs + IDLE_MS;
    // The processor of a group is asked now and then even if no channel woke it: it probes failed sinks.
    this.#backoffs = 0;
    const pending = this.#drivers.flatMap((driver) => this.#idleOne(driver) ?? []);
    if (pending.length === 0) return;
    this.#running = Promise.all(pending).then(() => {
      this.#running = null;
      this.#setup.wake();
    });
  }

  /** Never rejects. */
  #idleOne({ name, sink, trouble, isStarted }: SinkDriver): Promise<void> | undefined {
    if (!isStarted) return;
    const failed = (error: unknown) => {
      if (this.#drivers.length === 1) return this.#failed(error);
      // What is wrong with one sink of a group keeps nothing from the others; its next batch will tell.
      this.#setup.log.warn(`Sink ${name} of group ${this.#unit.name} is not well`, error);
      trouble.set('idle', messageOf(error));
    };
    const well = () => trouble.set('idle', null);
    try {
      const idle = sink.idle?.();
      if (idle instanceof Promise) return idle.then(well, failed);
      well();
    } catch (error) {
      failed(error);
    }
    return;
  }

  /** Ends after the delivery that is under way. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const { sink, isStarted } of this.#drivers) if (isStarted) sink.end?.();
    await this.#running;
    for (const driver of this.#drivers) await driver.ended();
    await this.#processor.stop?.();
    for (const { client } of this.#drivers) client.flush();
    await stopAll(this.#drivers);
    this.#setup.log.debug(`sink group ${this.#unit.name} stopped`);
  }

  /** Closes the lanes once everything is committed. */
  disconnect(): void {
    for (const { client } of this.#drivers) client.disconnect();
  }
}

/** Stops what was started, each whatever becomes of the others. @throws what the first one said. */
async function stopAll(drivers: readonly SinkDriver[]): Promise<void> {
  const stops = drivers.filter((driver) => driver.isStarted).map(async ({ sink }) => await sink.stop?.());
  const failed = (await Promise.allSettled(stops)).find((stop) => stop.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

class SinkRunnerContext implements SinkContext {
  readonly name: string;
  readonly log: Logger;
  readonly clock = systemClock;
  readonly counters: SinkCounters;
  readonly work: BlockWork;
  readonly mayHold: boolean;
  readonly trouble: SinkTrouble;
  options: unknown;
  readonly #parts: Parts;

  constructor(part: SinkSpec, parts: Parts, setup: GroupRunnerSetup, mayHold: boolean) {
    this.name = part.name;
    this.log = setup.log;
    this.counters = setup.counters(part);
    this.work = setup.work;
    this.mayHold = mayHold;
    this.trouble = new SinkTrouble((reason) =>
      setup.send({ op: 'status', component: `sink ${part.name}`, reason }),
    );
    this.#parts = parts;
  }

  async serializer(
    type: string,
    properties: Readonly<Record<string, string>>,
  ): Promise<(out: Writer) => EventSerializer> {
    const part = { type, alias: type, properties };
    const { module, options } = await this.#parts.load('serializer', part, `serializer of sink ${this.name}`);
    const { name, log, clock, work } = this;
    return (out) => module.create({ name, options, log, clock, out, work });
  }

  loadPlugin(specifier: string): Promise<Record<string, unknown>> {
    return this.#parts.plugin(specifier);
  }

  degraded(reason: string | null): void {
    this.trouble.set('own', reason);
  }
}
