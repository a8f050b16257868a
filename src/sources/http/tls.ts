/** TLS before the HTTP server, and what Flume's web server says about it in its own words. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { ComponentContext } from '../../component/context.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import { createTlsFront, type TlsFront } from '../../component/tls/front.ts';
import type { ServerTlsValues } from '../../component/tls/options.ts';
import type { options } from './index.ts';

/**
 * Lets connections through to the server when their handshake is over. The server itself keeps listening, so
 * that its time-outs and its end work as without TLS.
 */
export async function putTlsBefore(
  server: Server,
  context: ComponentContext,
  values: ServerTlsValues,
): Promise<TlsFront> {
  const serve = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  const front = await createTlsFront(context, values, (socket) => {
    for (const listener of serve) listener.call(server, socket);
  });
  server.removeAllListeners('connection');
  server.on('connection', (socket) => front.secure(socket));
  return front;
}

const LISTS = {
  includeProtocols: 'include-protocols',
  excludeProtocols: 'exclude-protocols',
  includeCipherSuites: 'include-cipher-suites',
  excludeCipherSuites: 'exclude-cipher-suites',
} as const;

/** The options of the source with those of `SslContextFactory.*` above them, as Flume sets them last. */
export function tlsValues(values: OptionsOf<typeof options>, context: ComponentContext): ServerTlsValues {
  const changed: Partial<Record<string, unknown>> = {};
  for (const [name, text] of Object.entries(values['SslContextFactory.*'])) {
    if (name in LISTS) {
      changed[LISTS[name as keyof typeof LISTS]] = text.split(/\s+/).filter((item) => item !== '');
    } else if (name === 'needClientAuth' || name === 'wantClientAuth') {
      if (text.trim().toLowerCase() !== 'true') continue;
      if (name === 'needClientAuth' || changed['client-auth'] !== 'need') {
        changed['client-auth'] = name === 'needClientAuth' ? 'need' : 'want';
      }
    } else {
      context.log.warn(`source ${context.name}: SslContextFactory.${name} has no effect`);
    }
  }
  return { ...values, ...changed };
}
