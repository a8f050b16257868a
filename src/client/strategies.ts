/** Which of several hosts a call goes to. */
import { messageOf } from '../base/errors.ts';
import type { BackOff, TryOrder } from '../base/try-order.ts';
import type { FlumeEvent } from '../component/flume-event.ts';
import { RpcError } from './errors.ts';
import type { Host } from './host.ts';

export interface Strategy {
  /** Connects as far as the kind of client does before the first call. */
  open(): Promise<void>;
  send(events: readonly FlumeEvent[], batchSize: number, single: boolean): Promise<void>;
  readonly isActive: boolean;
  readonly isOrdered: boolean;
}

/** One host. */
export class SingleHost implements Strategy {
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  async open(): Promise<void> {
    await this.#host.open();
  }

  send(events: readonly FlumeEvent[], batchSize: number, single: boolean): Promise<void> {
    return this.#host.send(events, 0, batchSize, single);
  }

  get isActive(): boolean {
    return this.#host.isConnected;
  }

  get isOrdered(): boolean {
    return this.#host.isOrdered;
  }
}

function nameOf({ address }: Host): string {
  return `${address.host}:${address.port}`;
}

function isFinal(error: unknown): boolean {
  return !(error instanceof RpcError) || error.failure === 'closed';
}

function noneLeft(what: string, last: unknown, delivered: number): RpcError {
  const reason = last === null ? ALL_LEFT_ALONE : `: ${messageOf(last)}`;
  const error = new RpcError('hosts', `${what}${reason}`, last);
  error.delivered = delivered;
  return error;
}

const ALL_LEFT_ALONE = ': all of them have failed, and are left alone for a while (backoff)';

/** One host until it fails, then the next one: each call has so many attempts. */
export class Failover implements Strategy {
  readonly isOrdered = false;
  readonly #hosts: readonly Host[];
  readonly #attempts: number;
  #current = 0;

  constructor(hosts: readonly Host[], attempts: number) {
    this.#hosts = hosts;
    this.#attempts = attempts;
  }

  async open(): Promise<void> {
    await this.#try('connect to a host', (host) => host.open().then(() => {}));
  }

  async send(events: readonly FlumeEvent[], batchSize: number, single: boolean): Promise<void> {
    let delivered = 0;
    await this.#try('send the events', async (host) => {
      try {
        await host.send(events, delivered, batchSize, single);
      } catch (error) {
        // What one host has acknowledged the next one need not get.
        if (error instanceof RpcError) delivered = error.delivered;
        throw error;
      }
    });
  }

  async #try(what: string, use: (host: Host) => Promise<void>): Promise<void> {
    let last: unknown = null;
    for (let attempt = 0; attempt < this.#attempts; attempt++) {
      const at = this.#current;
      const host = this.#hosts[at]!;
      try {
        await use(host);
        return;
      } catch (error) {
        if (isFinal(error)) throw error;
        last = error;
        host.reset();
        // Another call may have moved on meanwhile.
        if (this.#current === at) this.#current = (at + 1) % this.#hosts.length;
      }
    }
    const delivered = last instanceof RpcError ? last.delivered : 0;
    throw noneLeft(`Failed to ${what} in ${this.#attempts} attempts`, last, delivered);
  }

  get isActive(): boolean {
    return this.#hosts[this.#current]!.isConnected;
  }
}

/** Each call to another host; hosts that failed are left out for a while, with back-off. */
export class LoadBalancing implements Strategy {
  readonly isOrdered = false;
  readonly #hosts: ReadonlyMap<string, Host>;
  readonly #order: TryOrder;
  readonly #backOff: BackOff;

  constructor(hosts: readonly Host[], order: TryOrder, backOff: BackOff) {
    this.#hosts = new Map(hosts.map((host) => [nameOf(host), host]));
    this.#order = order;
    this.#backOff = backOff;
  }

  /** Hosts are connected to when their turn comes. */
  async open(): Promise<void> {}

  async send(events: readonly FlumeEvent[], batchSize: number, single: boolean): Promise<void> {
    let last: unknown = null;
    let delivered = 0;
    for (const name of this.#order.order(this.#backOff.active([...this.#hosts.keys()], Date.now()))) {
      const host = this.#hosts.get(name);
      if (host === undefined) continue;
      try {
        await host.send(events, delivered, batchSize, single);
        this.#backOff.succeeded(name);
        return;
      } catch (error) {
        if (isFinal(error)) throw error;
        last = error;
        if (error instanceof RpcError) delivered = error.delivered;
        host.reset();
        this.#backOff.failed(name, Date.now());
        this.#order.failed?.(name);
      }
    }
    throw noneLeft('Tried all available hosts and none was able to take the events', last, delivered);
  }

  get isActive(): boolean {
    return true;
  }
}
