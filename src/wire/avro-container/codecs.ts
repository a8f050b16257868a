/** Codecs of container files. Source: Apache Avro specification 1.11, "Object Container Files". */
import type { Compress, CompressionForm } from '../compression/form.ts';

/** Blocks are compressed side by side and written in order. */
export interface AvroCodec {
  /** As it stands in the file. */
  readonly name: string;
  /** Null for the codec `null`. */
  readonly compress: ((records: Uint8Array) => Promise<Uint8Array>) | null;
}

const FORMS: ReadonlyMap<string, CompressionForm | null> = new Map([
  ['null', null],
  ['deflate', 'raw-deflate'],
  ['snappy', 'snappy-crc32'],
  ['bzip2', 'bzip2'],
  ['zstandard', 'zstd'],
]);

export const AVRO_CODEC_NAMES: readonly string[] = [...FORMS.keys()];

export const NULL_CODEC: AvroCodec = { name: 'null', compress: null };

/** A codec by Avro's name in any letter case; null for another name. */
export function avroCodec(name: string, compress: Compress): AvroCodec | null {
  const known = name.toLowerCase();
  const form = FORMS.get(known);
  if (form === undefined) return null;
  return form === null ? NULL_CODEC : { name: known, compress: (records) => compress(form, records) };
}
