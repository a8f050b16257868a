import { MillraceError } from '../../base/errors.ts';

/** Thrift over kerberos is refused rather than spoken without it. */
export function withoutKerberos(component: string, remedy: string): MillraceError {
  const text = `${component}: kerberos = true is not available in this version`;
  return new MillraceError('CONF_OPTION_VALUE', text, {
    component,
    option: 'kerberos',
    value: 'true',
    remedy,
  });
}
