import type { InterceptorDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  searchPattern: {
    kind: 'string',
    required: true,
    help: 'Java regular expression; every match is replaced.',
    example: '[0-9]{16}',
  },
  replaceString: { kind: 'string', default: '', help: 'What stands there instead; $1 is the first group.' },
  charset: { kind: 'string', default: 'UTF-8', help: 'Charset of the body.' },
});

export default {
  kind: 'interceptor',
  aliases: ['search_replace'],
  classes: [
    'org.apache.flume.interceptor.SearchAndReplaceInterceptor$Builder',
    'org.apache.flume.interceptor.SearchAndReplaceInterceptor',
  ],
  title: 'Replaces text in bodies',
  stability: 'stable',
  options,
  example:
    'a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = search_replace\n' +
    'a1.sources.r1.interceptors.i1.searchPattern = [0-9]{16}\na1.sources.r1.interceptors.i1.replaceString = REDACTED',
  load: () => import('./interceptor.ts'),
} satisfies InterceptorDeclaration;
