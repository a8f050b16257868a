/** What runs in a worker thread: opens and closes units as the supervisor says, and keeps the loop going. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { adviceOf, isConfigurationError, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { CHANNEL_COUNTERS, SINK_COUNTERS, SOURCE_COUNTERS } from '../../component/counters.ts';
import type { ProgressTable } from '../../component/progress.ts';
import { CounterSlots } from '../../memory/counters/counters.ts';
import { LaneEnd } from '../../memory/lane.ts';
import { Doorbell } from '../../memory/wait.ts';
import { registry } from '../../registry.ts';
import { BlockPool } from '../pool/pool.ts';
import { ChannelRunner } from './channel-runner.ts';
import { GroupRunner } from './group-runner.ts';
import { workerLogger } from './log.ts';
import {
  type FromWorker,
  type Progress,
  type ToWorker,
  type Unit,
  unitKey,
  type WorkerSettings,
} from './messages.ts';
import { Parts } from './parts.ts';
import { Reactor } from './reactor.ts';
import { SourceRunner } from './source-runner.ts';

type Runner = SourceRunner | ChannelRunner | GroupRunner;
type OpenMessage = Extract<ToWorker, { op: 'open' }>;

export class WorkerHost {
  readonly #settings: WorkerSettings;
  readonly #control: MessagePort;
  readonly #doorbell: Doorbell;
  readonly #reactor: Reactor;
  readonly #parts: Parts;
  readonly #work = new BlockPool();
  readonly #runners = new Map<string, Runner>();
  /**
   * Messages are handled one after another: an `open` is finished before the lanes behind it are looked at.
   */
  #handling: Promise<void> = Promise.resolve();
  #pending = 0;

  constructor(settings: WorkerSettings) {
    this.#settings = settings;
    this.#control = settings.control;
    this.#doorbell = new Doorbell(settings.doorbell);
    this.#reactor = new Reactor(this.#doorbell, () => this.#readMail());
    this.#parts = new Parts(registry, settings);
  }

  async run(): Promise<void> {
    // A sleep does not keep a worker alive; this timer does.
    const keepAlive = setInterval(() => {}, 1 << 30);
    this.#send({ op: 'up' });
    this.#readMail();
    await this.#reactor.run();
    clearInterval(keepAlive);
    this.#control.close();
  }

  #send(message: FromWorker): void {
    this.#control.postMessage(message);
  }

  #readMail(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#control) as { message: ToWorker } | undefined;
      if (received === undefined) return;
      this.#enqueue(received.message);
    }
  }

  /** While messages are being handled the loop must not block in place: they need the event loop. */
  #enqueue(message: ToWorker): void {
    if (this.#pending++ === 0) this.#reactor.add(needsEventLoop);
    this.#handling = this.#handling
      .then(() => this.#handle(message))
      .finally(() => {
        if (--this.#pending === 0) this.#reactor.remove(needsEventLoop);
      });
  }

  async #handle(message: ToWorker): Promise<void> {
    switch (message.op) {
      case 'open':
        return await this.#open(message);
      case 'lane':
        return this.#lane(message);
      case 'start':
        return await this.#start(message.key);
      case 'close':
        return await this.#close(message.key);
      case 'ask':
        return this.#send({ op: 'progress', id: message.id, tables: this.#progress() });
      case 'exit':
        for (const key of [...this.#runners.keys()]) await this.#close(key);
        await this.#work.close();
        this.#reactor.stop();
    }
  }

  #progress(): Progress {
    const tables: Record<string, readonly ProgressTable[]> = {};
    for (const runner of this.#runners.values()) {
      if (!(runner instanceof ChannelRunner)) Object.assign(tables, runner.progress());
    }
    return tables;
  }

  async #open(message: OpenMessage): Promise<void> {
    const { unit } = message;
    const key = unitKey(unit);
    try {
      const existing = this.#runners.get(key);
      const runner = existing ?? (await this.#create(message));
      if (existing === undefined) {
        this.#runners.set(key, runner);
        this.#reactor.add(runner);
      }
      this.#send({ op: 'opened', key });
    } catch (error) {
      this.#fail(key, error);
    }
  }

  #fail(key: string, error: unknown): void {
    const retryable = !isConfigurationError(error);
    this.#send({ op: 'failed', key, text: adviceOf(error), retryable });
  }

  async #create(message: OpenMessage): Promise<Runner> {
    const { unit } = message;
    const send = (outgoing: FromWorker) => this.#send(outgoing);
    const log = this.#logger(unit);
    const slots = <N extends string>(names: readonly N[], component: string) =>
      new CounterSlots(names, message.counters[component]!);
    switch (unit.kind) {
      case 'source': {
        const counters = slots([...SOURCE_COUNTERS, ...unit.counters], `source ${unit.name}`);
        const { storeNumber } = message;
        return await SourceRunner.open(unit, this.#parts, {
          counters,
          log,
          storeNumber,
          send,
          rest: (ms) => this.#reactor.rest(ms),
        });
      }
      case 'channel': {
        const counters = slots([...CHANNEL_COUNTERS, ...unit.counters], `channel ${unit.name}`);
        const { remains, storeNumber } = message;
        const { heapBytes } = this.#settings;
        const key = unitKey(unit);
        return await ChannelRunner.open(unit, this.#parts, {
          key,
          counters,
          log,
          remains,
          heapBytes,
          storeNumber,
          send,
          wake: () => this.#doorbell.wake(),
        });
      }
      case 'group':
        return await GroupRunner.open(unit, this.#parts, {
          counters: ({ name, counters }) => slots([...SINK_COUNTERS, ...counters], `sink ${name}`),
          log,
          send,
          wake: () => this.#doorbell.wake(),
          work: this.#work,
        });
    }
  }

  /** Thread names as Flume's users know them from their logs. */
  #logger(unit: Unit): Logger {
    const emit = (record: Extract<FromWorker, { op: 'log' }>['record']) => this.#send({ op: 'log', record });
    switch (unit.kind) {
      case 'source':
        return workerLogger(`SourceRunner-${unit.name}`, 'org.apache.flume.source', emit);
      case 'channel':
        return workerLogger(`Channel-${unit.name}`, 'org.apache.flume.channel', emit);
      case 'group': {
        const processor = { default: 'Default', failover: 'Failover', load_balance: 'LoadBalancing' }[
          unit.processor.alias
        ];
        return workerLogger(
          `SinkRunner-PollingRunner-${processor ?? unit.processor.type}SinkProcessor`,
          'org.apache.flume.sink',
          emit,
        );
      }
    }
  }

  #lane(message: Extract<ToWorker, { op: 'lane' }>): void {
    const runner = this.#runners.get(message.key);
    if (runner === undefined) {
      message.port.close();
      return;
    }
    const side = message.end.startsWith('channel') ? 'channel' : 'component';
    const lane = new LaneEnd(message.lane, side, message.port, message.doorbell);
    if (runner instanceof ChannelRunner) {
      if (message.end === 'channel-put') runner.addSource(lane);
      else runner.addSink(lane);
    } else {
      runner.connect(message.peer, lane, message.transactionEventsMax);
    }
  }

  /** Opens a source's ports; its lanes are there by now. */
  async #start(key: string): Promise<void> {
    const runner = this.#runners.get(key);
    if (!(runner instanceof SourceRunner)) return;
    try {
      await runner.start();
      this.#send({ op: 'started', key });
    } catch (error) {
      this.#reactor.remove(runner);
      this.#runners.delete(key);
      await runner.close().catch(() => {});
      this.#fail(key, error);
    }
  }

  async #close(key: string): Promise<void> {
    const runner = this.#runners.get(key);
    let problem: string | null = null;
    if (runner !== undefined) {
      try {
        await runner.close();
      } catch (error) {
        problem = messageOf(error);
      }
      this.#reactor.remove(runner);
      this.#runners.delete(key);
      if (runner instanceof GroupRunner) runner.disconnect();
    }
    this.#send({ op: 'closed', key, problem });
  }
}

/** Keeps the loop from blocking in place while promises of an open or close are pending. */
const needsEventLoop = { blocking: false, pump: () => false, nextPumpMs: () => 5 };
