import type { InterceptorDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  withName: { kind: 'string', help: 'A header to remove.' },
  fromList: { kind: 'string', help: 'Headers to remove.' },
  fromListSeparator: {
    kind: 'string',
    default: '\\s*,\\s*',
    help: 'Java regular expression that separates the names of fromList.',
  },
  matching: {
    kind: 'string',
    help: 'Java regular expression; headers whose whole name matches are removed.',
  },
});

export default {
  kind: 'interceptor',
  aliases: ['remove_header'],
  classes: [
    'org.apache.flume.interceptor.RemoveHeaderInterceptor$Builder',
    'org.apache.flume.interceptor.RemoveHeaderInterceptor',
  ],
  title: 'Removes headers',
  stability: 'stable',
  options,
  example:
    'a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = remove_header\na1.sources.r1.interceptors.i1.withName = password',
  load: () => import('./interceptor.ts'),
} satisfies InterceptorDeclaration;
