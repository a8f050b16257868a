/** One worker thread as the supervisor sees it: starts it, talks to it, notices its end. */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { messageOf } from '../../base/errors.ts';
import { threadEntry } from '../../base/thread-entry.ts';
import { closeGate, newGate } from '../../memory/gate.ts';
import { Doorbell } from '../../memory/wait.ts';
import type { FromWorker, Progress, ToWorker, WorkerSettings } from '../worker/messages.ts';

/**
 * Events are not objects, so little is allocated and next to nothing of it lives long. Left alone, the young
 * generation of a busy source grows to 100 MB for nothing.
 */
const YOUNG_GENERATION_MIB = 12;

export interface WorkerEvents {
  onMessage(worker: WorkerHandle, message: Exclude<FromWorker, { op: 'progress' }>): void;
  /** The thread is gone; `reason` is null when it was asked to go. */
  onExit(worker: WorkerHandle, reason: string | null): void;
}

export class WorkerHandle {
  readonly name: string;
  readonly doorbell = new Doorbell();
  readonly #gate = newGate();
  readonly #worker: Worker;
  readonly #port: MessagePort;
  #error: string | null = null;
  #exiting = false;
  /** Who waits for progress, by the number of the question. */
  readonly #asking = new Map<number, (tables: Progress) => void>();
  #asked = 0;
  readonly exited: Promise<void>;

  constructor(
    name: string,
    settings: Omit<WorkerSettings, 'workerName' | 'doorbell' | 'gate' | 'control'>,
    events: WorkerEvents,
  ) {
    this.name = name;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const workerData: WorkerSettings = {
      ...settings,
      workerName: name,
      doorbell: this.doorbell.memory,
      gate: this.#gate,
      control: port2,
    };
    this.#worker = new Worker(threadEntry(import.meta.url, '../worker/entry'), {
      name,
      workerData,
      transferList: [port2],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    });
    port1.on('message', (message: FromWorker) => {
      if (message.op === 'progress') this.#asking.get(message.id)?.(message.tables);
      else events.onMessage(this, message);
    });
    this.#worker.on('error', (error) => {
      this.#error = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
    });
    this.exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        // What the worker posted before its end is still delivered: the port closes after it.
        setImmediate(() => {
          this.#port.close();
          resolve();
          events.onExit(this, this.#exiting ? null : (this.#error ?? `exit code ${code}`));
        });
      });
    });
  }

  get threadId(): number {
    return this.#worker.threadId;
  }

  send(message: ToWorker, transfer: MessagePort[] = []): void {
    this.#port.postMessage(message, transfer);
    this.doorbell.ringForMail();
  }

  /** The progress of its components; nothing when it does not answer in time. */
  ask(ms: number): Promise<Progress> {
    const id = this.#asked++;
    return new Promise((resolve) => {
      const answer = (tables: Progress) => {
        clearTimeout(timer);
        this.#asking.delete(id);
        resolve(tables);
      };
      const timer = setTimeout(() => answer({}), ms);
      this.#asking.set(id, answer);
      this.send({ op: 'ask', id });
    });
  }

  /** Asks the thread to end and ends it by force after `ms`. */
  async end(ms: number): Promise<void> {
    this.#exiting = true;
    this.send({ op: 'exit' });
    const timer = setTimeout(() => void this.kill(), ms);
    await this.exited;
    clearTimeout(timer);
  }

  /** Ends the thread where it is, as a fault would. */
  async kill(): Promise<void> {
    await closeGate(this.#gate);
    await this.#worker.terminate();
  }
}
