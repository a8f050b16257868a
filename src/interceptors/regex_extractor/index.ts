import type { InterceptorDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  regex: {
    kind: 'string',
    required: true,
    help: 'Java regular expression with groups, looked for in the body as UTF-8.',
    example: '^(\\w+)',
  },
  serializers: {
    kind: 'list',
    required: true,
    help: 'Names of the serializers of the groups, in order.',
    example: 's1 s2',
  },
  'serializers.*': {
    kind: 'map',
    help: 'NAME.name is the header; NAME.type is DEFAULT or a class; more is the serializer’s own.',
  },
});

export default {
  kind: 'interceptor',
  aliases: ['regex_extractor'],
  classes: [
    'org.apache.flume.interceptor.RegexExtractorInterceptor$Builder',
    'org.apache.flume.interceptor.RegexExtractorInterceptor',
  ],
  title: 'Sets headers from groups of a regular expression',
  stability: 'stable',
  options,
  example:
    'a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = regex_extractor\n' +
    'a1.sources.r1.interceptors.i1.regex = ^(ERROR|INFO)\na1.sources.r1.interceptors.i1.serializers = s1\n' +
    'a1.sources.r1.interceptors.i1.serializers.s1.name = level',
  load: () => import('./interceptor.ts'),
} satisfies InterceptorDeclaration;
