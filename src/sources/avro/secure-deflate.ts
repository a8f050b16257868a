/**
 * Connections that are both compressed and encrypted come in two orders, and nothing is negotiated: TLS
 * outside and zlib inside (Flume up to 1.9, and Millrace's sink), or the other way round (Flume 1.10 and
 * 1.11). The first byte tells them apart: a TLS record of a handshake begins with 22, a zlib stream never
 * does.
 */
import type { Socket } from 'node:net';
import type { TlsFront } from '../../component/tls/front.ts';
import { ZlibStream } from '../../wire/avro/zlib-stream.ts';

const TLS_HANDSHAKE = 22;

/**
 * Hands the connection to `front` once its first byte is there, or ends it after `waitMs`. What comes out of
 * `front` over something else than the connection is inflated already.
 */
export function secureByFirstByte(socket: Socket, level: number, front: TlsFront, waitMs: number): void {
  const timer = setTimeout(() => socket.destroy(), waitMs);
  socket.once('close', () => clearTimeout(timer));
  const onError = () => socket.destroy();
  socket.once('error', onError);
  socket.once('readable', () => {
    clearTimeout(timer);
    const first = socket.read() as Buffer | null;
    if (first === null) {
      socket.destroy();
      return;
    }
    socket.off('error', onError);
    socket.unshift(first);
    if (first[0] === TLS_HANDSHAKE) {
      front.secure(socket);
      return;
    }
    const stream = new ZlibStream(socket, level, 'in');
    stream.on('error', () => stream.destroy());
    front.secure(socket, stream);
  });
}
