/**
 * The block: events in one run of bytes, and how to find them.
 *
 * Limits: at most BLOCK_BYTES_MAX bytes; offsets are u32; little-endian words; a block starts at a multiple
 * of 8.
 *
 *     block    = preamble (80 bytes) · data · padding to 4 · table · padding to 8
 *     data     = bodies, anywhere and in any order, with other bytes between them (line ends, framing …) ·
 *                header maps, each: u32 length at a multiple of 4 · msgpack map of string → string
 *     table    = start[count] · length[count] · header[count] (only with OWN_HEADERS)   all u32
 *
 * `start` and `header` are counted from the beginning of the memory in which the block was built; ORIGIN says
 * where the block itself began there, so a block that was copied elsewhere is read with `place - ORIGIN`
 * added. header 0 means no own headers; equal maps may share one record. COMMON points to a header map that
 * every event of the block has; an event's own header of the same name wins. That makes setting one header on
 * all events (host, timestamp, static) one small write.
 *
 * Why a table of starts and lengths at the end, and not length-prefixed events: a source can copy what a
 * socket gave it as one run, with the line ends inside, and only the table is made an event at a time; a sink
 * that wants lines finds the same run whole. Bodies may be replaced or dropped by editing the table.
 *
 * With LINES the bodies stand as lines: one behind the other, each with one `\n` behind it and nothing else
 * between them, so that any run of events is one run of bytes.
 *
 * A block with FOREIGN set has a table that points to data of other blocks in the same memory (a selector
 * split a batch over channels); it can be read there but must be compacted to be copied.
 */
export const MAGIC = 0x3142524d; // "MRB1"
export const PREAMBLE_BYTES = 80;
export const PREAMBLE_WORDS = PREAMBLE_BYTES / 4;

/** Word indices in the preamble. */
export const WORD = {
  magic: 0,
  length: 1,
  count: 2,
  origin: 3,
  /** Sum of the body lengths, for sinks and channels that count bytes. */
  bodyBytes: 4,
  /** Flume's 100-byte slots: each event takes at least one. */
  slots: 5,
  /** Table's offset from the start of the block. */
  table: 6,
  flags: 7,
  /** Epoch ms of the block's making as a float64, in two words. */
  originTime: 8,
  common: 10,
  crc: 11,
  /** 16 bytes of trace id and 8 of span id, when flagged. */
  trace: 12,
} as const;

export const FLAG = { ownHeaders: 1, trace: 2, foreign: 4, crc: 8, lines: 16 } as const;

/** Flume's memory channel counts bytes in slots of this size. */
export const SLOT_BYTES = 100;

export function slotsOf(bodyLength: number): number {
  // A division of whole numbers is a multiplication to the compiler, one of fractions is not.
  return bodyLength <= SLOT_BYTES ? 1 : ((bodyLength + SLOT_BYTES - 1) / SLOT_BYTES) | 0;
}

export function align(offset: number, to: 4 | 8): number {
  return (offset + to - 1) & -to;
}
