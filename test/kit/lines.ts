/** A client of line protocols over TCP. */
import { connect, type Socket } from 'node:net';
import { until } from './until.ts';

export class LineClient {
  readonly socket: Socket;
  /** Whole lines that came, without their ends. */
  readonly lines: string[] = [];
  closed = false;
  #rest = '';

  constructor(port: number, host = '127.0.0.1', options: { allowHalfOpen?: boolean } = {}) {
    this.socket = connect({ port, host, ...options });
    this.socket.setEncoding('latin1');
    this.socket.on('data', (text: unknown) => {
      const parts = (this.#rest + String(text)).split('\n');
      this.#rest = parts.pop()!;
      this.lines.push(...parts);
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
    });
  }

  send(lines: readonly string[]): void {
    this.socket.write(lines.map((line) => `${line}\n`).join(''));
  }

  async untilLines(count: number): Promise<readonly string[]> {
    await until(
      `${count} lines of answer (now ${this.lines.length})`,
      () => this.lines.length >= count || this.closed,
    );
    return this.lines;
  }

  untilClosed(): Promise<true> {
    return until('the connection is closed', () => this.closed) as Promise<true>;
  }

  end(): void {
    this.socket.destroy();
  }
}
