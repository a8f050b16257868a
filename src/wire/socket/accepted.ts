/**
 * Reads an accepted TCP connection into memory that is used again. A socket that is connected from here can
 * be given a buffer (`onread`), one that a server accepted cannot: so its handle is moved to a socket of our
 * own. Where that is not possible (TLS, where Node decrypts into buffers of its own; a later Node without
 * these handles) the socket stays as it is, and its chunks are new ones.
 */
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { CHUNK_BYTES, type Chunk, type ChunkBuffers } from './chunks.ts';

/** The buffer that all connections of this thread are read into: a chunk is used up before the next read. */
let shared: Buffer | null = null;

/** Smaller chunks are left to the garbage collector. */
const FREED_BYTES_MIN = 16 * 1024;

interface WithHandle {
  _handle: { readonly useUserBuffer?: unknown } | null;
}

/**
 * Returns the socket to go on with, which reads from now on; `receive` gets each chunk, whose bytes are valid
 * during the call only.
 */
export function readInto(accepted: Socket, receive: (chunk: Buffer) => void): Socket {
  return moved(accepted, receive) ?? accepted.on('data', receive);
}

/** The same, for chunks that stay as they are until they are released. */
export function readChunks(accepted: Socket, buffers: ChunkBuffers, receive: (chunk: Chunk) => void): Socket {
  const socket = moved(accepted, (bytes) => receive(buffers.copy(bytes)));
  if (socket !== null) return socket;
  return accepted.on('data', (bytes: Buffer) => receive({ bytes, release: () => free(bytes) }));
}

/** The memory of a chunk of Node's own, at once: the collector would run a full cycle for every 64 MiB. */
function free({ buffer, length }: Buffer): void {
  if (length >= FREED_BYTES_MIN && buffer instanceof ArrayBuffer && buffer.byteLength === length) {
    buffer.transfer(0);
  }
}

function moved(accepted: Socket, receive: (chunk: Buffer) => void): Socket | null {
  const owner = accepted as unknown as WithHandle;
  const handle = owner._handle;
  // A subclass (TLS) does more with its bytes than to hand them on.
  if (Object.getPrototypeOf(accepted) !== Socket.prototype) return null;
  if (typeof handle?.useUserBuffer !== 'function' || accepted.readableLength > 0) return null;
  shared ??= Buffer.allocUnsafeSlow(CHUNK_BYTES);
  const buffer = shared;
  const callback = (length: number): boolean => {
    receive(buffer.subarray(0, length));
    return true;
  };
  const onread: OnReadOpts = { buffer, callback };
  const socket = new Socket({
    handle,
    onread,
    allowHalfOpen: accepted.allowHalfOpen,
  } as unknown as SocketConstructorOpts);
  // The old one has nothing left: its end is not the connection's.
  owner._handle = null;
  accepted.destroy();
  // Without a flow there is no end of it.
  socket.resume();
  return socket;
}
