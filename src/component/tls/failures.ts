/** Handshakes that failed on a server: why, in words, and not more often than somebody can read. */
import type { Socket } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import type { ComponentContext } from '../context.ts';
import { CERTIFICATE_CODES, isNotTls } from './reasons.ts';

export class HandshakeFailures {
  readonly #context: ComponentContext;
  readonly #everyMs: number;
  #quietUntilMs = Number.NEGATIVE_INFINITY;
  #unsaid = 0;

  constructor(context: ComponentContext, limits: { readonly complaintMs: number }) {
    this.#context = context;
    this.#everyMs = limits.complaintMs;
  }

  add(error: unknown, socket: Socket): void {
    const code = typeof error === 'string' ? error : ((error as { code?: string }).code ?? '');
    // Port scanners and health checks of load balancers do nothing else.
    if (code === 'ECONNRESET') return;
    this.addText(reasonOf(code, error), socket);
  }

  addText(reason: string, { remoteAddress }: Socket): void {
    const now = this.#context.clock.now();
    if (now < this.#quietUntilMs) {
      this.#unsaid++;
      return;
    }
    const more =
      this.#unsaid === 0 ? '' : ` (and ${this.#unsaid} more failed handshakes since the last report)`;
    this.#unsaid = 0;
    this.#quietUntilMs = now + this.#everyMs;
    const { name, log } = this.#context;
    const peer = remoteAddress ?? 'a client that has gone';
    log.warn(`source ${name}: TLS handshake with ${peer} failed: ${reason}${more}`);
  }
}

function reasonOf(code: string, error: unknown): string {
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') return 'it was not over in time';
  if (isNotTls(code)) return 'the peer does not speak TLS, or no version that is enabled here';
  if (/UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION/.test(code)) {
    return 'no version of TLS suits both sides (include-protocols, exclude-protocols)';
  }
  if (code === 'ERR_SSL_NO_SHARED_CIPHER') {
    return 'no cipher suite suits both the peer, this side’s options and its kind of key';
  }
  if (/NOT_RETURN_A_CERTIFICATE/.test(code)) return 'the peer sent no certificate, and client-auth is need';
  if (code === 'CERT_HAS_EXPIRED') return `the peer’s certificate has expired (${code})`;
  if (CERTIFICATE_CODES.has(code)) return `the peer’s certificate is not trusted (${code}): see truststore`;
  if (/ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED)/.test(code)) {
    return `the peer does not trust this side’s certificate (${code})`;
  }
  return typeof error === 'string' ? error : messageOf(error);
}
