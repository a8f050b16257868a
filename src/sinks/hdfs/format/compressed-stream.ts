/** What a serializer writes, compressed by a codec: each flush ends a whole piece (a gzip member, …). */
import type { EventSerializer, Writer } from '../../../component/serializer.ts';
import type { Batch } from '../../../memory/block/batch.ts';
import type { Compress } from '../../../wire/compression/form.ts';
import type { Codec } from '../../../wire/hadoop-codecs/codec.ts';
import { HadoopCompressor } from '../../../wire/hadoop-codecs/compressor.ts';
import type { FileFormat } from './format.ts';

export class CompressedStream implements FileFormat {
  readonly #compressor: HadoopCompressor;
  readonly #serializer: EventSerializer;

  constructor(codec: Codec, compress: Compress, out: Writer, serializer: (out: Writer) => EventSerializer) {
    this.#compressor = new HadoopCompressor(codec, compress, (bytes) => out.write(bytes));
    this.#serializer = serializer({ write: (bytes) => this.#compressor.write(bytes) });
  }

  begin(): void {
    this.#serializer.begin();
  }

  append(batch: Batch): void {
    this.#serializer.write(batch);
  }

  ready(): Promise<void> | undefined {
    return this.#compressor.ready();
  }

  async flush(): Promise<void> {
    await this.#serializer.flush();
    await this.#compressor.flush();
  }

  async end(): Promise<void> {
    this.#serializer.end();
    await this.#compressor.end();
  }
}
