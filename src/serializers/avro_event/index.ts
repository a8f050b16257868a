import type { SerializerDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
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

export default {
  kind: 'serializer',
  aliases: ['avro_event'],
  classes: [
    'org.apache.flume.serialization.FlumeEventAvroEventSerializer$Builder',
    'org.apache.flume.serialization.FlumeEventAvroEventSerializer',
  ],
  title: 'Headers and bodies in an Avro object container file',
  stability: 'stable',
  options,
  example: 'a1.sinks.k1.sink.serializer = avro_event',
  load: () => import('./serializer.ts'),
} satisfies SerializerDeclaration;
