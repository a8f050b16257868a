/**
 * Takes share a commit: those that come while one is under way make up the next. A request costs a cluster
 * the same whatever it carries, so that one with few events waits until `intervalMs` have passed since the
 * last one began; one of `eventsMin` events or more never waits, and neither does the first after a rest.
 *
 * When a commit fails, the takes that wait behind it fail, too: all are handed out again in their order.
 */
import type { HeldPart } from '../../component/sink.ts';
import type { Batch } from '../../memory/block/batch.ts';

interface Waiting {
  readonly batch: Batch;
  readonly resolve: (held: readonly HeldPart[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitSettings {
  readonly eventsMin: number;
  /** 0: nothing waits. */
  readonly intervalMs: number;
  /**
   * Makes all events of these takes safe, but for what it resolves with: of each take, the parts that are
   * held. Never called twice at a time.
   */
  readonly deliver: (takes: readonly Batch[]) => Promise<readonly (readonly HeldPart[])[]>;
}

export class GroupCommit {
  readonly #settings: GroupCommitSettings;
  #waiting: Waiting[] = [];
  #waitingEvents = 0;
  #isRunning = false;
  #begunAtMs = Number.NEGATIVE_INFINITY;
  /** Ends the pause before the next commit. */
  #hurry: (() => void) | null = null;

  constructor(settings: GroupCommitSettings) {
    this.#settings = settings;
  }

  /** Resolves when every event of the take is safe, or held. */
  add(batch: Batch): Promise<readonly HeldPart[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly HeldPart[]>();
    this.#waiting.push({ batch, resolve, reject });
    this.#waitingEvents += batch.count;
    if (this.#waitingEvents >= this.#settings.eventsMin) this.#hurry?.();
    if (!this.#isRunning) void this.#run();
    return promise;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      await this.#pause();
      this.#begunAtMs = performance.now();
      const group = this.#next();
      try {
        const held = await this.#settings.deliver(group.map(({ batch }) => batch));
        for (const [n, { resolve }] of group.entries()) resolve(held[n]!);
      } catch (error) {
        for (const { reject } of [...group, ...this.#next()]) reject(error);
      }
    }
    this.#isRunning = false;
  }

  #next(): Waiting[] {
    const group = this.#waiting;
    this.#waiting = [];
    this.#waitingEvents = 0;
    return group;
  }

  async #pause(): Promise<void> {
    const { eventsMin, intervalMs } = this.#settings;
    const leftMs = this.#begunAtMs + intervalMs - performance.now();
    if (leftMs <= 0 || this.#waitingEvents >= eventsMin) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, leftMs);
    this.#hurry = resolve;
    await promise;
    this.#hurry = null;
    clearTimeout(timer);
  }
}
