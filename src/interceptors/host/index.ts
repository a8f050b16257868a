import type { InterceptorDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  preserveExisting: { kind: 'boolean', default: false, help: 'Keeps a value that the event has.' },
  useIP: { kind: 'boolean', default: true, help: 'The address; false: the canonical host name.' },
  hostHeader: { kind: 'string', default: 'host', help: 'The header that is set.' },
});

export default {
  kind: 'interceptor',
  aliases: ['host'],
  classes: [
    'org.apache.flume.interceptor.HostInterceptor$Builder',
    'org.apache.flume.interceptor.HostInterceptor',
  ],
  title: 'Sets a header to the host’s address or name',
  stability: 'stable',
  options,
  example: 'a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = host',
  load: () => import('./interceptor.ts'),
} satisfies InterceptorDeclaration;
