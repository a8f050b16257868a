/**
 * The standard output of a command, read into memory that is used again. Node's own `'pipe'` makes a new
 * buffer for every 64 KB, and the collector's work for them costs more than the reading; so the command is
 * given one end of a socket of ours (as `'pipe'` gives it one, too), and the other is read here.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lineBuffers } from '../../memory/lines/line-memory.ts';
import { CHUNK_BYTES, type Chunk, ChunkBuffers, SPARE_MAX } from '../../wire/socket/chunks.ts';

export interface CommandOutput {
  /** For the command's `stdio`; end it here once the command is started. */
  readonly childEnd: Socket;
  /** Paused and resumed, destroyed, and watched for `close` and `error`. */
  readonly socket: Socket;
  /** Says where chunks go; call it before the command is started. */
  readonly onChunk: (receive: (chunk: Chunk) => void) => void;
}

function nothing(): void {}

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
    const buffers = new ChunkBuffers(lineBuffers(SPARE_MAX, CHUNK_BYTES));
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
