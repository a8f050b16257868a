/**
 * The TLS options of Flume's components, for their option tables: `{ ...serverTlsOptions, port: … }`.
 * Declarations import this file, so that it must stay cheap.
 */
import { type OptionsOf, optionTable } from '../options/table.ts';

const STORE_TYPES = ['JKS', 'PKCS12', 'PEM'] as const;
const STORE_TYPE_HELP =
  'JKS and PKCS12 each read both formats, as Java does; PEM is text with certificates and keys.';

const limits = optionTable({
  'exclude-protocols': {
    kind: 'list',
    flumeDefault: 'SSLv3, which stays excluded whatever is given',
    help: 'TLS versions that are refused, separated by blanks: TLSv1 TLSv1.1 TLSv1.2 TLSv1.3.',
    example: 'TLSv1.2',
  },
  'include-protocols': {
    kind: 'list',
    since: '1.9',
    help:
      'The only TLS versions that are used; TLSv1.2 and TLSv1.3 when empty. TLSv1 and TLSv1.1 are used only ' +
      'when they are named here.',
    example: 'TLSv1.3',
  },
  'exclude-cipher-suites': {
    kind: 'list',
    since: '1.9',
    help: 'Cipher suites that are refused, by the names of Java and IANA, or patterns of such names.',
    example: 'TLS_RSA_WITH_AES_128_CBC_SHA',
  },
  'include-cipher-suites': {
    kind: 'list',
    since: '1.9',
    help: 'The only cipher suites that are used, by the names of Java and IANA, or patterns of such names.',
    example: 'TLS_AES_256_GCM_SHA384 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  },
});

export const serverTlsOptions = optionTable({
  ssl: { kind: 'boolean', default: false, help: 'Speaks TLS.' },
  keystore: {
    kind: 'string',
    flumeDefault: 'javax.net.ssl.keyStore or FLUME_SSL_KEYSTORE_PATH',
    help: 'File with the server’s private key and certificates; read again when it changes. Needed with ssl.',
    example: '/etc/flume/server.p12',
  },
  'keystore-password': {
    kind: 'string',
    secret: true,
    flumeDefault: 'javax.net.ssl.keyStorePassword or FLUME_SSL_KEYSTORE_PASSWORD',
    help: 'Password of the key store. Needed with ssl, but for a PEM file whose key is not encrypted.',
  },
  'keystore-type': {
    kind: 'enum',
    values: STORE_TYPES,
    flumeDefault: 'javax.net.ssl.keyStoreType or FLUME_SSL_KEYSTORE_TYPE, else JKS',
    help: `Type of the key store. ${STORE_TYPE_HELP}`,
  },
  'key-password': {
    kind: 'string',
    secret: true,
    since: 'millrace',
    help: 'Password of the private key, where it differs from the key store’s.',
  },
  ...limits,
  'client-auth': {
    kind: 'enum',
    values: ['none', 'want', 'need'],
    default: 'none',
    since: 'millrace',
    help:
      'Whether clients are asked for a certificate: not at all; asked, but served without one, too; or ' +
      'refused without one. A certificate that is sent must be trusted.',
  },
  truststore: {
    kind: 'string',
    since: 'millrace',
    help: 'File with the certificates that clients’ certificates are checked against; see client-auth.',
  },
  'truststore-password': {
    kind: 'string',
    secret: true,
    since: 'millrace',
    help: 'Password of the trust store.',
  },
  'truststore-type': {
    kind: 'enum',
    values: STORE_TYPES,
    since: 'millrace',
    help: `Type of the trust store. ${STORE_TYPE_HELP}`,
  },
});

export const clientTlsOptions = optionTable({
  ssl: { kind: 'boolean', default: false, help: 'Speaks TLS.' },
  'trust-all-certs': {
    kind: 'boolean',
    default: false,
    help: 'Takes any certificate of a server: for tests only.',
  },
  truststore: {
    kind: 'string',
    flumeDefault: 'javax.net.ssl.trustStore or FLUME_SSL_TRUSTSTORE_PATH, else the JRE’s',
    help:
      'File with the certificates that servers’ certificates are checked against; read again when it ' +
      'changes. Absent: the well-known authorities and those of this host.',
    example: '/etc/flume/truststore.jks',
  },
  'truststore-password': {
    kind: 'string',
    secret: true,
    flumeDefault: 'javax.net.ssl.trustStorePassword or FLUME_SSL_TRUSTSTORE_PASSWORD',
    help: 'Password of the trust store.',
  },
  'truststore-type': {
    kind: 'enum',
    values: STORE_TYPES,
    flumeDefault: 'javax.net.ssl.trustStoreType or FLUME_SSL_TRUSTSTORE_TYPE, else JKS',
    help: `Type of the trust store. ${STORE_TYPE_HELP}`,
  },
  ...limits,
  'verify-hostname': {
    kind: 'boolean',
    default: false,
    since: 'millrace',
    help: 'Also demands that the server’s certificate names the host that was dialled; Flume does not.',
  },
  keystore: {
    kind: 'string',
    since: 'millrace',
    help: 'File with a private key and certificates, shown to servers that ask for them.',
  },
  'keystore-password': {
    kind: 'string',
    secret: true,
    since: 'millrace',
    help: 'Password of the key store.',
  },
  'keystore-type': {
    kind: 'enum',
    values: STORE_TYPES,
    since: 'millrace',
    help: `Type of the key store. ${STORE_TYPE_HELP}`,
  },
  'key-password': {
    kind: 'string',
    secret: true,
    since: 'millrace',
    help: 'Password of the private key, where it differs from the key store’s.',
  },
});

export type ServerTlsValues = OptionsOf<typeof serverTlsOptions>;
export type ClientTlsValues = OptionsOf<typeof clientTlsOptions>;
