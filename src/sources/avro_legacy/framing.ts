/**
 * The body of a request or response of Avro over HTTP: buffers, each behind its length in four bytes, until
 * one of length 0. Source: Apache Avro specification 1.11, "Protocol Wire Format", framing.
 */
import { badInput } from '../../wire/avro/errors.ts';

const LENGTH_BYTES = 4;

/** What stands in the buffers of `body`, joined. @throws MillraceError BAD_INPUT */
export function unframed(body: Buffer): Buffer {
  const buffers: Buffer[] = [];
  let at = 0;
  for (;;) {
    if (body.length - at < LENGTH_BYTES) throw badInput('the request ends without a last buffer');
    const length = body.readInt32BE(at);
    at += LENGTH_BYTES;
    if (length === 0) break;
    if (length < 0 || length > body.length - at) {
      throw badInput(`a buffer of ${length} bytes where ${body.length - at} are left`);
    }
    buffers.push(body.subarray(at, at + length));
    at += length;
  }
  return buffers.length === 1 ? buffers[0]! : Buffer.concat(buffers);
}

export function framed(payload: Buffer): Buffer {
  const body = Buffer.alloc(payload.length + 2 * LENGTH_BYTES);
  body.writeInt32BE(payload.length, 0);
  payload.copy(body, LENGTH_BYTES);
  return body;
}
