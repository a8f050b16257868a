/**
 * One log record without its frame: delimited header {1 type, 2 transactionID, 3 writeOrderID}, delimited
 * body by type, delimited footer. Bodies: put {1 event {1 headers {1 key, 2 value}, 2 body}, 2 checksum},
 * take {1 fileID, 2 offset}, rollback {}, commit {1 type}. Source: filechannel.proto and
 * TransactionEventRecord of Flume 1.11.
 */
import { crc32 } from 'node:zlib';
import { int32At, int64At, Malformed, MessageReader } from './proto.ts';

export const PUT = 1;
export const TAKE = 2;
export const ROLLBACK = 3;
export const COMMIT = 4;

/** As many bytes of a record as are looked at to learn all but the event of a put. */
export const HEAD_BYTES = 256;

export interface FlumeEvent {
  readonly headers: Map<string, string>;
  readonly body: Buffer;
}

/** The header as Flume writes it: length, tag and type, tag and transaction, tag and write order. */
const USUAL_HEADER_BYTES = 24;
const USUAL_TAGS = [0x17, 0x0d, 0x11, 0x19] as const;

/** What a scan keeps of a record. One object is filled again and again. */
export class RecordHead {
  type = 0;
  transactionId = 0;
  writeOrderId = 0;
  /** Of a take: the put that is taken. */
  takenFileId = 0;
  takenOffset = 0;
  /** Of a commit: PUT or TAKE. */
  committed = 0;
  readonly #reader = new MessageReader();

  /**
   * Reads the record that begins at `from`; of a put only its header. `to` is where it, or what is known of
   * it, ends.
   * @throws Malformed
   */
  read(bytes: Buffer, from: number, to: number): void {
    const bodyAt = this.#header(bytes, from, to);
    if (this.type === PUT) return;
    const reader = this.#reader;
    const footerAt = reader.openDelimited(bytes, bodyAt, to);
    let first = -1;
    let second = -1;
    while (reader.next()) {
      if (reader.field === 1) first = reader.value;
      else if (reader.field === 2) second = reader.value;
    }
    if (this.type === TAKE) {
      if (first < 0 || second < 0) throw new Malformed('a take does not say of what');
      this.takenFileId = first;
      this.takenOffset = second;
    } else if (this.type === COMMIT) {
      if (first !== PUT && first !== TAKE) throw new Malformed('a commit is neither of puts nor of takes');
      this.committed = first;
    } else if (this.type !== ROLLBACK) {
      throw new Malformed(`a record has type ${this.type}`);
    }
    reader.openDelimited(bytes, footerAt, to);
  }

  #header(bytes: Buffer, from: number, to: number): number {
    if (
      to - from > USUAL_HEADER_BYTES &&
      bytes[from] === USUAL_TAGS[0] &&
      bytes[from + 1] === USUAL_TAGS[1] &&
      bytes[from + 6] === USUAL_TAGS[2] &&
      bytes[from + 15] === USUAL_TAGS[3]
    ) {
      this.type = int32At(bytes, from + 2);
      this.transactionId = int64At(bytes, from + 7);
      this.writeOrderId = int64At(bytes, from + 16);
      return from + USUAL_HEADER_BYTES;
    }
    const reader = this.#reader;
    const end = reader.openDelimited(bytes, from, to);
    let found = 0;
    while (reader.next()) {
      if (reader.field === 1) this.type = reader.value;
      else if (reader.field === 2) this.transactionId = reader.value;
      else if (reader.field === 3) this.writeOrderId = reader.value;
      else continue;
      found |= 1 << reader.field;
    }
    if (found !== 0b1110) throw new Malformed('a record has no complete header');
    return end;
  }
}

/** Decodes the events of puts. */
export class PutDecoder {
  readonly #put = new MessageReader();
  readonly #event = new MessageReader();
  readonly #header = new MessageReader();

  /**
   * The event of the put record that fills `bytes` from `from` to `to`; its body is a copy.
   * @throws Malformed when it is no put, or its checksum is wrong.
   */
  decode(bytes: Buffer, from: number, to: number): FlumeEvent {
    const put = this.#put;
    const bodyAt = put.openDelimited(bytes, from, to);
    let type = 0;
    while (put.next()) if (put.field === 1) type = put.value;
    if (type !== PUT) throw new Malformed('it is no put');
    const footerAt = put.openDelimited(bytes, bodyAt, to);
    let event: FlumeEvent | null = null;
    let checksum = -1;
    while (put.next()) {
      if (put.field === 1) event = this.#decodeEvent(bytes, put.from, put.to);
      else if (put.field === 2) checksum = put.value;
    }
    if (event === null) throw new Malformed('a put has no event');
    put.openDelimited(bytes, footerAt, to);
    // Puts of early versions have none.
    if (checksum >= 0 && crc32(event.body) !== checksum) throw new Malformed('its checksum does not match');
    return event;
  }

  #decodeEvent(bytes: Buffer, from: number, to: number): FlumeEvent {
    const event = this.#event;
    event.open(bytes, from, to);
    const headers = new Map<string, string>();
    let body: Buffer | null = null;
    while (event.next()) {
      if (event.field === 1) this.#decodeHeader(bytes, event.from, event.to, headers);
      else if (event.field === 2) body = Buffer.from(bytes.subarray(event.from, event.to));
    }
    if (body === null) throw new Malformed('an event has no body');
    return { headers, body };
  }

  #decodeHeader(bytes: Buffer, from: number, to: number, headers: Map<string, string>): void {
    const header = this.#header;
    header.open(bytes, from, to);
    let key: string | null = null;
    // A header that was null comes back as an empty text in Flume, too.
    let value = '';
    while (header.next()) {
      if (header.field === 1) key = bytes.toString('utf8', header.from, header.to);
      else if (header.field === 2) value = bytes.toString('utf8', header.from, header.to);
    }
    if (key === null) throw new Malformed('a header has no name');
    headers.set(key, value);
  }
}
