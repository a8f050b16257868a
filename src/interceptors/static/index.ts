import type { InterceptorDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  preserveExisting: { kind: 'boolean', default: true, help: 'Keeps a value that the event has.' },
  key: { kind: 'string', default: 'key', help: 'The header that is set.' },
  value: { kind: 'string', default: 'value', help: 'Its value.' },
});

export default {
  kind: 'interceptor',
  aliases: ['static'],
  classes: [
    'org.apache.flume.interceptor.StaticInterceptor$Builder',
    'org.apache.flume.interceptor.StaticInterceptor',
  ],
  title: 'Sets a header to a fixed value',
  stability: 'stable',
  options,
  example:
    'a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = static\na1.sources.r1.interceptors.i1.key = datacenter\na1.sources.r1.interceptors.i1.value = NYC',
  load: () => import('./interceptor.ts'),
} satisfies InterceptorDeclaration;
