/**
 * Tickets from a program, for machines without the native module. It prints one of
 *   a SPNEGO token in base64, alone or after `Negotiate`;
 *   HTTP headers with `Set-Cookie: hadoop.auth=…`, as `curl -s -o /dev/null -D - --negotiate -u : {url}`
 *   does.
 */
import { execFile } from 'node:child_process';
import { hostPort } from '../cluster/addresses.ts';
import { HdfsSettingsError } from '../errors.ts';
import { CredentialsError, type Ticket, type TicketSource } from './ticket.ts';

const COMMAND_MS = 30_000;
const OUTPUT_BYTES_MAX = 256 * 1024;

/** @throws HdfsSettingsError when the command is empty. */
export function commandTickets(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): TicketSource {
  const [program, ...rest] = command;
  if (program === undefined) throw new HdfsSettingsError('the ticket command is empty');
  return async (server) => {
    const values: Readonly<Record<string, string>> = {
      host: server.host,
      port: String(server.port),
      url: `${server.secure ? 'https' : 'http'}://${hostPort(server)}/webhdfs/v1/?op=GETHOMEDIRECTORY`,
    };
    const args = rest.map((arg) => arg.replace(/\{(host|port|url)\}/g, (_, name: string) => values[name]!));
    return ticketOf(await runProgram(program, args, environment), program);
  };
}

export function ticketOf(output: string, program: string): Ticket {
  // The last one counts: the first answer of a handshake takes the cookie back.
  const cookies = [...output.matchAll(/^set-cookie:\s*(hadoop\.auth=.*)$/gim)].map((match) =>
    match[1]!.trim(),
  );
  const cookie = cookies.findLast((one) => !/^hadoop\.auth=("")?(;|$)/.test(one));
  if (cookie !== undefined) return { cookie };
  const token = /^\s*(?:Negotiate\s+)?([A-Za-z0-9+/]{16,}={0,2})\s*$/.exec(output);
  if (token !== null) return { token: token[1]! };
  throw new CredentialsError(
    `${program} printed neither a SPNEGO token nor a cookie hadoop.auth: ${output.trim().slice(0, 200) || 'nothing'}`,
  );
}

/** What a program prints. @throws CredentialsError with what it complains of. */
export function runProgram(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      env: { ...process.env, ...environment },
      timeout: COMMAND_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
      encoding: 'utf8',
    } as const;
    execFile(program, args, options, (error, out, err) => {
      if (error === null) resolve(out);
      else
        reject(
          new CredentialsError(`${program} failed: ${err.trim().slice(0, 500) || error.message}`, error),
        );
    });
  });
}
