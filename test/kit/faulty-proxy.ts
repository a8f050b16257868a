/**
 * A TCP proxy that a test breaks: connections are cut, hang or crawl after so many bytes of the client. What
 * the server sends may be changed on the way, so that its clients come back through another proxy.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

export type ProxyFault =
  | { readonly kind: 'none' }
  /** Both ends see the connection close. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Nothing moves any more, and neither end hears of it until `heal`. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number };

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  clientBytes: number;
  isStalled: boolean;
}

const SLICE_MS = 20;

export class FaultyProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #rewrite: (answer: string) => string;
  /** For bytes that come from now on, of connections that are there too. */
  fault: ProxyFault = { kind: 'none' };
  /** Connections that the fault has met. */
  struck = 0;

  private constructor(port: number, rewrite: (answer: string) => string) {
    this.#rewrite = rewrite;
    this.#server = createServer((client) => this.#open(client, port));
  }

  /** `rewrite` gets what the server sends, as latin1, in the pieces in which it comes. */
  static async before(port: number, rewrite = (answer: string) => answer): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(port, rewrite);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** The network is well again: connections that hung are closed at both ends. */
  heal(): void {
    this.fault = { kind: 'none' };
    for (const pair of this.#pairs) if (pair.isStalled) this.#end(pair);
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) this.#end(pair);
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #open(client: Socket, port: number): void {
    const upstream = connect(port, '127.0.0.1');
    const pair: Pair = { client, upstream, clientBytes: 0, isStalled: false };
    this.#pairs.add(pair);
    for (const end of [client, upstream]) {
      end.on('error', () => {});
      end.on('close', () => {
        if (!pair.isStalled) this.#end(pair);
      });
    }
    client.on('data', (bytes: Buffer) => this.#forward(pair, bytes));
    upstream.on('data', (bytes: Buffer) => {
      if (!pair.isStalled) client.write(this.#rewrite(bytes.toString('latin1')), 'latin1');
    });
  }

  #forward(pair: Pair, bytes: Buffer): void {
    const { fault } = this;
    if (pair.isStalled) return;
    pair.clientBytes += bytes.length;
    if (fault.kind === 'slow') return this.#crawl(pair, bytes, fault.bytesPerSecond);
    if (fault.kind === 'none' || pair.clientBytes <= fault.afterBytes) {
      pair.upstream.write(bytes);
      return;
    }
    this.struck++;
    const kept = bytes.length - (pair.clientBytes - fault.afterBytes);
    if (kept > 0) pair.upstream.write(bytes.subarray(0, kept));
    if (fault.kind === 'cut') return this.#end(pair);
    pair.isStalled = true;
    pair.client.pause();
  }

  #crawl(pair: Pair, bytes: Buffer, bytesPerSecond: number): void {
    this.struck++;
    pair.client.pause();
    const slice = Math.max(1, Math.floor((bytesPerSecond * SLICE_MS) / 1000));
    let at = 0;
    const timer = setInterval(() => {
      pair.upstream.write(bytes.subarray(at, at + slice));
      at += slice;
      if (at < bytes.length && this.#pairs.has(pair)) return;
      clearInterval(timer);
      pair.client.resume();
    }, SLICE_MS);
  }

  /** What was forwarded arrives before the end. */
  #end(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.client.destroy();
    pair.upstream.end();
    pair.upstream.once('finish', () => pair.upstream.destroy());
  }
}
