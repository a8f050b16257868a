/**
 * The body of one CREATE or APPEND.
 *
 *            write*                end                    2xx
 *   open ──────────────▶ open ───────────▶ ending ──────────────▶ done
 *     └─────────┴── refusal, lost connection, deadline, abort ─┴──────▶ failed
 *
 * WebHDFS has no flush: bytes are safe when `end` has resolved, and not before. A writer that failed or was
 * aborted leaves a file of any length between the old one and what was given: DataNodes close a file whose
 * writer goes away as if it had ended. A DataNode says `100 Continue` before it opens the file: that it may
 * not be written (it exists, is open elsewhere, permission, quota) comes as the failure of a later `write` or
 * of `end`, and `done` shows it at once.
 */
import type { Counters } from '../counters.ts';
import { answerError, HdfsError, TRANSPORT } from '../errors.ts';
import { bodyOf, type Exchange } from '../http/exchange.ts';
import { CONTINUE_MS, type Deadlines } from '../settings.ts';

const ANSWER_BYTES_MAX = 1024 * 1024;

/** Errors of the opening: none of the bytes that were sent meanwhile is in the file. */
const OF_OPENING: ReadonlySet<string> = new Set([
  'AccessControlException',
  'AlreadyBeingCreatedException',
  'FileAlreadyExistsException',
  'ParentNotDirectoryException',
  'RecoveryInProgressException',
]);

export class HdfsWriter {
  readonly path: string;
  /** `HOST:PORT` of the DataNode or of HttpFS. */
  readonly host: string;
  /** Settles when the file is safe, or with the failure; a rejection that nobody sees is no error. */
  readonly done: Promise<void>;
  readonly #exchange: Exchange;
  readonly #deadlines: Deadlines;
  readonly #counters: Counters;
  readonly #waiting = new Set<(error: HdfsError) => void>();
  #isEnding = false;
  #failure: HdfsError | null = null;
  #bytes = 0;
  #pendingBytes = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(exchange: Exchange, deadlines: Deadlines, counters: Counters) {
    this.#exchange = exchange;
    this.#deadlines = deadlines;
    this.#counters = counters;
    this.path = exchange.where.path;
    this.host = exchange.where.host;
    this.done = this.#run();
    this.done.catch(() => {});
  }

  /** Bytes given so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of writes that have not resolved. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /**
   * Sends bytes. Resolves when the kernel has them: from then on the memory may be used for something else;
   * until then it is read where it lies (it may be shared memory) and must not change. Waiting for it is all
   * the back-pressure there is; more than one write may be under way. Each is an HTTP chunk of its own: give
   * 16 KiB and more at a time. A rejection that nobody sees is no error: `end` fails too.
   */
  write(bytes: Uint8Array): Promise<void> {
    const written = this.#write(bytes);
    written.catch(() => {});
    return written;
  }

  /**
   * Ends the file. Resolves when the DataNode has answered: all bytes are in it and readable.
   * @throws HdfsError as `done`.
   */
  async end(): Promise<void> {
    if (!this.#isEnding && this.#failure === null) {
      this.#isEnding = true;
      const { closeMs } = this.#deadlines;
      this.#watch();
      this.#exchange.request.end(() => {
        this.#unwatch();
        this.#exchange.expectAnswer(closeMs, 'after the last byte');
      });
    }
    return this.done;
  }

  /** Drops the connection. What the file holds then is not known. */
  abort(reason = 'aborted by the caller'): void {
    this.#exchange.fail(this.#exchange.error(TRANSPORT.aborted, reason, 'unknown'));
  }

  /** Waits until the server is willing to take bytes, or has answered, or for a second. */
  async opened(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CONTINUE_MS);
    this.#exchange.request.once('continue', resolve);
    this.done.then(resolve, resolve);
    await promise;
    clearTimeout(timer);
    if (this.#failure !== null) throw this.#failure;
  }

  #write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      if (this.#isEnding) return reject(new Error(`write after the end of ${this.path}`));
      // An empty chunk would be the end of the body.
      if (bytes.length === 0) return resolve();
      this.#bytes += bytes.length;
      this.#pendingBytes += bytes.length;
      this.#counters.bytesWritten += bytes.length;
      this.#waiting.add(reject);
      this.#watch();
      this.#exchange.request.write(bytes, (error) => {
        this.#pendingBytes -= bytes.length;
        this.#timer?.refresh();
        if (this.#pendingBytes === 0 && !this.#isEnding) this.#unwatch();
        // On an error the writer as a whole fails, with what is known then.
        if ((error === null || error === undefined) && this.#waiting.delete(reject)) resolve();
      });
    });
  }

  async #run(): Promise<void> {
    try {
      const answer = await this.#exchange.answered;
      const { idleMs } = this.#deadlines;
      const status = answer.statusCode ?? 0;
      const body = (await bodyOf(this.#exchange, answer, ANSWER_BYTES_MAX, idleMs)).toString('utf8');
      if (status >= 300) throw this.#refusal(answerError(status, body, this.#exchange.where));
      if (!this.#isEnding) {
        throw this.#exchange.error(
          TRANSPORT.protocol,
          `HTTP ${status} before the end of the bytes`,
          'unknown',
        );
      }
      this.#unwatch();
    } catch (error) {
      this.#fail(error as HdfsError);
      throw this.#failure;
    }
  }

  #refusal(error: HdfsError): HdfsError {
    if (this.#bytes === 0 || OF_OPENING.has(error.exception)) return error;
    return new HdfsError(error.reason, {
      ...this.#exchange.where,
      exception: error.exception,
      javaClassName: error.javaClassName,
      status: error.status,
      outcome: 'unknown',
      ...(error.trace === undefined ? {} : { trace: error.trace }),
    });
  }

  #fail(error: HdfsError): void {
    this.#failure = error;
    this.#unwatch();
    this.#exchange.fail(error);
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
  }

  #watch(): void {
    const { idleMs } = this.#deadlines;
    if (idleMs === 0 || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      const reason = `no byte taken within ${idleMs} ms`;
      this.#exchange.fail(this.#exchange.error(TRANSPORT.timeout, reason, 'unknown'));
    }, idleMs);
  }

  #unwatch(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
