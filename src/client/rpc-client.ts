/**
 * Sends events to Avro and Thrift sources of Millrace and Flume, with the property names of Flume's
 * RpcClientFactory.
 */
import { MillraceError } from '../base/errors.ts';
import { type Logger, silentLogger } from '../base/log.ts';
import { BackOff, RandomOrder, RoundRobin, type TryOrder } from '../base/try-order.ts';
import type { FlumeEvent } from '../component/flume-event.ts';
import { Dials } from './dials.ts';
import { RpcError } from './errors.ts';
import { readProperties } from './file.ts';
import { Host } from './host.ts';
import { type RpcProperties, type RpcSettings, settingsOf } from './options.ts';
import { Failover, LoadBalancing, SingleHost, type Strategy } from './strategies.ts';

export type RpcLog = Pick<Logger, 'warn' | 'error'>;

export interface RpcClientParts {
  /** Where warnings go, e.g. `console`; default: nowhere. */
  readonly log?: RpcLog;
  /** In place of `host-selector`: which host of a load-balancing client is tried first, and which next. */
  readonly order?: TryOrder;
}

/** Flume's MAX_TIMEOUT. */
const BACK_OFF_MS_DEFAULT = 30_000;

/**
 *     const client = await RpcClient.open({ hosts: 'h1', 'hosts.h1': 'collector:4141' });
 *     await client.append({ headers: { host: 'web1' }, body: 'a line' });
 *     await client.appendBatch(events);
 *     client.close();
 *
 * Calls may overlap. After an error the client can be used again: it makes a new connection.
 */
export class RpcClient {
  readonly batchSize: number;
  readonly #strategy: Strategy;
  readonly #hosts: readonly Host[];
  readonly #dials: Dials;
  #closed = false;

  private constructor(settings: RpcSettings, strategy: Strategy, hosts: readonly Host[], dials: Dials) {
    this.batchSize = settings.options['batch-size'];
    this.#strategy = strategy;
    this.#hosts = hosts;
    this.#dials = dials;
  }

  /**
   * Connects, but for a load-balancing client, which connects to a host when its turn comes.
   * @throws MillraceError for properties that cannot be used; RpcError when no connection can be made.
   */
  static async open(properties: RpcProperties, parts: RpcClientParts = {}): Promise<RpcClient> {
    const settings = settingsOf(properties);
    const log: Logger = { ...silentLogger, ...logOf(parts.log) };
    for (const { text } of settings.warnings) log.warn(text);
    const dials = await Dials.make(settings, log);
    const hosts = settings.hosts.map((address) => new Host(address, dials.connect));
    const client = new RpcClient(settings, strategyOf(settings, hosts, parts), hosts, dials);
    try {
      await client.#strategy.open();
    } catch (error) {
      client.close();
      throw error;
    }
    return client;
  }

  /** As `open`, with the properties of a file in the form of java.util.Properties. */
  static async openFile(file: string, parts: RpcClientParts = {}): Promise<RpcClient> {
    return RpcClient.open(Object.fromEntries(readProperties(file)), parts);
  }

  /**
   * Sends one event. Resolves when the source has it.
   * @throws RpcError; MillraceError BAD_INPUT or EVENT_TOO_LARGE for what can never be sent.
   */
  append(event: FlumeEvent): Promise<void> {
    return this.#send([event], true);
  }

  /**
   * Sends events in calls of `batchSize`, one after another. Resolves when the source has all of them.
   * @throws RpcError, whose `delivered` says how many the source has; MillraceError as `append`.
   */
  appendBatch(events: readonly FlumeEvent[]): Promise<void> {
    return this.#send(events, false);
  }

  async #send(events: readonly FlumeEvent[], single: boolean): Promise<void> {
    if (this.#closed) throw new RpcError('closed', 'the client is closed');
    if (events.length > 0) await this.#strategy.send(events, this.batchSize, single);
  }

  /**
   * Whether the client has a connection that can be used (a load-balancing one: whether it is not closed).
   */
  get isActive(): boolean {
    return !this.#closed && this.#strategy.isActive;
  }

  /**
   * Whether calls that overlap put their events in the order of the calls, unless one fails: over one
   * connection to a source of Millrace, or to any Thrift source. Java Flume's avro source may execute them in
   * another order.
   */
  get isOrdered(): boolean {
    return this.#strategy.isOrdered;
  }

  /** Ends the connections; calls under way fail. */
  close(): void {
    this.#closed = true;
    for (const host of this.#hosts) host.close();
    this.#dials.close();
  }
}

/** Methods may stand on a prototype, which a spread leaves out. */
function logOf(log: RpcLog | undefined): Partial<Logger> {
  if (log === undefined) return {};
  return { warn: (text, error) => log.warn(text, error), error: (text, error) => log.error(text, error) };
}

function strategyOf(settings: RpcSettings, hosts: readonly Host[], parts: RpcClientParts): Strategy {
  const { type, options } = settings;
  if (type === 'default_failover') return new Failover(hosts, options['max-attempts'] ?? hosts.length);
  if (type !== 'default_loadbalance') return new SingleHost(hosts[0]!);
  const longest = options.maxBackoff > 0 ? options.maxBackoff : BACK_OFF_MS_DEFAULT;
  return new LoadBalancing(
    hosts,
    parts.order ?? orderOf(options['host-selector']),
    new BackOff(options.backoff, longest),
  );
}

function orderOf(selector: string): TryOrder {
  switch (selector.toUpperCase()) {
    case 'ROUND_ROBIN':
      return new RoundRobin();
    case 'RANDOM':
      return new RandomOrder();
    default:
      throw new MillraceError('CONF_OPTION_VALUE', `RPC client: host-selector = ${selector} is unknown`, {
        option: 'host-selector',
        value: selector,
        remedy: 'use ROUND_ROBIN or RANDOM, or give `order` beside the properties',
      });
  }
}
