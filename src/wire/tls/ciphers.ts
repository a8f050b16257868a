/**
 * Cipher suites by the names of Java and IANA, as OpenSSL's cipher list. OpenSSL's own names are understood,
 * too, and patterns over the IANA names, as Jetty takes them (`.*_SHA`).
 */
import { DEFAULT_CIPHERS, getCiphers } from 'node:tls';

interface Suite {
  /** TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 */
  readonly name: string;
  /** ECDHE-RSA-AES128-GCM-SHA256; for suites of TLS 1.3 the same as `name`. */
  readonly openssl: string;
}

const TLS13_PREFIX = 'tls_';
/** Suites whose keys both sides have to know before; Java has none of them. */
const SHARED_SECRET = /(^|-)(psk|srp)(-|$)/;
/** Names that Java knows or knew, of suites that OpenSSL does not offer any more. */
const GONE = /RC4|DES|MD5|NULL|EXPORT|_anon_|KRB5|DSS|_ECDH_|IDEA|SEED|CAMELLIA|ARIA|_CCM|SCSV/;
const OLD_LEVEL = '@SECLEVEL=0';

let suites: readonly Suite[] | null = null;

/** Every suite that OpenSSL offers and Java has a name for. */
function knownSuites(): readonly Suite[] {
  suites ??= getCiphers()
    .filter((name) => !SHARED_SECRET.test(name))
    .map((name) => ({ name: ianaOf(name), openssl: name.toUpperCase() }));
  return suites;
}

/** aes128-sha → TLS_RSA_WITH_AES_128_CBC_SHA */
function ianaOf(openssl: string): string {
  if (openssl.startsWith(TLS13_PREFIX)) return openssl.toUpperCase();
  const exchange = /^(ecdhe-ecdsa|ecdhe-rsa|dhe-rsa)-/.exec(openssl)?.[1];
  const rest = exchange === undefined ? openssl : openssl.slice(exchange.length + 1);
  const cipher = rest
    .replace(/^aes(\d+)-(sha\d*)$/, 'aes-$1-cbc-$2')
    .replace(/^aes(\d+)-/, 'aes-$1-')
    .replace(/^chacha20-poly1305$/, 'chacha20-poly1305-sha256');
  return `TLS_${exchange ?? 'rsa'}_WITH_${cipher}`.replaceAll('-', '_').toUpperCase();
}

export interface ChosenCiphers {
  /** For Node's option `ciphers`; null for its default. */
  readonly ciphers: string | null;
  /**
   * Whether suites are left for TLS 1.3, which has its own, and for older versions. A version without must
   * not be used: Node would use it with its own suites.
   */
  readonly forTls13: boolean;
  readonly forOlder: boolean;
  readonly warnings: readonly string[];
}

export function chooseCiphers(include: readonly string[], exclude: readonly string[]): ChosenCiphers {
  const warnings: string[] = [];
  if (include.length + exclude.length === 0)
    return { ciphers: null, forTls13: true, forOlder: true, warnings };
  const named = (option: string, names: readonly string[]) =>
    names.flatMap((name) => {
      const found = knownSuites().filter((suite) => isNamed(suite, name));
      const missed = found.length === 0 && !(option === 'exclude-cipher-suites' && GONE.test(name));
      if (missed) warnings.push(`${option}: ${name} names no cipher suite that there is`);
      return found;
    });
  const included = new Set(named('include-cipher-suites', include));
  const excluded = new Set(named('exclude-cipher-suites', exclude));
  const left = (include.length > 0 ? [...included] : knownSuites()).filter((suite) => !excluded.has(suite));
  const ciphers =
    include.length > 0 ? left.map((suite) => suite.openssl).join(':') : defaultsWithout(excluded);
  return { ciphers, forTls13: left.some(isTls13), forOlder: !left.every(isTls13), warnings };
}

/** What Node offers by itself, in its order, without those that are excluded. */
function defaultsWithout(excluded: ReadonlySet<Suite>): string {
  const names = new Set([...excluded].map((suite) => suite.openssl));
  const struck = [...excluded].filter((suite) => !isTls13(suite)).map((suite) => `!${suite.openssl}`);
  return [...DEFAULT_CIPHERS.split(':').filter((item) => !names.has(item)), ...struck].join(':');
}

function isTls13({ name }: Suite): boolean {
  return !name.includes('_WITH_');
}

function isNamed(suite: Suite, given: string): boolean {
  const name = given.replace(/^SSL_/, 'TLS_').toUpperCase();
  if (name === suite.name || name === suite.openssl) return true;
  if (!/[.*+?^$|[\]()]/.test(given)) return false;
  try {
    return new RegExp(`^(?:${given})$`).test(suite.name);
  } catch {
    return false;
  }
}

/** The list with the level at which TLS 1.0 and 1.1 still work: both sign with MD5 and SHA-1. */
export function atOldLevel(ciphers: string | null): string {
  return `${ciphers ?? DEFAULT_CIPHERS}:${OLD_LEVEL}`;
}
