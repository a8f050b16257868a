import type { InterceptorDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  headerName: {
    kind: 'string',
    default: 'timestamp',
    since: '1.8',
    help: 'The header that is set.',
    aliases: ['header'],
  },
  preserveExisting: { kind: 'boolean', default: false, help: 'Keeps a value that the event has.' },
});

export default {
  kind: 'interceptor',
  aliases: ['timestamp'],
  classes: [
    'org.apache.flume.interceptor.TimestampInterceptor$Builder',
    'org.apache.flume.interceptor.TimestampInterceptor',
  ],
  title: 'Sets a header to the time in ms',
  stability: 'stable',
  options,
  example: 'a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = timestamp',
  load: () => import('./interceptor.ts'),
} satisfies InterceptorDeclaration;
