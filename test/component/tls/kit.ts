/** Listeners and dialers with the stores of test/fixtures/tls. */
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseOptions } from '../../../src/component/options/parse.ts';
import { createDialer, type Dialer } from '../../../src/component/tls/client.ts';
import { TLS_LIMITS, type TlsLimits } from '../../../src/component/tls/limits.ts';
import { clientTlsOptions, serverTlsOptions } from '../../../src/component/tls/options.ts';
import { createListener, type ListenerHooks } from '../../../src/component/tls/server.ts';
import { ManualClock, type Properties, RecordedLog } from '../../kit/part.ts';

export const HOST = '127.0.0.1';
/** Of every store of the fixtures. */
export const PASSWORD = 'changeit';

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));
}

/** Properties of a store of the fixtures. */
export function store(option: 'keystore' | 'truststore', name: string): Properties {
  const type = /\.(p12|jks)$/.test(name) ? 'JKS' : 'PEM';
  return { [option]: fixture(name), [`${option}-password`]: PASSWORD, [`${option}-type`]: type };
}

/** Trusts the fixtures' authority. */
export const TRUST = store('truststore', 'ca.pem');
export const SERVER = store('keystore', 'server-ec.pem');

export function contextOf(name = 'x1') {
  return { name, options: {}, log: new RecordedLog(), clock: new ManualClock() };
}

export interface Listening {
  readonly port: number;
  readonly log: RecordedLog;
  readonly clock: ManualClock;
  /** Connections whose handshake is over. */
  readonly sockets: Socket[];
  close(): Promise<void>;
}

/** A listener that writes `hello` to each connection. */
export async function listen(
  t: Pick<TestContext, 'after'>,
  properties: Properties = {},
  limits: Partial<TlsLimits> = {},
  accept?: ListenerHooks['accept'],
): Promise<Listening> {
  const { values } = parseOptions(
    serverTlsOptions,
    { ssl: 'true', ...SERVER, ...properties },
    { component: 'x' },
  );
  const context = contextOf('r1');
  const sockets: Socket[] = [];
  const onConnection = (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.write('hello');
  };
  const hooks = { onConnection, ...(accept === undefined ? {} : { accept }) };
  const listener = await createListener(context, values, hooks, { ...TLS_LIMITS, ...limits });
  const port = await listener.listen(HOST, 0);
  t.after(async () => {
    await listener.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port, log: context.log, clock: context.clock, sockets, close: () => listener.close() };
}

export async function dialer(
  t: Pick<TestContext, 'after'>,
  properties: Properties = {},
  limits: Partial<TlsLimits> = {},
  defaults: Properties = { ssl: 'true', ...TRUST },
): Promise<Dialer & { readonly log: RecordedLog }> {
  const { values } = parseOptions(clientTlsOptions, { ...defaults, ...properties }, { component: 'x' });
  const context = contextOf('k1');
  const made = await createDialer(context, values, undefined, { ...TLS_LIMITS, ...limits });
  t.after(() => made.close());
  return Object.assign(made, { log: context.log });
}

/** What the peer sends first; '' when it ends without. */
export function firstText(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('data', (bytes) => resolve(bytes.toString('latin1')));
    socket.once('end', () => resolve(''));
    socket.once('error', reject);
  });
}

/** Connects, and resolves with the greeting. */
export async function greet(made: Dialer, port: number, host = HOST): Promise<string> {
  const socket = await made.connect(host, port, 5000);
  try {
    return await firstText(socket);
  } finally {
    socket.destroy();
  }
}
