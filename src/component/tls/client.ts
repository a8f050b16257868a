/** Connects to servers, plain or TLS, as the options of a sink say. */
import { connect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { type ErrorDetail, MillraceError, messageOf } from '../../base/errors.ts';
import type { ComponentContext } from '../context.ts';
import { TLS_LIMITS } from './limits.ts';
import { MaterialSource } from './material.ts';
import type { ClientTlsValues } from './options.ts';
import { CERTIFICATE_CODES, isNotTls } from './reasons.ts';
import { clientSettings } from './settings.ts';

/** Makes the stream that TLS is spoken over out of a TCP connection. */
export type Beneath = (tcp: Socket) => Duplex;

/** A connection could not be made. */
export class ConnectError extends MillraceError {
  /** The peer was reached, and what it answered, if anything, was not TLS. */
  readonly isNotTls: boolean;

  constructor(message: string, detail: ErrorDetail, isNotTls: boolean) {
    super('SINK_FAILED', message, detail);
    this.isNotTls = isNotTls;
  }
}

export interface Dialer {
  /**
   * Resolves when the connection stands, its handshake included; the socket is the caller's.
   * @param beneath what lies between TCP and TLS; without ssl it is not asked.
   * @throws ConnectError that names host, port, cause and what to do.
   */
  connect(host: string, port: number, timeoutMs: number, beneath?: Beneath): Promise<Socket>;
  /** Ends what is still being connected. */
  close(): void;
}

/**
 * @param component names it in errors, `sink k1` unless given.
 * @throws MillraceError CONF_OPTION_VALUE; SINK_FAILED for keys and certificates that cannot be used.
 */
export async function createDialer(
  context: ComponentContext,
  options: ClientTlsValues,
  component = `sink ${context.name}`,
  limits = TLS_LIMITS,
): Promise<Dialer> {
  const { log } = context;
  const tcpTo = (host: string, port: number) => connect({ host, port, noDelay: true });
  if (!options.ssl) {
    return new NetDialer(component, async (host, port) => {
      const tcp = tcpTo(host, port);
      return { tcp, socket: tcp };
    });
  }
  if (options['trust-all-certs']) {
    log.warn(`${component}: trust-all-certs: the certificate of the server is not checked`);
  }
  const source = new MaterialSource(clientSettings(component, options, log), log);
  await source.load();
  let lookedMs = performance.now();
  return new NetDialer(component, async (host, port, beneath) => {
    if (performance.now() - lookedMs >= limits.refreshMs) {
      lookedMs = performance.now();
      await source.refresh();
    }
    const handshake = handshakeWith(host, options, source);
    if (beneath === undefined) {
      // A socket that tries one address after another must be the TLS one itself.
      const socket = connectTls({ ...handshake, port }).setNoDelay(true);
      return { tcp: socket, socket };
    }
    const tcp = tcpTo(host, port);
    return { tcp, socket: connectTls({ ...handshake, socket: beneath(tcp) }) };
  });
}

/** What a client's handshake with `host` uses and checks, whatever it goes over. */
function handshakeWith(host: string, options: ClientTlsValues, source: MaterialSource): ConnectionOptions {
  return {
    host,
    secureContext: source.current.context,
    rejectUnauthorized: !options['trust-all-certs'],
    ...(options['verify-hostname'] ? {} : { checkServerIdentity: () => undefined }),
    ...(isIP(host) === 0 ? { servername: host } : {}),
  };
}

/** What ends a connection that is being made. */
export const STOPPED = 'this side is being stopped';

/** A connection that is being made; both are one where nothing lies over TCP. */
interface Begun {
  readonly tcp: Socket;
  /** Of the caller, once it stands. */
  readonly socket: Socket;
}

type Begin = (host: string, port: number, beneath?: Beneath) => Promise<Begun>;

class NetDialer implements Dialer {
  readonly #component: string;
  readonly #begin: Begin;
  readonly #connecting = new Set<Socket>();
  #closed = false;

  constructor(component: string, begin: Begin) {
    this.#component = component;
    this.#begin = begin;
  }

  async connect(host: string, port: number, timeoutMs: number, beneath?: Beneath): Promise<Socket> {
    const { tcp, socket } = await this.#begin(host, port, beneath);
    this.#connecting.add(tcp);
    let connected = false;
    const ended = Promise.withResolvers<void>();
    const onError = (error: Error) => ended.reject(error);
    const onClose = () => ended.reject(new Error('it was closed'));
    const layers = tcp === socket ? [socket] : [tcp, socket];
    for (const layer of layers) layer.once('error', onError).once('close', onClose);
    tcp.once('connect', () => {
      connected = true;
    });
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', ended.resolve);
    const timer = setTimeout(() => ended.reject(new TimedOut(timeoutMs)), timeoutMs);
    if (this.#closed) ended.reject(new Error(STOPPED));
    try {
      await ended.promise;
    } catch (cause) {
      for (const layer of layers) layer.on('error', () => {}).destroy();
      throw this.#failed(host, port, cause, connected);
    } finally {
      clearTimeout(timer);
      for (const layer of layers) layer.off('error', onError).off('close', onClose);
      this.#connecting.delete(tcp);
    }
    return socket;
  }

  #failed(host: string, port: number, cause: unknown, connected: boolean): ConnectError {
    const component = this.#component;
    const value = `${host}:${port}`;
    const { what, remedy, isNotTls = false } = explain(cause, connected);
    const text = `${component} cannot connect to ${value}: ${what} (${remedy})`;
    return new ConnectError(text, { component, value, remedy, cause }, isNotTls);
  }

  close(): void {
    this.#closed = true;
    for (const socket of this.#connecting) socket.destroy(new Error(STOPPED));
  }
}

class TimedOut extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
  }
}

interface Explanation {
  readonly what: string;
  /** What an operator can do. */
  readonly remedy: string;
  readonly isNotTls?: boolean;
}

/** `connected`: it failed after the connection stood. */
function explain(cause: unknown, connected: boolean): Explanation {
  const { code = '' } = cause as { code?: string };
  const certificate = ofCertificate(code, cause);
  if (certificate !== null) return certificate;
  if (isNotTls(code)) {
    const remedy = 'set ssl = true there, or ssl = false here';
    return { what: 'the peer does not speak TLS', remedy, isNotTls: true };
  }
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/.test(code)) {
    const remedy = 'allow a version on both sides with include-protocols';
    return { what: `no version of TLS suits both sides (${code})`, remedy };
  }
  if (/HANDSHAKE_FAILURE|CERTIFICATE_REQUIRED/.test(code)) {
    const remedy = 'see its log: it may want a client certificate (keystore) or other cipher suites';
    return { what: `it refused the handshake (${code})`, remedy };
  }
  if (code === 'ECONNREFUSED') {
    return { what: 'connection refused', remedy: 'see that it runs there, and that host and port are right' };
  }
  if (!connected) {
    const remedy = 'see that host and port are right and that the network lets it pass';
    return { what: messageOf(cause), remedy };
  }
  const what =
    cause instanceof TimedOut
      ? `${cause.message} in the TLS handshake`
      : `the connection was lost in the TLS handshake: ${messageOf(cause)}`;
  return { what, remedy: 'see its log, and that it speaks TLS (ssl = true there)', isNotTls: true };
}

/** Null when the certificate is not what is wrong. */
function ofCertificate(code: string, cause: unknown): Explanation | null {
  if (code === 'CERT_HAS_EXPIRED') {
    const remedy = 'renew the certificate there, and see that the clock here is right';
    return { what: `its certificate has expired (${code})`, remedy };
  }
  if (code === 'CERT_NOT_YET_VALID') {
    const remedy = 'see that the clocks of both hosts are right';
    return { what: `its certificate is not valid yet (${code})`, remedy };
  }
  if (CERTIFICATE_CODES.has(code)) {
    const remedy = 'put the certificate of its authority, or its own, into the truststore';
    return { what: `its certificate is not trusted (${code})`, remedy };
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const remedy = 'dial a name that the certificate has, or leave verify-hostname out';
    return { what: `its certificate is not for this host: ${messageOf(cause)}`, remedy };
  }
  return null;
}
