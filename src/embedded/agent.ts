/**
 * An agent inside a program: what Flume's EmbeddedAgent is. Events are put by calls and leave through Avro
 * sinks; channel and sinks run in worker threads.
 */
import { BroadcastChannel } from 'node:worker_threads';
import { MillraceError } from '../base/errors.ts';
import type { LogRecord } from '../base/log.ts';
import { bodyOf, type FlumeEvent, headersOf } from '../component/flume-event.ts';
import type { AgentHandle } from '../engine/status.ts';
import { configurationOf, type EmbeddedProperties } from './configuration.ts';
import { type Agent, createAgent } from './create.ts';
import { type EventToPut, type FromSource, newTopic, type PutFailure } from './link.ts';

export interface EmbeddedAgentSettings {
  /** Receives every log record; default: none is kept. */
  readonly log?: (record: LogRecord) => void;
}

/** Time for delivering what the channel holds at the stop. */
const STOP_MS = 60_000;

type State = 'new' | 'stopped' | 'started';

interface Waiting {
  resolve(): void;
  reject(error: MillraceError): void;
}

/** The source's file stands beside this one, compiled or not. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const SOURCE_FILE = new URL(`./source.${EXTENSION}`, import.meta.url).href;

/**
 *     const agent = new EmbeddedAgent('orders');
 *     agent.configure({ 'channel.type': 'memory', sinks: 'k1', 'k1.type': 'avro', 'k1.hostname': 'collector',
 *       'k1.port': 4141, 'processor.type': 'default' });
 *     await agent.start();
 *     await agent.put({ headers: { host: 'web1' }, body: 'an order' });
 *     await agent.stop();
 */
export class EmbeddedAgent {
  readonly name: string;
  readonly #settings: EmbeddedAgentSettings;
  #properties: EmbeddedProperties | null = null;
  #agent: Agent | null = null;
  #link: BroadcastChannel | null = null;
  #state: State = 'new';
  #starting: Promise<void> | null = null;
  /** Called when the source listens for the first time; null once it has. */
  #sourceListens: (() => void) | null = null;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  constructor(name: string, settings: EmbeddedAgentSettings = {}) {
    this.name = name;
    this.#settings = settings;
  }

  /**
   * Sets what the agent is made of; it may be called again while the agent is stopped.
   * @throws MillraceError for properties that Flume refuses, too, and while it is started.
   */
  configure(properties: EmbeddedProperties): void {
    if (this.#state === 'started') throw this.#wrongState('configured');
    configurationOf(this.name, properties, { file: SOURCE_FILE, topic: '' });
    this.#properties = { ...properties };
    this.#state = 'stopped';
  }

  /** Resolves when channel, sinks and source run. @throws MillraceError when one cannot. */
  async start(): Promise<void> {
    const properties = this.#properties;
    if (this.#state !== 'stopped' || properties === null) throw this.#wrongState('started');
    this.#state = 'started';
    this.#starting = this.#begin(properties);
    try {
      await this.#starting;
    } catch (error) {
      await this.#end(STOP_MS);
      throw error;
    } finally {
      this.#starting = null;
    }
  }

  async #begin(properties: EmbeddedProperties): Promise<void> {
    const topic = newTopic();
    const config = configurationOf(this.name, properties, { file: SOURCE_FILE, topic });
    this.#agent = await createAgent({ config, name: this.name, ...this.#settings });
    this.#link = new BroadcastChannel(topic);
    this.#link.onmessage = (message) =>
      this.#hear((message as unknown as { data: FromSource | { kind: 'put' } }).data);
    this.#link.unref();
    // Its word for it may come later than that of the engine, and what is put before would not be heard.
    const listens = new Promise<void>((resolve) => {
      this.#sourceListens = resolve;
    });
    await this.#agent.start();
    this.#checkStarted(this.#agent);
    const isRunning = this.#agent
      .status()
      .some(({ kind, state }) => kind === 'source' && state === 'running');
    if (!isRunning) return;
    this.#link.ref();
    await listens;
    this.#link.unref();
  }

  /** The command line retries what cannot start; a program wants to know. */
  #checkStarted(agent: Agent): void {
    const failed = agent.status().find(({ state }) => state === 'failed');
    if (failed === undefined) return;
    const text = `embedded agent ${this.name}: ${failed.kind} ${failed.name} cannot start: ${failed.reason}`;
    throw new MillraceError('CONF_COMPONENT', text, { component: `${failed.kind} ${failed.name}` });
  }

  /** Puts one event. Resolves when the channel has it, as safe as the channel makes it. */
  put(event: FlumeEvent): Promise<void> {
    return this.putAll([event]);
  }

  /**
   * Puts events in one transaction. Resolves when the channel has them.
   * @throws MillraceError CHANNEL_FULL when it has no room; CHANNEL_TRANSACTION_CAPACITY and EVENT_TOO_LARGE
   * when it never will; CHANNEL_LOST when nobody knows whether it took them; BAD_INPUT for what is no event.
   */
  async putAll(events: readonly FlumeEvent[]): Promise<void> {
    const link = this.#link;
    if (this.#state !== 'started' || link === null) throw this.#wrongState('put to');
    if (events.length === 0) return;
    const put = events.map(toPut);
    const id = this.#next++;
    const answered = new Promise<void>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    // While somebody waits for an answer the process must not end.
    link.ref();
    link.postMessage({ kind: 'put', id, events: put });
    try {
      await answered;
    } finally {
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#link?.unref();
    }
  }

  #hear(message: FromSource | { readonly kind: 'put' }): void {
    if (message.kind === 'started') this.#heardStart();
    if (message.kind !== 'answer') return;
    const waiting = this.#waiting.get(message.id);
    if (message.refusal === null) waiting?.resolve();
    else waiting?.reject(this.#refused(message.refusal));
  }

  #heardStart(): void {
    if (this.#sourceListens === null) this.#abandon('its source was started again before it answered');
    this.#sourceListens?.();
    this.#sourceListens = null;
  }

  /** Nobody will answer: the events may be in the channel, or not. */
  #abandon(text: string): void {
    const failure = { code: 'CHANNEL_LOST', text, remedy: 'put the events again' } as const;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#refused(failure));
  }

  #refused({ code, text, remedy }: PutFailure): MillraceError {
    return new MillraceError(code, `Embedded agent ${this.name}: Unable to process event: ${text}`, {
      component: `source source-${this.name}`,
      remedy,
    });
  }

  #wrongState(wanted: string): MillraceError {
    const text = `embedded agent ${this.name} is ${this.#state} and cannot be ${wanted}`;
    const order = 'call configure(), start(), put() and stop() in this order';
    return new MillraceError('CONF_COMPONENT', text, { remedy: order });
  }

  /** State of each component, and counters: as of any agent. Null before the start. */
  get agent(): AgentHandle | null {
    return this.#agent;
  }

  /**
   * Delivers what the channel holds and ends the threads; `deadlineMs` bounds the delivering. Resolves false
   * when a memory channel had events left; a file channel keeps them. A stopped agent can be started again.
   */
  async stop(deadlineMs = STOP_MS): Promise<boolean> {
    // Half an agent cannot be stopped.
    await this.#starting?.catch(() => {});
    return this.#state === 'started' ? this.#end(deadlineMs) : true;
  }

  async #end(deadlineMs: number): Promise<boolean> {
    const drained = (await this.#agent?.stop(deadlineMs)) ?? true;
    this.#abandon('the agent was stopped');
    this.#link?.close();
    this.#link = null;
    this.#agent = null;
    this.#state = 'stopped';
    return drained;
  }
}

function toPut(event: FlumeEvent): EventToPut {
  const body = bodyOf(event);
  return { headers: headersOf(event), body: typeof body === 'string' ? Buffer.from(body, 'utf8') : body };
}
