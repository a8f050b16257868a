/**
 * The standard output of a command, read into memory that is used again. Node's own `'pipe'` makes a new
 * buffer for every 64 KB, and the collector's work for them costs more than the reading; so the command is
 * given one end of a socket of ours (as `'pipe'` gives it one, too), and the other is read here.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What one read may bring: more than the kernel's default buffer of a socket. */
const CHUNK_BYTES = 256 * 1024;
/** A chunk up to this size is copied, so that a trickle of short lines does not hold whole buffers. */
const COPY_BYTES_MAX = 16 * 1024;
/** Buffers kept for the reads to come: about as many as puts wait for their answers at full speed. */
const SPARE_MAX = 128;

/** A run of bytes that stays as it is until it is released. */
export interface Chunk {
  readonly bytes: Buffer;
  /** Call once, when the bytes are not needed any more. */
  release(): void;
}

export interface CommandOutput {
  /** For the command's `stdio`; end it here once the command is started. */
  readonly childEnd: Socket;
  /** Paused and resumed, destroyed, and watched for `close` and `error`. */
  readonly socket: Socket;
  /** Says where chunks go; call it before the command is started. */
  readonly onChunk: (receive: (chunk: Chunk) => void) => void;
}

function nothing(): void {}

class ChunkBuffers {
  readonly #spare: Buffer[] = [];
  /** The buffer that the next read goes to. */
  #next: Buffer | null = null;

  /** Where the next read goes. */
  next(): Buffer {
    this.#next ??= this.#spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    return this.#next;
  }

  /** What was read, `length` bytes. */
  chunk(length: number): Chunk {
    const buffer = this.next();
    if (length <= COPY_BYTES_MAX) return { bytes: Buffer.from(buffer.subarray(0, length)), release: nothing };
    this.#next = null;
    return {
      bytes: buffer.subarray(0, length),
      release: () => {
        if (this.#spare.length < SPARE_MAX) this.#spare.push(buffer);
      },
    };
  }
}

/** Makes both ends. */
export async function openOutput(): Promise<CommandOutput> {
  let receive: (chunk: Chunk) => void = nothing;
  // A folder that only this user may enter: nobody else can take the command's place.
  const folder = await mkdtemp(join(tmpdir(), 'millrace-exec-'));
  const path = join(folder, 'output');
  // The parent must not read what is the command's.
  const server = createServer({ pauseOnConnect: true });
  try {
    await listening(server, path);
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const buffers = new ChunkBuffers();
    const socket = connect({
      path,
      onread: {
        buffer: () => buffers.next(),
        callback: (length) => {
          receive(buffers.chunk(length));
          return true;
        },
      },
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return {
      childEnd: await accepted,
      socket,
      onChunk: (receiver) => {
        receive = receiver;
      },
    };
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}
