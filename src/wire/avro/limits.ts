/** What a peer may send. Every limit is checked before memory is allocated. */
const KIB = 1024;
const MIB = 1024 * KIB;

export interface FrameLimits {
  /** Bytes of a request or response, without its framing. */
  readonly payloadBytesMax: number;
  /** Buffers in the list of a frame. Java writers cut at 8192 bytes. */
  readonly buffersMax: number;
}

export const REQUEST_BYTES_DEFAULT = 64 * MIB;
export const BUFFERS_MAX = 65_536;
/** A response is a status, an error's text, or a protocol's. */
export const RESPONSE_LIMITS: FrameLimits = { payloadBytesMax: MIB, buffersMax: 1024 };
export const HEADERS_AN_EVENT_MAX = 10_000;
/** Text of a client's protocol; Flume's own has 1.8 KB. */
export const PROTOCOL_BYTES_MAX = 64 * KIB;
/** Protocols of clients that a server remembers by their hashes. */
export const PROTOCOLS_KNOWN_MAX = 64;
/** Text of an error in a response. */
export const ERROR_TEXT_MAX = 4 * KIB;
