import { MillraceError } from '../../base/errors.ts';
import { parseJavaLong } from '../../base/java/numbers.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type {
  SinkHandle,
  SinkProcessor,
  SinkProcessorContext,
  SinkStatus,
} from '../../component/processor.ts';
import type { options } from './index.ts';

/** Flume's cool-down after the n-th failure in a row: 2^n seconds. */
const PENALTY_MS = 1000;

interface Member {
  readonly sink: SinkHandle;
  readonly priority: number;
}

interface FailedMember extends Member {
  failures: number;
  retryAtMs: number;
}

export function create(context: SinkProcessorContext): SinkProcessor {
  return new FailoverProcessor(context, context.options as OptionsOf<typeof options>);
}

class FailoverProcessor implements SinkProcessor {
  readonly #context: SinkProcessorContext;
  readonly #penaltyMsMax: number;
  /** Live sinks, highest priority first. */
  readonly #live: Member[] = [];
  /** Failed sinks, the one to be probed next first. */
  #failed: FailedMember[] = [];

  constructor(context: SinkProcessorContext, o: OptionsOf<typeof options>) {
    this.#context = context;
    this.#penaltyMsMax = o.maxpenalty;
    const priorities = new Map(Object.entries(o['priority.*']));
    for (const name of priorities.keys()) {
      if (context.sinks.some((sink) => sink.name === name)) continue;
      const members = context.sinks.map((sink) => sink.name).join(', ');
      context.log.warn(
        `sink group ${context.name}: priority.${name} is ignored: the group has no sink ${name} (it has ${members})`,
      );
    }
    let nextDefault = -1;
    for (const sink of context.sinks) {
      const text = priorities.get(sink.name);
      const given = text === undefined ? null : parseJavaLong(text);
      const priority = given ?? nextDefault--;
      if (text !== undefined && given === null) {
        const instead = `${priority} is used instead (give a whole number)`;
        context.log.warn(
          `sink group ${context.name}: priority.${sink.name} = ${text} is no whole number; ${instead}`,
        );
      }
      const same = this.#live.find((member) => member.priority === priority);
      if (same !== undefined) {
        const text = `Sink ${sink.name} not added to FailverSinkProcessor as priority duplicates that of sink ${same.sink.name}`;
        context.log.warn(`${text}: give it a priority of its own`);
        continue;
      }
      this.#live.push({ sink, priority });
    }
    this.#live.sort((a, b) => b.priority - a.priority);
  }

  async process(): Promise<SinkStatus> {
    const probed = await this.#probe();
    if (probed === 'ready') return probed;
    for (;;) {
      const active = this.#live[0];
      if (active === undefined) break;
      try {
        return await active.sink.process();
      } catch (error) {
        this.#context.log.warn(`Sink ${active.sink.name} failed and has been sent to failover list`, error);
        this.#live.shift();
        this.#penalize({ ...active, failures: 0, retryAtMs: 0 });
      }
    }
    if (probed !== null) return probed;
    throw new MillraceError('GROUP_FAILED', 'All sinks failed to process, nothing left to failover to', {
      component: `sinkgroup ${this.#context.name}`,
    });
  }

  /**
   * Tries failed sinks whose time has come, each once, until one delivers: `ready`. `backoff` when one had
   * nothing to deliver, null when all failed or none was due. A sink with an empty channel keeps nobody from
   * the live ones, whose channels may be others.
   */
  async #probe(): Promise<SinkStatus | null> {
    const nowMs = this.#context.clock.now();
    let result: SinkStatus | null = null;
    for (const candidate of this.#failed.filter((one) => one.retryAtMs < nowMs)) {
      try {
        const status = await candidate.sink.process();
        // Nothing to deliver: it is not known to be well, and it is not punished.
        result = status;
        if (status === 'backoff') continue;
        this.#failed = this.#failed.filter((one) => one !== candidate);
        this.#live.push(candidate);
        this.#live.sort((a, b) => b.priority - a.priority);
        this.#context.log.info(`Sink ${candidate.sink.name} is live again`);
        return status;
      } catch (error) {
        this.#context.log.warn(`Sink ${candidate.sink.name} failed again`, error);
        this.#failed = this.#failed.filter((one) => one !== candidate);
        this.#penalize(candidate);
      }
    }
    return result;
  }

  #penalize(member: FailedMember): void {
    member.failures++;
    const penaltyMs = Math.min(this.#penaltyMsMax, PENALTY_MS * 2 ** member.failures);
    member.retryAtMs = this.#context.clock.now() + penaltyMs;
    this.#failed.push(member);
    this.#failed.sort((a, b) => a.retryAtMs - b.retryAtMs);
  }
}
