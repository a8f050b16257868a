import type { InterceptorDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  headerName: { kind: 'string', default: 'id', help: 'The header that is set.' },
  preserveExisting: { kind: 'boolean', default: true, help: 'Keeps a value that the event has.' },
  prefix: { kind: 'string', default: '', help: 'Stands before the identifier.' },
});

export default {
  kind: 'interceptor',
  aliases: [],
  classes: [
    'org.apache.flume.sink.solr.morphline.UUIDInterceptor$Builder',
    'org.apache.flume.sink.solr.morphline.UUIDInterceptor',
  ],
  title: 'Sets a header to a new unique identifier',
  stability: 'stable',
  options,
  example:
    'a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = org.apache.flume.sink.solr.morphline.UUIDInterceptor$Builder',
  load: () => import('./interceptor.ts'),
} satisfies InterceptorDeclaration;
