import type { SerializerDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  appendNewline: { kind: 'boolean', default: true, help: 'Writes a line end behind each body.' },
});

export default {
  kind: 'serializer',
  aliases: ['text'],
  classes: [
    'org.apache.flume.serialization.BodyTextEventSerializer$Builder',
    'org.apache.flume.serialization.BodyTextEventSerializer',
  ],
  title: 'Bodies as lines',
  stability: 'stable',
  options,
  example: 'a1.sinks.k1.sink.serializer = text',
  load: () => import('./serializer.ts'),
} satisfies SerializerDeclaration;
