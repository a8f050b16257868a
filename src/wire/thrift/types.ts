/**
 * Names and numbers of Thrift (github.com/apache/thrift/tree/master/doc/specs: thrift-binary-protocol.md and
 * thrift-compact-protocol.md). Types are numbered as in the binary protocol; the compact one has its own
 * numbers, which stay inside its reader and writer.
 */
export type ProtocolName = 'compact' | 'binary';

export const TYPE = {
  stop: 0,
  bool: 2,
  byte: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  string: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
  uuid: 16,
} as const;

/** Bytes of a value of each type in the binary protocol; 0 where they vary. */
export const BINARY_WIDTHS = new Uint8Array(256);
BINARY_WIDTHS[TYPE.bool] = 1;
BINARY_WIDTHS[TYPE.byte] = 1;
BINARY_WIDTHS[TYPE.double] = 8;
BINARY_WIDTHS[TYPE.i16] = 2;
BINARY_WIDTHS[TYPE.i32] = 4;
BINARY_WIDTHS[TYPE.i64] = 8;
BINARY_WIDTHS[TYPE.uuid] = 16;

export const MESSAGE = { call: 1, reply: 2, exception: 3, oneway: 4 } as const;

/** Kinds of TApplicationException. */
export const APPLICATION_ERROR = {
  unknown: 0,
  unknownMethod: 1,
  invalidMessageType: 2,
  wrongMethodName: 3,
  badSequenceId: 4,
  missingResult: 5,
  internalError: 6,
  protocolError: 7,
} as const;

/** Java's limit of a frame, and of what a Scribe source reads. */
export const FRAME_BYTES_MAX = 16_384_000;
/** Headers of one event. Nobody means that many; each costs much more memory later than here. */
export const HEADERS_MAX = 10_000;
/** Structs and containers inside each other, among the fields that are skipped. */
export const DEPTH_MAX = 64;
/** Bytes of a method's name. */
export const NAME_BYTES_MAX = 256;
