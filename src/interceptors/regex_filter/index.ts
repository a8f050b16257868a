import type { InterceptorDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  regex: {
    kind: 'string',
    default: '.*',
    help: 'Java regular expression, looked for in the body as UTF-8.',
    example: '^ERROR',
  },
  excludeEvents: {
    kind: 'boolean',
    default: false,
    help: 'Drops the events that match; else those that do not.',
  },
});

export default {
  kind: 'interceptor',
  aliases: ['regex_filter'],
  classes: [
    'org.apache.flume.interceptor.RegexFilteringInterceptor$Builder',
    'org.apache.flume.interceptor.RegexFilteringInterceptor',
  ],
  title: 'Keeps or drops events by a regular expression',
  stability: 'stable',
  options,
  example:
    'a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = regex_filter\na1.sources.r1.interceptors.i1.regex = ^ERROR',
  load: () => import('./interceptor.ts'),
} satisfies InterceptorDeclaration;
