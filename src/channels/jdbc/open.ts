/** Opens the database that a target names; only its own code is loaded. */
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { Database, DatabaseSettings } from './database.ts';
import { describe, type Target } from './target.ts';

const CERTIFICATE_REMEDY =
  'name the PEM of its authority in the URL as sslrootcert (PostgreSQL) or serverSslCert (MySQL, MariaDB), ' +
  'and a host that the certificate has';

/** @throws STORAGE_FAILED or STORAGE_LOCKED when trying again may help, a CONF_ error when it cannot. */
export async function openDatabase(target: Target, settings: DatabaseSettings): Promise<Database> {
  try {
    return await openKind(target, settings);
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    const detail = detailOf(error);
    const isAboutCertificate = target.kind !== 'sqlite' && /certificate/i.test(detail);
    const what = isAboutCertificate ? `its certificate is not accepted: ${detail}` : detail;
    const detailed = isAboutCertificate ? { remedy: CERTIFICATE_REMEDY, cause: error } : { cause: error };
    throw new MillraceError('STORAGE_FAILED', `${describe(target)}: ${what}`, detailed);
  }
}

async function openKind(target: Target, settings: DatabaseSettings): Promise<Database> {
  switch (target.kind) {
    case 'sqlite':
      return await (await import('./sqlite.ts')).open(target.file, settings);
    case 'postgresql':
      return await (await import('./postgres.ts')).open(target, settings);
    default:
      return await (await import('./mysql.ts')).open(target, settings);
  }
}

/** A host with several addresses fails with an error an address, and no words of its own. */
function detailOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.map(messageOf).join('; ');
  return messageOf(error);
}
