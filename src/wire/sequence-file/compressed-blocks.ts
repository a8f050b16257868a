/** The compressed blocks of a SequenceFile (layout in writer.ts). */
import type { Compress, CompressionForm } from '../compression/form.ts';
import { InOrder } from '../compression/in-order.ts';
import { RecordBuffer, variableIntBytes } from './record-buffer.ts';

/** Hadoop's io.seqfile.compress.blocksize: keys and values that end a block. */
const BLOCK_BYTES = 1_000_000;
const KEY_BYTES = 8;
const INT_BYTES = 4;
const SYNC_ESCAPE = -1;
const FIRST_LENGTHS_BYTES = 1024;
const FIRST_KEYS_BYTES = 8 * 1024;
const FIRST_VALUES_BYTES = 64 * 1024;
const HEAD_BYTES = 32;
const FREE_MAX = 4;

interface Columns {
  readonly keyLengths: RecordBuffer;
  readonly keys: RecordBuffer;
  readonly valueLengths: RecordBuffer;
  readonly values: RecordBuffer;
}

export class CompressedBlocks {
  readonly #form: CompressionForm;
  readonly #compress: Compress;
  readonly #syncMark: Uint8Array;
  readonly #out: (bytes: Uint8Array) => void;
  readonly #packed = new InOrder();
  #columns = newColumns();
  #count = 0;
  readonly #free: Columns[] = [];

  constructor(
    form: CompressionForm,
    compress: Compress,
    syncMark: Uint8Array,
    out: (bytes: Uint8Array) => void,
  ) {
    this.#form = form;
    this.#compress = compress;
    this.#syncMark = syncMark;
    this.#out = out;
  }

  /** A LongWritable; its value follows. */
  key(high: number, low: number): void {
    this.#columns.keyLengths.variableInt(KEY_BYTES);
    this.#columns.keys.long(high, low);
  }

  text(source: Buffer, start: number, length: number): void {
    const { values, valueLengths } = this.#columns;
    valueLengths.variableInt(variableIntBytes(length) + length);
    values.variableInt(length);
    values.raw(source, start, start + length);
    this.#added();
  }

  bytes(source: Buffer, start: number, length: number): void {
    const { values, valueLengths } = this.#columns;
    valueLengths.variableInt(INT_BYTES + length);
    values.int(length);
    values.raw(source, start, start + length);
    this.#added();
  }

  #added(): void {
    this.#count++;
    if (this.#columns.keys.used + this.#columns.values.used >= BLOCK_BYTES) this.#endBlock();
  }

  ready(): Promise<void> | undefined {
    return this.#packed.ready();
  }

  flush(): Promise<void> | undefined {
    if (this.#count > 0) this.#endBlock();
    return this.#packed.settled();
  }

  #endBlock(): void {
    const columns = this.#columns;
    const count = this.#count;
    const pack = (column: RecordBuffer) => this.#compress(this.#form, column.view());
    const { keyLengths, keys, valueLengths, values } = columns;
    this.#packed.add(Promise.all([keyLengths, keys, valueLengths, values].map(pack)), (packed) => {
      this.#recycle(columns);
      this.#writeBlock(count, packed);
    });
    this.#columns = this.#free.pop() ?? newColumns();
    this.#count = 0;
  }

  #writeBlock(count: number, packed: readonly Uint8Array[]): void {
    let head = new RecordBuffer(HEAD_BYTES);
    head.int(SYNC_ESCAPE);
    head.raw(this.#syncMark);
    head.variableInt(count);
    for (const bytes of packed) {
      head.variableInt(bytes.length);
      this.#out(head.view());
      this.#out(bytes);
      head = new RecordBuffer(INT_BYTES + 1);
    }
  }

  #recycle(columns: Columns): void {
    if (this.#free.length === FREE_MAX) return;
    for (const column of Object.values(columns) as RecordBuffer[]) column.used = 0;
    this.#free.push(columns);
  }
}

function newColumns(): Columns {
  return {
    keyLengths: new RecordBuffer(FIRST_LENGTHS_BYTES),
    keys: new RecordBuffer(FIRST_KEYS_BYTES),
    valueLengths: new RecordBuffer(FIRST_LENGTHS_BYTES),
    values: new RecordBuffer(FIRST_VALUES_BYTES),
  };
}
