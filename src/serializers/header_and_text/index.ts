import type { SerializerDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  appendNewline: { kind: 'boolean', default: true, help: 'Writes a line end behind each event.' },
});

export default {
  kind: 'serializer',
  aliases: ['header_and_text'],
  classes: [
    'org.apache.flume.serialization.HeaderAndBodyTextEventSerializer$Builder',
    'org.apache.flume.serialization.HeaderAndBodyTextEventSerializer',
  ],
  title: 'Headers as Java prints a map, a blank, and the body, as lines',
  stability: 'stable',
  options,
  example: 'a1.sinks.k1.sink.serializer = header_and_text',
  load: () => import('./serializer.ts'),
} satisfies SerializerDeclaration;
