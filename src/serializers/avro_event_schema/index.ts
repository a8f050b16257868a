import type { SerializerDeclaration } from '../../component/declaration.ts';
import { avroContainerOptions } from '../../component/options/avro-container.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  schemaURL: {
    kind: 'string',
    help: 'Where the schema of files is whose first event has none in its headers: file:, http:, https:, hdfs: or webhdfs:.',
    example: 'file:///etc/flume/event.avsc',
  },
  ...avroContainerOptions,
});

export default {
  kind: 'serializer',
  aliases: [],
  classes: [
    'org.apache.flume.sink.hdfs.AvroEventSerializer$Builder',
    'org.apache.flume.sink.hdfs.AvroEventSerializer',
  ],
  title: 'Bodies that are Avro records, in an Avro object container file of their own schema',
  stability: 'stable',
  options,
  example:
    'a1.sinks.k1.sink.serializer = org.apache.flume.sink.hdfs.AvroEventSerializer$Builder\n' +
    'a1.sinks.k1.sink.serializer.schemaURL = file:///etc/flume/event.avsc',
  load: () => import('./serializer.ts'),
} satisfies SerializerDeclaration;
