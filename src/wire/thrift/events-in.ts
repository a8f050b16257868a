/**
 * Events of ThriftSourceProtocol's calls, from the frame into a batch: a body is copied once, a header map
 * that equals the one before costs a comparison. What is wrong with one event refuses the whole call; the
 * batch is then the caller's to give up.
 */
import type { BatchBuilder } from '../../memory/block/builder.ts';
import { ThriftApplicationError } from './errors.ts';
import { HeadersIn, isSame } from './headers-in.ts';
import type { ThriftReader } from './reader.ts';
import { APPLICATION_ERROR, TYPE } from './types.ts';

const HEADERS = 1;
const BODY = 2;

export class EventsIn {
  readonly #headers: HeadersIn;
  /** The last header map of the call at hand, in the frame, and the event that has it. */
  #mapAt = 0;
  #mapBytes = 0;
  #mapEvent = -1;
  /** Events of the call that is read, as it announces them. */
  count = 0;

  constructor(headersMax?: number) {
    this.#headers = new HeadersIn(headersMax);
  }

  /**
   * Reads the arguments of `append` or `appendBatch` into `batch`.
   * @throws ThriftApplicationError when they have no events; ThriftProtocolError; MillraceError
   * EVENT_TOO_LARGE.
   */
  read(reader: ThriftReader, argument: 'event' | 'events', batch: BatchBuilder): void {
    const wanted = argument === 'event' ? TYPE.struct : TYPE.list;
    let found = false;
    this.#mapEvent = -1;
    this.count = 1;
    const outer = reader.enter();
    for (let type = reader.field(); type !== TYPE.stop; type = reader.field()) {
      if (reader.fieldId !== 1 || type !== wanted || found) {
        reader.skipField(type);
        continue;
      }
      found = true;
      if (argument === 'event') this.#event(reader, batch);
      else this.#events(reader, batch);
    }
    reader.leave(outer);
    if (!found) throw missing(argument);
  }

  #events(reader: ThriftReader, batch: BatchBuilder): void {
    const size = reader.list();
    this.count = size;
    if (size > 0 && reader.elementType !== TYPE.struct) throw missing('events');
    for (let i = 0; i < size; i++) this.#event(reader, batch);
  }

  #event(reader: ThriftReader, batch: BatchBuilder): void {
    let mapAt = -1;
    let mapBytes = 0;
    let isRepeated = false;
    let bodyAt = -1;
    let bodyBytes = 0;
    const outer = reader.enter();
    for (let type = reader.field(); type !== TYPE.stop; type = reader.field()) {
      if (reader.fieldId === HEADERS && type === TYPE.map) {
        mapAt = reader.at;
        isRepeated = this.#passMap(reader);
        mapBytes = reader.at - mapAt;
      } else if (reader.fieldId === BODY && type === TYPE.string) {
        bodyBytes = reader.length();
        bodyAt = reader.at;
        reader.at = bodyAt + bodyBytes;
      } else {
        reader.skipField(type);
      }
    }
    reader.leave(outer);
    if (mapAt < 0) throw missing('headers');
    if (bodyAt < 0) throw missing('body');
    const to = batch.beginBody(bodyBytes);
    reader.bytes.copy(batch.bytes, to, bodyAt, bodyAt + bodyBytes);
    batch.endBody(bodyBytes);
    if (isRepeated) batch.repeatHeaders(this.#mapEvent);
    else this.#setHeaders(reader, mapAt, mapBytes, batch);
  }

  /**
   * Returns whether the map equals the last one. A map is its own end: bytes that equal the map before are a
   * whole map.
   */
  #passMap(reader: ThriftReader): boolean {
    const length = this.#mapBytes;
    const { at, bytes } = reader;
    if (this.#mapEvent >= 0 && length <= reader.end - at && isSame(bytes, this.#mapAt, bytes, at, length)) {
      reader.at = at + length;
      return true;
    }
    this.#headers.pass(reader);
    return false;
  }

  #setHeaders(reader: ThriftReader, mapAt: number, mapBytes: number, batch: BatchBuilder): void {
    const behind = reader.at;
    reader.at = mapAt;
    this.#headers.append(reader, mapBytes, batch);
    reader.at = behind;
    this.#mapAt = mapAt;
    this.#mapBytes = mapBytes;
    this.#mapEvent = batch.count - 1;
  }
}

/** As Java words it: a required field of a struct. */
function missing(name: string): ThriftApplicationError {
  return new ThriftApplicationError(
    APPLICATION_ERROR.protocolError,
    `Required field '${name}' was not present!`,
  );
}
