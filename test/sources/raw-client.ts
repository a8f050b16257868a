/** A TCP client that sees every byte, and how its connection ends. */
import { connect, type Socket } from 'node:net';
import { until } from '../kit/until.ts';

export class RawClient {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  /** The peer said that it sends no more. */
  ended = false;
  closed = false;
  error: Error | null = null;

  /** Its own side stays open when the peer ends, so that a test sees who closes first. */
  constructor(port: number, host = '127.0.0.1') {
    this.socket = connect({ port, host, allowHalfOpen: true, noDelay: true });
    this.socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    this.socket.on('error', (error) => {
      this.error = error;
    });
    this.socket.on('end', () => {
      this.ended = true;
    });
    this.socket.on('close', () => {
      this.closed = true;
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get text(): string {
    return this.received.toString('utf8');
  }

  send(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  /** Sends in pieces, each in a turn of its own, so that the peer is likely to read them one by one. */
  async sendInPieces(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) {
      await new Promise((resolve) => this.socket.write(piece, resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Resolves with all that came, also when the peer ended without it. */
  async untilText(text: string | RegExp): Promise<string> {
    const found = () => (typeof text === 'string' ? this.text.includes(text) : text.test(this.text));
    await until(
      `the answer ${text} (now ${this.text.slice(0, 200)})`,
      () => found() || this.ended || this.closed,
    );
    return this.text;
  }

  untilEnded(): Promise<unknown> {
    return until('the peer ends the connection', () => this.ended || this.closed);
  }

  untilClosed(): Promise<unknown> {
    return until('the connection is closed', () => this.closed);
  }

  /** Ends its own side and resolves with all that was answered. */
  async finish(): Promise<Buffer> {
    this.socket.end();
    await this.untilClosed();
    return this.received;
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** `bytes` cut after every `size` bytes. */
export function piecesOf(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
    bytes.subarray(n * size, (n + 1) * size),
  );
}
