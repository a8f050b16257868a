/** A TCP relay in front of a server that can lose what the server answers, as a broken network does. */
import { connect, createServer, type Server, type Socket } from 'node:net';

interface Relay {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Sent by the client, it silences the server for this connection. */
  muteAt: string | null;
  muted: boolean;
}

export class LossyRelay {
  readonly #server: Server;
  readonly #relays: Relay[] = [];
  /** New connections are cut at once. */
  refusing = false;

  private constructor(port: number) {
    this.#server = createServer((client) => this.#relay(client, port));
  }

  static async before(port: number): Promise<LossyRelay> {
    const relay = new LossyRelay(port);
    await new Promise<void>((resolve) => relay.#server.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Connections that are there hear nothing any more once they have sent `text`; later ones do. */
  muteAt(text: string): void {
    for (const relay of this.#relays) relay.muteAt = text;
  }

  #relay(client: Socket, port: number): void {
    client.on('error', () => {});
    if (this.refusing) {
      client.destroy();
      return;
    }
    const upstream = connect(port, '127.0.0.1');
    const relay: Relay = { client, upstream, muteAt: null, muted: false };
    this.#relays.push(relay);
    upstream.on('error', () => {});
    client.on('data', (bytes) => {
      if (relay.muteAt !== null && bytes.includes(relay.muteAt)) relay.muted = true;
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (!relay.muted) client.write(bytes);
    });
    upstream.on('close', () => client.destroy());
    // The server does not hear that a muted client has gone: its session lives on.
    client.on('close', () => {
      if (!relay.muted) upstream.destroy();
    });
  }

  async close(): Promise<void> {
    for (const { client, upstream } of this.#relays) {
      client.destroy();
      upstream.destroy();
    }
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
