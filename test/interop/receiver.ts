/** An agent of Millrace at the end of a hop: one source, and what arrived. */
import type { TestContext } from 'node:test';
import { Collected, type Flow, runFlow } from '../kit/flow.ts';
import { until } from '../kit/until.ts';
import { lineOf } from './events.ts';
import { component, memoryChannel, PATIENCE_MS } from './java-agent.ts';

export interface ReceiverSettings {
  /** Lines of the source, its type among them. */
  readonly source: readonly string[];
  /** 0: a free one. */
  readonly port?: number;
  readonly capacity?: number;
  /** Further lines of the sink. */
  readonly sink?: readonly string[];
}

export class Receiver {
  readonly flow: Flow;
  readonly port: number;
  readonly #collected: Collected;

  private constructor(flow: Flow, port: number, collected: Collected) {
    this.flow = flow;
    this.port = port;
    this.#collected = collected;
  }

  static async start(t: Pick<TestContext, 'after'>, settings: ReceiverSettings): Promise<Receiver> {
    const collected = new Collected(t);
    const { source, port = 0, capacity, sink = [] } = settings;
    const flow = await runFlow(
      t,
      `sources = r1
      channels = c1
      sinks = k1
      ${component('sources.r1', ['bind = 127.0.0.1', `port = ${port}`, 'channels = c1', ...source])}
      ${memoryChannel('c1', capacity)}
      ${collected.sink('k1', 'c1')}
      ${component('sinks.k1', sink)}`,
      { 'millrace.workers.max': '1' },
    );
    return new Receiver(flow, await flow.port('r1'), collected);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get count(): number {
    return this.#collected.events.length;
  }

  /** Lines of the events since the last call; resolves when there are `count`. */
  async arrived(count: number): Promise<string[]> {
    await until(`${count} events (now ${this.count})`, () => this.count >= count, PATIENCE_MS);
    const events = this.#collected.events.splice(0);
    return events.map(({ headers, body }) => lineOf(headers, Buffer.from(body, 'latin1')));
  }
}
