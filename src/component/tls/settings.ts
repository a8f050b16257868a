/** The TLS options of a component with the global ones filled in, checked as far as that needs no file. */

import type { SecureContextOptions } from 'node:tls';
import { MillraceError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { atOldLevel, chooseCiphers } from '../../wire/tls/ciphers.ts';
import type { StoreType } from '../../wire/tls/entries.ts';
import { chooseVersions, hasOldVersion, versionLimits, withoutGap } from '../../wire/tls/protocols.ts';
import { TLS_GLOBALS, type TlsGlobalList, tlsGlobal, tlsGlobalList } from './globals.ts';
import type { ClientTlsValues, ServerTlsValues } from './options.ts';

export interface StorePlace {
  readonly option: 'keystore' | 'truststore';
  readonly path: string;
  readonly type: StoreType;
  readonly password: string | null;
}

export interface TlsSettings {
  /** `source r1` */
  readonly component: string;
  /** What a file that cannot be used is: to be tried again, as it may come or be mended. */
  readonly failure: 'SOURCE_FAILED' | 'SINK_FAILED';
  readonly keystore: StorePlace | null;
  /** Where it differs from the key store's. */
  readonly keyPassword: string | null;
  /** Null: the well-known authorities and those of this host. */
  readonly truststore: StorePlace | null;
  /** Versions and cipher suites. */
  readonly limits: SecureContextOptions;
}

type StoreValues = Pick<
  ServerTlsValues & ClientTlsValues,
  | 'keystore'
  | 'keystore-password'
  | 'keystore-type'
  | 'truststore'
  | 'truststore-password'
  | 'truststore-type'
>;
type LimitValues = Pick<ServerTlsValues & ClientTlsValues, TlsGlobalList>;

const STORE_TYPES: readonly StoreType[] = ['JKS', 'PKCS12', 'PEM'];
const TYPE_DEFAULT = 'JKS';

/** @throws MillraceError CONF_OPTION_REQUIRED with Flume's text, or CONF_OPTION_VALUE. */
export function serverSettings(component: string, options: ServerTlsValues, log: Logger): TlsSettings {
  const keystore = storePlace(component, 'keystore', options);
  if (keystore === null) throw required(component, 'keystore', 'SSL is enabled');
  if (keystore.password === null && keystore.type !== 'PEM') {
    throw required(component, 'keystore-password', 'SSL is enabled');
  }
  const asks = options['client-auth'] !== 'none';
  const truststore = asks ? storePlace(component, 'truststore', options) : null;
  if (asks && truststore === null) {
    throw required(component, 'truststore', `client-auth is ${options['client-auth']}`);
  }
  return {
    component,
    failure: 'SOURCE_FAILED',
    keystore,
    keyPassword: options['key-password'] ?? null,
    truststore,
    // Null would be no Diffie-Hellman but on elliptic curves, which Java's servers have.
    limits: { ...limitsOf(component, options, 'server', log), dhparam: 'auto' },
  };
}

/** @throws MillraceError CONF_OPTION_VALUE */
export function clientSettings(component: string, options: ClientTlsValues, log: Logger): TlsSettings {
  return {
    component,
    failure: 'SINK_FAILED',
    // The global key store is the servers': Flume's clients show no certificate.
    keystore: options.keystore === undefined ? null : storePlace(component, 'keystore', options),
    keyPassword: options['key-password'] ?? null,
    truststore: options['trust-all-certs'] ? null : storePlace(component, 'truststore', options),
    limits: limitsOf(component, options, 'client', log),
  };
}

function required(component: string, option: string, when: string): MillraceError {
  const text = `${component}: ${option} must be specified when ${when}`;
  const global = option in TLS_GLOBALS ? TLS_GLOBALS[option as keyof typeof TLS_GLOBALS] : null;
  const elsewhere =
    global === null ? '' : `, or for all components -D${global.property} or ${global.variable}`;
  const remedy = `set ${option}${elsewhere}`;
  return new MillraceError('CONF_OPTION_REQUIRED', text, { component, option, remedy });
}

/**
 * A path of the component goes with the component's password and type as far as they are given, as in Flume.
 */
function storePlace(component: string, option: StorePlace['option'], values: StoreValues): StorePlace | null {
  const path = values[option] ?? tlsGlobal(option);
  if (path === undefined) return null;
  const typeOption = `${option}-type` as const;
  const given = values[typeOption] ?? tlsGlobal(typeOption) ?? TYPE_DEFAULT;
  const type = STORE_TYPES.find((one) => one === given.trim().toUpperCase());
  if (type === undefined) {
    const { property, variable } = TLS_GLOBALS[typeOption];
    const known = STORE_TYPES.join(', ');
    const text = `${component}: ${property} or ${variable} = ${given} is not one of ${known}`;
    const remedy = `give one of them, or set ${typeOption}; keytool -importkeystore converts stores`;
    throw new MillraceError('CONF_OPTION_VALUE', text, {
      component,
      option: typeOption,
      value: given,
      remedy,
    });
  }
  const password = values[`${option}-password`] ?? tlsGlobal(`${option}-password`) ?? null;
  return { option, path, type, password };
}

function limitsOf(
  component: string,
  values: LimitValues,
  side: 'server' | 'client',
  log: Logger,
): SecureContextOptions {
  const list = (option: TlsGlobalList) =>
    values[option].length > 0 ? values[option] : tlsGlobalList(option);
  const warn = (warnings: readonly string[]) => {
    for (const warning of warnings) log.warn(`${component}: ${warning}`);
  };
  const chosen = chooseVersions(list('include-protocols'), list('exclude-protocols'));
  warn(chosen.warnings);
  if (chosen.versions.length === 0) throw noneLeft(component, 'protocols', 'version of TLS');
  const suites = chooseCiphers(list('include-cipher-suites'), list('exclude-cipher-suites'));
  warn(suites.warnings);
  const usable = chosen.versions.filter((one) => (one === 'TLSv1.3' ? suites.forTls13 : suites.forOlder));
  if (usable.length === 0) {
    throw noneLeft(component, 'cipher-suites', `cipher suite for ${chosen.versions.join(', ')}`);
  }
  const { versions, warnings } = side === 'client' ? withoutGap(usable) : { versions: usable, warnings: [] };
  warn(warnings);
  const ciphers = hasOldVersion(versions) ? atOldLevel(suites.ciphers) : suites.ciphers;
  return { ...versionLimits(versions), ...(ciphers === null ? {} : { ciphers }) };
}

function noneLeft(component: string, what: string, wanted: string): MillraceError {
  const text = `${component}: include-${what} and exclude-${what} leave no ${wanted}`;
  const remedy = `name one in include-${what} that is not excluded, or leave both out`;
  return new MillraceError('CONF_OPTION_VALUE', text, { component, option: `include-${what}`, remedy });
}
