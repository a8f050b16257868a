/** What the clients of one, several and many hosts are made of: one host, connected to when it is needed. */

import type { FlumeEvent } from '../component/flume-event.ts';
import type { Connect, Connection } from './connection.ts';
import { RpcError } from './errors.ts';
import { EventEncoder } from './event-encoder.ts';

export interface HostAddress {
  readonly host: string;
  readonly port: number;
}

export class Host {
  readonly address: HostAddress;
  readonly #connect: Connect;
  readonly #encoder = new EventEncoder();
  #connection: Connection | null = null;
  #connecting: Promise<Connection> | null = null;
  /** Calls under way, by their connection, which may have been left. */
  readonly #calls = new Map<Connection, number>();
  #closed = false;

  constructor(address: HostAddress, connect: Connect) {
    this.address = address;
    this.#connect = connect;
  }

  get isConnected(): boolean {
    return this.#connection?.isOpen ?? false;
  }

  get isOrdered(): boolean {
    return this.#connection?.isOrdered ?? false;
  }

  /** The connection, a new one when there is none that can be used. */
  open(): Promise<Connection> {
    if (this.#closed) return Promise.reject(new RpcError('closed', 'the client is closed'));
    if (this.#connection?.isOpen) return Promise.resolve(this.#connection);
    this.reset();
    this.#connecting ??= this.#connectAgain().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  async #connectAgain(): Promise<Connection> {
    const connection = await this.#connect(this.address.host, this.address.port);
    if (this.#closed) {
      connection.close();
      throw new RpcError('closed', 'the client is closed');
    }
    this.#connection = connection;
    return connection;
  }

  /**
   * Sends events from `from` on, at most `batchSize` a call.
   * @throws RpcError whose `delivered` counts events from the first of all on.
   */
  async send(events: readonly FlumeEvent[], from: number, batchSize: number, single: boolean): Promise<void> {
    let delivered = from;
    try {
      while (delivered < events.length) {
        const part = events.slice(delivered, delivered + batchSize);
        const connection = await this.open();
        const { batch, release } = this.#encoder.encode(part);
        this.#calls.set(connection, (this.#calls.get(connection) ?? 0) + 1);
        try {
          await connection.send(batch, single);
        } finally {
          release();
          this.#ended(connection);
        }
        delivered += batch.count;
      }
    } catch (error) {
      if (error instanceof RpcError) error.delivered = delivered;
      throw error;
    }
  }

  #ended(connection: Connection): void {
    const left = this.#calls.get(connection)! - 1;
    if (left === 0) this.#calls.delete(connection);
    else this.#calls.set(connection, left);
  }

  /** Leaves the connection to the calls that are under way on it; the next call makes another one. */
  reset(): void {
    this.#connection?.finish();
    this.#connection = null;
  }

  close(): void {
    this.#closed = true;
    this.reset();
    for (const connection of [...this.#calls.keys()]) connection.close();
  }
}
