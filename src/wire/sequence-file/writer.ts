/**
 * Writes Hadoop SequenceFiles (version 6) of events as Flume's hdfs sink does: keys are LongWritables of the
 * `timestamp` header, values the bodies as BytesWritables or Texts.
 *
 * Layout: `SEQ` 6 · names of the classes of key and value · whether values, and whether blocks are compressed
 * (a byte each) · name of the codec, if any · number of metadata entries, 0 · 16 bytes sync mark; then
 * - without codec records: length of key and value, length of the key (four bytes each, big-endian), key,
 *   value; a sync mark at each flush and before the first record that begins 100 KiB behind the last one;
 * - with a codec blocks of up to about 1 MB: a sync mark, number of records, then lengths of the keys, keys,
 *   lengths of the values, values, each as the length of the packed bytes and these.
 * In front of a sync mark stands -1 in the place of a record's length. Readers may start at any of them.
 *
 * Operations: `begin`, then `write` and `flush` in turn, `end`. After a flush the file can be read up to
 * there.
 * Limits: what is given to `out` is not used again. Blocks are compressed side by side; whoever writes more
 * than a batch between two flushes awaits `ready` first. Files are not appended to: their sync mark is not
 * known.
 * Not done: compression record by record and metadata, which Flume never writes.
 * Source: org.apache.hadoop.io.SequenceFile of Hadoop 3, Flume's HDFSSequenceFile.
 */
import { randomBytes } from 'node:crypto';
import type { Batch, BatchRange } from '../../memory/block/batch.ts';
import type { Compress } from '../compression/form.ts';
import type { Codec } from '../hadoop-codecs/codec.ts';
import { CompressedBlocks } from './compressed-blocks.ts';
import { RecordBuffer, variableIntBytes } from './record-buffer.ts';
import { TimestampKeys } from './timestamp-keys.ts';

export interface SequenceFileSettings {
  /** `bytes`: BytesWritable (writeFormat Writable); `text`: Text. */
  readonly value: 'bytes' | 'text';
  /** Null: no compression. */
  readonly codec: Codec | null;
  readonly compress: Compress;
  readonly out: (bytes: Uint8Array) => void;
  /** Epoch ms: the key of events without timestamp. */
  readonly now: () => number;
  /** 16 bytes; random ones by default. */
  readonly syncMark?: Uint8Array;
}

const VERSION = Buffer.from('SEQ\u0006', 'latin1');
const KEY_CLASS = 'org.apache.hadoop.io.LongWritable';
const VALUE_CLASSES = { bytes: 'org.apache.hadoop.io.BytesWritable', text: 'org.apache.hadoop.io.Text' };
const KEY_BYTES = 8;
const INT_BYTES = 4;
const SYNC_MARK_BYTES = 16;
const SYNC_ESCAPE = -1;
/** Hadoop 3's; Hadoop 2 puts marks every 2000 bytes. */
const SYNC_INTERVAL_BYTES = 100 * 1024;
/** Records without compression are given on in pieces of this size. */
const PIECE_BYTES = 256 * 1024;
/** Below this much room a piece is not gone on with. */
const PIECE_REST_BYTES = PIECE_BYTES / 4;

export class SequenceFileWriter {
  readonly #settings: SequenceFileSettings;
  readonly #syncMark: Uint8Array;
  readonly #keys = new TimestampKeys();
  readonly #blocks: CompressedBlocks | null;
  #piece = new RecordBuffer(PIECE_BYTES);
  /** Bytes given on before the open piece. */
  #written = 0;
  /** Offset in the file behind the last sync mark. */
  #synced = 0;

  constructor(settings: SequenceFileSettings) {
    const { codec, compress, syncMark = randomBytes(SYNC_MARK_BYTES) } = settings;
    if (syncMark.length !== SYNC_MARK_BYTES) throw new Error(`a sync mark of ${syncMark.length} bytes`);
    this.#settings = settings;
    this.#syncMark = syncMark;
    this.#blocks = codec === null ? null : new CompressedBlocks(codec.form, compress, syncMark, settings.out);
  }

  begin(): void {
    const { value, codec } = this.#settings;
    const piece = this.#piece;
    piece.raw(VERSION);
    piece.text(KEY_CLASS);
    piece.text(VALUE_CLASSES[value]);
    const isCompressed = codec === null ? 0 : 1;
    piece.raw(Uint8Array.of(isCompressed, isCompressed));
    if (codec !== null) piece.text(codec.javaClass);
    piece.int(0);
    piece.raw(this.#syncMark);
    this.#emit();
  }

  write(batch: Batch): void {
    this.#keys.beginBatch(this.#settings.now());
    for (const range of batch.ranges) {
      this.#keys.beginRange(range.view);
      if (this.#blocks === null) this.#records(range);
      else this.#collect(range, this.#blocks);
    }
    this.#emit();
  }

  /** Timestamp headers that were no numbers: their events have the current time as key. */
  get unreadableTimestamps(): number {
    return this.#keys.unreadable;
  }

  #records({ view, first, count }: BatchRange): void {
    const keys = this.#keys;
    const isText = this.#settings.value === 'text';
    for (let i = first; i < first + count; i++) {
      const start = view.bodyStart(i);
      const length = view.bodyLength(i);
      const valueBytes = length + (isText ? variableIntBytes(length) : INT_BYTES);
      this.#room(2 * INT_BYTES + KEY_BYTES + valueBytes);
      const piece = this.#piece;
      if (this.#written + piece.used >= this.#synced + SYNC_INTERVAL_BYTES) this.#sync();
      keys.read(i);
      piece.int(KEY_BYTES + valueBytes);
      piece.int(KEY_BYTES);
      piece.long(keys.high, keys.low);
      if (isText) piece.variableInt(length);
      else piece.int(length);
      piece.raw(view.bytes, start, start + length);
    }
  }

  #collect({ view, first, count }: BatchRange, blocks: CompressedBlocks): void {
    const keys = this.#keys;
    const isText = this.#settings.value === 'text';
    for (let i = first; i < first + count; i++) {
      const start = view.bodyStart(i);
      const length = view.bodyLength(i);
      keys.read(i);
      blocks.key(keys.high, keys.low);
      if (isText) blocks.text(view.bytes, start, length);
      else blocks.bytes(view.bytes, start, length);
    }
  }

  /** A piece that has no room for the next record and a sync mark is given on. */
  #room(recordBytes: number): void {
    const need = recordBytes + INT_BYTES + SYNC_MARK_BYTES;
    if (this.#piece.used + need <= this.#piece.bytes.length) return;
    this.#emit();
    this.#piece.ensure(need);
  }

  #sync(): void {
    this.#piece.int(SYNC_ESCAPE);
    this.#piece.raw(this.#syncMark);
    this.#synced = this.#written + this.#piece.used;
  }

  /** Whoever is given a piece may keep it: what is behind it is used, or another one. */
  #emit(): void {
    const { used, bytes } = this.#piece;
    if (used === 0) return;
    this.#settings.out(bytes.subarray(0, used));
    this.#written += used;
    this.#piece.used = 0;
    this.#piece.bytes =
      bytes.length - used >= PIECE_REST_BYTES ? bytes.subarray(used) : Buffer.allocUnsafeSlow(PIECE_BYTES);
  }

  /** Undefined when more may be written; else a promise for that. One caller at a time. */
  ready(): Promise<void> | undefined {
    return this.#blocks?.ready();
  }

  /** Resolves (or returns) when everything written was given to `out`. */
  flush(): Promise<void> | undefined {
    if (this.#blocks !== null) return this.#blocks.flush();
    if (this.#synced !== this.#written) {
      this.#sync();
      this.#emit();
    }
    return undefined;
  }

  /** A SequenceFile has no end of its own. */
  end(): Promise<void> | undefined {
    return this.flush();
  }
}
