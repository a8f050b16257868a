/** The source of an embedded agent, as a plug-in: only EmbeddedAgent writes a configuration that names it. */
import { BroadcastChannel } from 'node:worker_threads';
import { MillraceError, messageOf } from '../base/errors.ts';
import type { SourceDeclaration } from '../component/declaration.ts';
import { type OptionsOf, optionTable } from '../component/options/table.ts';
import type { Refusal, Source, SourceContext } from '../component/source.ts';
import type { EventToPut, FromSource, PutFailure, PutRequest } from './link.ts';

const options = optionTable({
  topic: { kind: 'string', required: true, help: 'Where the agent and its source meet.' },
});

class EmbeddedSource implements Source {
  readonly #context: SourceContext;
  #channel: BroadcastChannel | null = null;
  /** Puts are made in the order of the requests. */
  #work: Promise<void> = Promise.resolve();

  constructor(context: SourceContext) {
    this.#context = context;
  }

  start(): void {
    const { topic } = this.#context.options as OptionsOf<typeof options>;
    const channel = new BroadcastChannel(topic);
    this.#channel = channel;
    channel.onmessage = (message) => {
      const { data } = message as unknown as { data: PutRequest | FromSource };
      if (data.kind !== 'put') return;
      this.#work = this.#work.then(() => this.#serve(data));
    };
    this.#say({ kind: 'started' });
  }

  #say(message: FromSource): void {
    this.#channel?.postMessage(message);
  }

  async #serve({ id, events }: PutRequest): Promise<void> {
    const refusal = await this.#put(events).catch(failureOf);
    this.#say({ kind: 'answer', id, refusal });
  }

  async #put(events: readonly EventToPut[]): Promise<PutFailure | null> {
    const { counters } = this.#context;
    counters.add('AppendBatchReceivedCount', 1);
    counters.add('EventReceivedCount', events.length);
    const bytes = events.reduce((sum, { body }) => sum + body.length, 0);
    let batch = this.#context.openBatch(bytes);
    while (batch === null) {
      await this.#context.room();
      batch = this.#context.openBatch(bytes);
    }
    try {
      for (const { body, headers } of events) batch.append(body, 0, body.length, headers);
    } catch (error) {
      this.#context.discard(batch);
      throw error;
    }
    const { refusal } = await this.#context.put(batch, 'batch');
    if (refusal !== null) {
      counters.add('ChannelWriteFail', 1);
      return { ...refusal, remedy: REMEDIES[refusal.code] };
    }
    counters.add('AppendBatchAcceptedCount', 1);
    counters.add('EventAcceptedCount', events.length);
    return null;
  }

  async stop(): Promise<void> {
    await this.#work;
    this.#channel?.close();
    this.#channel = null;
  }
}

const AGAIN = 'put the events again';
const REMEDIES: Readonly<Record<Refusal['code'], string>> = {
  CHANNEL_FULL: `${AGAIN}, or raise channel.capacity`,
  CHANNEL_TRANSACTION_CAPACITY: 'put fewer events at once, or raise channel.transactionCapacity',
  CHANNEL_CLOSED: AGAIN,
  CHANNEL_LOST: AGAIN,
  INTERNAL: 'see the log of the agent',
};

/** Of events that make no batch. */
function failureOf(error: unknown): PutFailure {
  const { code, detail } = error instanceof MillraceError ? error : new MillraceError('INTERNAL', '');
  return { code, text: messageOf(error), remedy: detail.remedy ?? REMEDIES.INTERNAL };
}

export default {
  kind: 'source',
  aliases: [],
  classes: [],
  title: 'Events of the program that embeds the agent',
  stability: 'stable',
  options,
  registersCounters: true,
  example: '',
  load: async () => ({ create: (context: SourceContext): Source => new EmbeddedSource(context) }),
} satisfies SourceDeclaration;
