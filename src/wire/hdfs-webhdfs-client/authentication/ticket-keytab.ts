/**
 * Tickets for a principal with a key tab, by `kinit` and a ticket command. The ticket cache is a private one
 * that lives as long as it takes to get a cookie: nobody else's tickets are touched, and none are left
 * behind.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Credentials } from '../settings.ts';
import type { TicketSource } from './ticket.ts';
import { commandTickets, runProgram } from './ticket-command.ts';

const CURL = [
  'curl',
  '-sS',
  '-o',
  '/dev/null',
  '-D',
  '-',
  '--max-time',
  '30',
  '--negotiate',
  '-u',
  ':',
  '{url}',
];

export function keytabTickets(credentials: Extract<Credentials, { kind: 'keytab' }>): TicketSource {
  const { principal, keytab, command = CURL } = credentials;
  const name = principal.replaceAll('_HOST', hostname().toLowerCase());
  return async (server) => {
    const directory = await mkdtemp(join(tmpdir(), 'hdfs-tickets-'));
    try {
      const cache = `FILE:${join(directory, 'cache')}`;
      await runProgram('kinit', ['-k', '-t', keytab, '-c', cache, name], {});
      return await commandTickets(command, { KRB5CCNAME: cache })(server);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  };
}
