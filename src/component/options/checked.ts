/**
 * What an option's value is made into beyond its kind (a pattern, a charset), refused with the option's name.
 */
import { MillraceError, messageOf } from '../../base/errors.ts';

/**
 * Returns `make(value)`. @throws MillraceError CONF_OPTION_VALUE that names component, option and value
 * before what `make` had to say.
 */
export function madeOf<T>(component: string, option: string, value: string, make: (value: string) => T): T {
  try {
    return make(value);
  } catch (error) {
    const remedy = error instanceof MillraceError ? error.detail.remedy : undefined;
    throw new MillraceError('CONF_OPTION_VALUE', `${component}: ${option} = ${value}: ${messageOf(error)}`, {
      component,
      option,
      value,
      cause: error,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
}
