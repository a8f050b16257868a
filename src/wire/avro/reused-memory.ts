/**
 * Reads an accepted TCP connection into memory that is used again. Node makes a new buffer of 64 KiB for
 * every read, and the collector's work for them costs more than the reading; a socket that is connected from
 * here can be given a buffer (`onread`), one that a server accepted cannot. So its handle is moved to a
 * socket of our own. Where that is not possible (TLS, where Node decrypts into buffers of its own; a later
 * Node without these handles) the socket stays as it is, and its chunks are new ones.
 */
import { Socket, type SocketConstructorOpts } from 'node:net';

/** As much as a fast sender has ready for one read. */
const CHUNK_BYTES = 256 * 1024;

/** The buffer that all connections of this thread are read into: a chunk is used up before the next read. */
let shared: Buffer | null = null;

interface WithHandle {
  _handle: { readonly useUserBuffer?: unknown } | null;
}

/**
 * Returns the socket to go on with, which reads from now on; `receive` gets each chunk, whose bytes are valid
 * during the call only.
 */
export function readInto(accepted: Socket, receive: (chunk: Buffer) => void): Socket {
  const socket = moved(accepted, receive);
  if (socket !== null) return socket;
  accepted.on('data', receive);
  return accepted;
}

function moved(accepted: Socket, receive: (chunk: Buffer) => void): Socket | null {
  const owner = accepted as unknown as WithHandle;
  const handle = owner._handle;
  // A subclass (TLS) does more with its bytes than to hand them on.
  if (Object.getPrototypeOf(accepted) !== Socket.prototype) return null;
  if (typeof handle?.useUserBuffer !== 'function' || accepted.readableLength > 0) return null;
  shared ??= Buffer.allocUnsafeSlow(CHUNK_BYTES);
  const buffer = shared;
  const onread = {
    buffer,
    callback: (length: number): boolean => {
      receive(buffer.subarray(0, length));
      return true;
    },
  };
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
