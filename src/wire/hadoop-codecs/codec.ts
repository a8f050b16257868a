/**
 * Hadoop's compression codecs by name: what a file of each is called, and the form of its bytes. Source: the
 * classes of org.apache.hadoop.io.compress, and Flume's HDFSEventSink for how names are matched.
 */
import type { CompressionForm } from '../compression/form.ts';

export interface Codec {
  /** As choices are named: `gzip`. */
  readonly name: string;
  /** As SequenceFiles name it. */
  readonly javaClass: string;
  /** With its dot: `.gz`. */
  readonly extension: string;
  /** Pieces of it may stand one behind the other: readers take them as one. */
  readonly form: CompressionForm;
}

const PACKAGE = 'org.apache.hadoop.io.compress.';

function codec(name: string, simpleClass: string, extension: string, form: CompressionForm): Codec {
  return { name, javaClass: PACKAGE + simpleClass, extension, form };
}

const CODECS: readonly Codec[] = [
  codec('gzip', 'GzipCodec', '.gz', 'gzip'),
  codec('bzip2', 'BZip2Codec', '.bz2', 'bzip2'),
  codec('deflate', 'DeflateCodec', '.deflate', 'zlib'),
  codec('default', 'DefaultCodec', '.deflate', 'zlib'),
  codec('snappy', 'SnappyCodec', '.snappy', 'hadoop-snappy'),
  codec('lz4', 'Lz4Codec', '.lz4', 'hadoop-lz4'),
  codec('zstd', 'ZStandardCodec', '.zst', 'zstd'),
];

/** What an option may name, for the error that it names something else. */
export const CODEC_NAMES: readonly string[] = CODECS.map(({ name }) => name);

/**
 * The codec that Flume would choose: by the name of its class with or without `Codec` in any letter case, or
 * by the whole name of its class; `zstd` is taken, too. Null for other names, among them lzo and lzop, which
 * are not part of Hadoop.
 */
export function codecByName(name: string): Codec | null {
  const wanted = name.toLowerCase();
  for (const candidate of CODECS) {
    const simple = candidate.javaClass.slice(PACKAGE.length).toLowerCase();
    if (name === candidate.javaClass) return candidate;
    if (wanted === simple || wanted === simple.replace(/codec$/, '') || wanted === candidate.name) {
      return candidate;
    }
  }
  return null;
}

/** One sentence for an option that names no codec: why, and what there is. */
export function unknownCodecText(name: string): string {
  const reason = /(^|\.)lzop?(codec)?$/i.test(name)
    ? `${name} is not part of Hadoop, and not of Millrace`
    : `Unsupported compression codec ${name}`;
  return `${reason}. Please choose from: ${CODEC_NAMES.join(', ')}`;
}
