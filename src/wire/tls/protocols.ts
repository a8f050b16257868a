/**
 * Versions of TLS by Java's names, as limits of Node's secure context. What is used is "enabled, and included
 * if any are, and not excluded"; SSLv3 never is.
 */
import { constants } from 'node:crypto';
import type { SecureContextOptions, SecureVersion } from 'node:tls';

/** Oldest first. */
const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const satisfies readonly SecureVersion[];
export type TlsVersion = (typeof VERSIONS)[number];

/** What Java enables by itself since 8u291, 11.0.11 and 16; the older two only come by name. */
const ENABLED: readonly TlsVersion[] = ['TLSv1.2', 'TLSv1.3'];
const OLD: readonly TlsVersion[] = ['TLSv1', 'TLSv1.1'];
const NEVER = ['SSLv2Hello', 'SSLv2', 'SSLv3'].map((name) => name.toLowerCase());

const REFUSALS: Readonly<Record<TlsVersion, number>> = {
  TLSv1: constants.SSL_OP_NO_TLSv1,
  'TLSv1.1': constants.SSL_OP_NO_TLSv1_1,
  'TLSv1.2': constants.SSL_OP_NO_TLSv1_2,
  'TLSv1.3': constants.SSL_OP_NO_TLSv1_3,
};

export interface ChosenVersions {
  /** Oldest first; empty when the options leave none. */
  readonly versions: readonly TlsVersion[];
  readonly warnings: readonly string[];
}

export function chooseVersions(include: readonly string[], exclude: readonly string[]): ChosenVersions {
  const warnings: string[] = [];
  const named = (option: string, names: readonly string[]) => {
    const known = names.map((name) => VERSIONS.find((one) => one.toLowerCase() === name.toLowerCase()));
    names.forEach((name, index) => {
      if (known[index] !== undefined) return;
      if (!NEVER.includes(name.toLowerCase())) {
        warnings.push(`${option}: ${name} is no version of TLS (there are ${VERSIONS.join(', ')})`);
      } else if (option === 'include-protocols') {
        warnings.push(`${option}: ${name} is never used: it is broken`);
      }
    });
    return known;
  };
  const included = named('include-protocols', include);
  const excluded = named('exclude-protocols', exclude);
  const enabled = include.length > 0 ? VERSIONS.filter((one) => included.includes(one)) : ENABLED;
  const versions = enabled.filter((one) => !excluded.includes(one));
  const old = versions.filter((one) => OLD.includes(one));
  if (old.length > 0) warnings.push(`include-protocols: ${old.join(' and ')} can be broken by an attacker`);
  return { versions, warnings };
}

/** Whether a version lies between the chosen ones that is not chosen. */
function hasGap(versions: readonly TlsVersion[]): boolean {
  return VERSIONS.indexOf(versions.at(-1)!) - VERSIONS.indexOf(versions[0]!) >= versions.length;
}

/**
 * A client cannot leave a version out that lies between others: it offers a range. The newest ones that stand
 * together are kept. A server can.
 */
export function withoutGap(versions: readonly TlsVersion[]): ChosenVersions {
  let first = versions.length - 1;
  while (first > 0 && !hasGap(versions.slice(first - 1))) first--;
  const kept = versions.slice(Math.max(first, 0));
  if (kept.length === versions.length) return { versions, warnings: [] };
  const text =
    'a client offers TLS versions without a gap: ' +
    `of ${versions.join(', ')} only ${kept.join(', ')} is used; ` +
    `name the versions between, too, in include-protocols, or leave the older ones out`;
  return { versions: kept, warnings: [text] };
}

/** @param versions at least one */
export function versionLimits(versions: readonly TlsVersion[]): SecureContextOptions {
  const refused = VERSIONS.filter((one) => !versions.includes(one));
  return {
    minVersion: versions[0]!,
    maxVersion: versions.at(-1)!,
    secureOptions: refused.reduce((flags, one) => flags | REFUSALS[one], 0),
  };
}

export function hasOldVersion(versions: readonly TlsVersion[]): boolean {
  return versions.some((one) => OLD.includes(one));
}
