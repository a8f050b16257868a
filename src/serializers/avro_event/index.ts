import type { SerializerDeclaration } from '../../component/declaration.ts';
import { avroContainerOptions } from '../../component/options/avro-container.ts';

export const options = avroContainerOptions;

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
