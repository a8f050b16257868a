/**
 * SPNEGO tokens by the npm package `kerberos`: loaded when it is installed, and only then needed. It uses
 * what the environment of the process names: KRB5_CONFIG, KRB5CCNAME (after `kinit`), KRB5_CLIENT_KTNAME (a
 * key tab).
 */
import type { Credentials } from '../settings.ts';
import { CredentialsError, type TicketSource } from './ticket.ts';

const PACKAGE = 'kerberos';
const WITHOUT = [
  `Kerberos needs the npm package ${PACKAGE} (npm install ${PACKAGE}, with libkrb5-dev and a compiler),`,
  'or one of: a delegation token (in a file or an option), a ticket command such as',
  '`curl -s -o /dev/null -D - --negotiate -u : {url}`',
].join(' ');

/** The part of the package that is used. */
export interface KerberosModule {
  readonly GSS_MECH_OID_SPNEGO: number;
  initializeClient(service: string, options: object): Promise<{ step(challenge: string): Promise<string> }>;
}

export function kerberosTickets(
  credentials: Extract<Credentials, { kind: 'kerberos' }>,
  load: () => Promise<KerberosModule> = loadKerberos,
): TicketSource {
  const { principal, service = 'HTTP' } = credentials;
  return async (server) => {
    const kerberos = await load();
    const options = {
      mechOID: kerberos.GSS_MECH_OID_SPNEGO,
      ...(principal === undefined ? {} : { principal }),
    };
    try {
      const client = await kerberos.initializeClient(`${service}@${server.host}`, options);
      return { token: await client.step('') };
    } catch (error) {
      const text = `no Kerberos ticket for ${service}@${server.host}: ${(error as Error).message}`;
      throw new CredentialsError(`${text}; run kinit, or set KRB5_CLIENT_KTNAME to a key tab`, error);
    }
  };
}

async function loadKerberos(): Promise<KerberosModule> {
  try {
    const loaded = (await import(PACKAGE)) as { readonly default?: KerberosModule } & KerberosModule;
    return loaded.default ?? loaded;
  } catch (error) {
    throw new CredentialsError(`${WITHOUT} (${(error as Error).message})`, error);
  }
}
