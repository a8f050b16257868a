/**
 * Flume's global TLS parameters: a system property (`-D` on the command line) or, where it is not set, an
 * environment variable stands for what a component does not say itself. Lists are separated by commas here.
 */
import { systemProperty } from '../../base/system-properties.ts';

interface GlobalParameter {
  readonly property: string;
  readonly variable: string;
}

export const TLS_GLOBALS = {
  keystore: { property: 'javax.net.ssl.keyStore', variable: 'FLUME_SSL_KEYSTORE_PATH' },
  'keystore-password': {
    property: 'javax.net.ssl.keyStorePassword',
    variable: 'FLUME_SSL_KEYSTORE_PASSWORD',
  },
  'keystore-type': { property: 'javax.net.ssl.keyStoreType', variable: 'FLUME_SSL_KEYSTORE_TYPE' },
  truststore: { property: 'javax.net.ssl.trustStore', variable: 'FLUME_SSL_TRUSTSTORE_PATH' },
  'truststore-password': {
    property: 'javax.net.ssl.trustStorePassword',
    variable: 'FLUME_SSL_TRUSTSTORE_PASSWORD',
  },
  'truststore-type': { property: 'javax.net.ssl.trustStoreType', variable: 'FLUME_SSL_TRUSTSTORE_TYPE' },
  'include-protocols': {
    property: 'flume.ssl.include.protocols',
    variable: 'FLUME_SSL_INCLUDE_PROTOCOLS',
  },
  'exclude-protocols': {
    property: 'flume.ssl.exclude.protocols',
    variable: 'FLUME_SSL_EXCLUDE_PROTOCOLS',
  },
  'include-cipher-suites': {
    property: 'flume.ssl.include.cipherSuites',
    variable: 'FLUME_SSL_INCLUDE_CIPHERSUITES',
  },
  'exclude-cipher-suites': {
    property: 'flume.ssl.exclude.cipherSuites',
    variable: 'FLUME_SSL_EXCLUDE_CIPHERSUITES',
  },
} as const satisfies Record<string, GlobalParameter>;

export type TlsGlobal = keyof typeof TLS_GLOBALS;
export type TlsGlobalList = Extract<TlsGlobal, `${'include' | 'exclude'}-${string}`>;

/** Undefined when neither is set; an empty value counts as set, as in Java. */
export function tlsGlobal(parameter: TlsGlobal): string | undefined {
  const { property, variable } = TLS_GLOBALS[parameter];
  return systemProperty(property) ?? process.env[variable];
}

export function tlsGlobalList(parameter: TlsGlobalList): readonly string[] {
  return (tlsGlobal(parameter) ?? '').split(/[,\s]+/).filter((item) => item !== '');
}
