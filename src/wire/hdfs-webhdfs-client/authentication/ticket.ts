import type { Server } from '../http/exchange.ts';

/** What a ticket source has for a server: a SPNEGO token for one request, or a cookie for many. */
export type Ticket = { readonly token: string } | { readonly cookie: string };
export type TicketSource = (server: Server) => Promise<Ticket>;

/** A ticket or token could not be had. Calls turn it into an HdfsError that names the call. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}
