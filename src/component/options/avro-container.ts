/** Options of serializers that write Avro object container files. */
import { optionTable } from './table.ts';

export const avroContainerOptions = optionTable({
  syncIntervalBytes: {
    kind: 'size',
    unit: 'bytes',
    default: 2048000,
    min: 32,
    max: 1073741824,
    help: 'About how many bytes stand between two sync marks.',
  },
  compressionCodec: {
    kind: 'string',
    default: 'null',
    help: 'Avro codec of the blocks: null, deflate, snappy, bzip2 or zstandard. Another name gives a warning and no compression.',
  },
});
