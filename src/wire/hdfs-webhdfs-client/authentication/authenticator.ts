/** Who the client is, as query parameters and headers of its requests to NameNodes and HttpFS. */
import { userInfo } from 'node:os';
import { hostPort } from '../cluster/addresses.ts';
import { type HdfsError, HdfsSettingsError } from '../errors.ts';
import type { Server } from '../http/exchange.ts';
import type { ClientSettings, Credentials } from '../settings.ts';
import { CookieJar } from './cookies.ts';
import type { TicketSource } from './ticket.ts';
import { commandTickets } from './ticket-command.ts';
import { kerberosTickets } from './ticket-kerberos.ts';
import { keytabTickets } from './ticket-keytab.ts';
import { TokenFile } from './token-file.ts';

export type Parameter = readonly [name: string, value: string];

export interface Authenticator {
  /** Appended to the query of each call. */
  parameters(): Promise<readonly Parameter[]>;
  headers(server: Server): Promise<Readonly<Record<string, string>>>;
  /** Sees the `Set-Cookie` headers of each answer. */
  noticeCookies(server: Server, cookies: readonly string[] | undefined): void;
  /** After a refusal of what was sent: whether another attempt has new credentials to show. */
  isRenewable(server: Server, error: HdfsError): boolean;
}

/** @throws HdfsSettingsError when the settings contradict each other. */
export function authenticatorOf(settings: ClientSettings): Authenticator {
  const environment = settings.environment ?? process.env;
  const user = environment.HADOOP_USER_NAME ?? userInfo().username;
  const credentials: Credentials = settings.credentials ?? { kind: 'simple', user };
  const { proxyUser } = settings;
  const acting: readonly Parameter[] = proxyUser === undefined ? [] : [['doas', proxyUser]];
  switch (credentials.kind) {
    case 'simple':
      if (credentials.user === '') throw new HdfsSettingsError('the user name is empty');
      return stateless(async () => [['user.name', credentials.user], ...acting]);
    case 'token':
    case 'token-file':
      if (proxyUser !== undefined) {
        throw new HdfsSettingsError(
          `proxyUser ${proxyUser} has no effect with a delegation token: ask for the token with doas=${proxyUser}`,
        );
      }
      return credentials.kind === 'token-file'
        ? ofTokenFile(new TokenFile(credentials.file))
        : stateless(async () => [['delegation', credentials.token.trim()]]);
    case 'kerberos':
      return new Negotiation(kerberosTickets(credentials), acting);
    case 'keytab':
      return new Negotiation(keytabTickets(credentials), acting);
    case 'command':
      return new Negotiation(commandTickets(credentials.command, credentials.environment), acting);
  }
}

function stateless(parameters: () => Promise<readonly Parameter[]>): Authenticator {
  return {
    parameters,
    headers: async () => ({}),
    noticeCookies: () => {},
    isRenewable: () => false,
  };
}

function ofTokenFile(file: TokenFile): Authenticator {
  return {
    ...stateless(async () => [['delegation', await file.token()]]),
    isRenewable: (_server, error) => error.isAuthentication && file.hasChanged(),
  };
}

/**
 * SPNEGO. A ticket is shown once; then the cookie that the server gave for it, until it expires or is
 * refused. Servers refuse a token that they have seen, so that each request without a cookie has its own.
 */
class Negotiation implements Authenticator {
  readonly #source: TicketSource;
  readonly #parameters: readonly Parameter[];
  readonly #cookies = new CookieJar();
  #last: Promise<unknown> = Promise.resolve();

  constructor(source: TicketSource, parameters: readonly Parameter[]) {
    this.#source = source;
    this.#parameters = parameters;
  }

  async parameters(): Promise<readonly Parameter[]> {
    return this.#parameters;
  }

  async headers(server: Server): Promise<Readonly<Record<string, string>>> {
    const key = hostPort(server);
    const known = this.#cookies.get(key);
    if (known !== null) return { cookie: known };
    // One after the other: a command that brings a cookie is then run once, not by each waiting call.
    const ticket = this.#last.then(
      () => this.#ticket(server, key),
      () => this.#ticket(server, key),
    );
    this.#last = ticket;
    return ticket;
  }

  noticeCookies(server: Server, cookies: readonly string[] | undefined): void {
    for (const cookie of cookies ?? []) this.#cookies.set(hostPort(server), cookie);
  }

  isRenewable(server: Server, error: HdfsError): boolean {
    return error.status === 401 && this.#cookies.remove(hostPort(server));
  }

  async #ticket(server: Server, key: string): Promise<Readonly<Record<string, string>>> {
    const known = this.#cookies.get(key);
    if (known !== null) return { cookie: known };
    const ticket = await this.#source(server);
    if ('token' in ticket) return { authorization: `Negotiate ${ticket.token}` };
    this.#cookies.set(key, ticket.cookie);
    return { cookie: this.#cookies.get(key) ?? '' };
  }
}
