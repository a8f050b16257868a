/** Charsets that an option names. */
import { MillraceError } from '../base/errors.ts';
import { type JavaCharset, javaCharset } from '../base/java/charset.ts';

/** @throws CONF_OPTION_VALUE with component, option and remedy when there is no charset of that name. */
export function charsetOption(component: string, option: string, name: string): JavaCharset {
  try {
    return javaCharset(name);
  } catch (cause) {
    const remedy = cause instanceof MillraceError ? cause.detail.remedy : undefined;
    throw new MillraceError('CONF_OPTION_VALUE', `${component}: ${option} = ${name} is not a known charset`, {
      component,
      option,
      value: name,
      ...(remedy === undefined ? {} : { remedy }),
      cause,
    });
  }
}
