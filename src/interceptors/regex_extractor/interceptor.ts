import { MillraceError } from '../../base/errors.ts';
import { jodaMillisParser } from '../../base/java/joda.ts';
import { javaPattern } from '../../base/java/regex.ts';
import type { Interceptor, InterceptorContext } from '../../component/interceptor.ts';
import { madeOf } from '../../component/options/checked.ts';
import { collect } from '../../component/options/parse.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { options } from './index.ts';

interface GroupHeader {
  readonly header: string;
  readonly serialize: (text: string) => string;
}

const PACKAGE = 'org.apache.flume.interceptor.RegexExtractorInterceptor';

export function create(context: InterceptorContext): Interceptor {
  const o = context.options as OptionsOf<typeof options>;
  const pattern = madeOf(`interceptor ${context.name}`, 'regex', o.regex, javaPattern);
  const headers = o.serializers.map((name) =>
    groupHeader(name, collect(`${name}.`, o['serializers.*']), context.name),
  );
  if (headers.length === 0)
    throw bad(context.name, 'serializers', 'it names no serializer', 'name one for each group');
  const groups = headers.map((_, k) => k + 1);
  madeOf(`interceptor ${context.name}`, 'regex', o.regex, () => pattern.requireGroups(groups));
  return {
    intercept: (batch) => {
      for (let i = 0; i < batch.count; i++) {
        const match = pattern.match(batch.bodyText(i));
        if (match === null) continue;
        const own = new Map(batch.headers(i));
        headers.forEach(({ header, serialize }, k) => {
          const text = match.groups[k + 1];
          if (text !== undefined) own.set(header, serialize(text));
        });
        batch.setHeaders(i, own);
      }
    },
  };
}

function groupHeader(
  name: string,
  properties: Readonly<Record<string, string>>,
  interceptor: string,
): GroupHeader {
  const header = properties.name;
  if (header === undefined) {
    throw bad(
      interceptor,
      `serializers.${name}.name`,
      'it is missing',
      'set it to the header that the group gives',
    );
  }
  const type = properties.type ?? 'DEFAULT';
  if (type === 'DEFAULT' || type === `${PACKAGE}PassThroughSerializer`)
    return { header, serialize: (text) => text };
  if (type === `${PACKAGE}MillisSerializer`) {
    if (properties.pattern === undefined) {
      throw bad(
        interceptor,
        `serializers.${name}.pattern`,
        'it is missing',
        'set it to the pattern of the time, e.g. yyyy-MM-dd HH:mm',
      );
    }
    const option = `serializers.${name}.pattern`;
    const make = (text: string) => jodaMillisParser(text);
    const parse = madeOf(`interceptor ${interceptor}`, option, properties.pattern, make);
    return { header, serialize: (text) => String(parse(text)) };
  }
  throw bad(
    interceptor,
    `serializers.${name}.type`,
    `${type} is unknown`,
    `use DEFAULT or ${PACKAGE}MillisSerializer`,
  );
}

function bad(interceptor: string, option: string, what: string, remedy: string): MillraceError {
  return new MillraceError('CONF_OPTION_VALUE', `interceptor ${interceptor}: ${option}: ${what}`, {
    component: `interceptor ${interceptor}`,
    option,
    remedy,
  });
}
