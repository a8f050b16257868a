/**
 * A file that is written over WebHDFS: one request carries what comes between two commits. The first is
 * CREATE, the others APPEND.
 *
 * Small views are copied into a piece of 64 KiB, as each piece costs an HTTP chunk and a system call; larger
 * ones are sent from where they lie. A piece is not used again before the kernel has it.
 */
import {
  HdfsError,
  type HdfsWriter,
  TRANSPORT,
  type WebHdfsClient,
} from '../../../wire/hdfs-webhdfs-client/index.ts';
import { FileSystemError, type OutputFile } from './door.ts';
import { explain, explained } from './webhdfs-errors.ts';

const PIECE_BYTES = 64 * 1024;
/** From that size on a copy costs more than a chunk. */
const VIEW_BYTES_MIN = 16 * 1024;

export class WebHdfsFile implements OutputFile {
  readonly path: string;
  readonly #client: WebHdfsClient;
  readonly #openMs: number;
  readonly #lost: () => void;
  #writer: HdfsWriter | null;
  /** Of the request under way. */
  #given = 0;
  #committed = 0;
  #piece: Uint8Array | null = null;
  #filled = 0;
  #failure: FileSystemError | null = null;

  /**
   * `writer` is the CREATE. `openMs`: the deadline of each APPEND's opening; 0: none. `lost` is called when a
   * connection breaks.
   */
  constructor(client: WebHdfsClient, writer: HdfsWriter, openMs: number, lost: () => void) {
    this.path = writer.path;
    this.#client = client;
    this.#writer = writer;
    this.#openMs = openMs;
    this.#lost = lost;
  }

  get committed(): number {
    return this.#committed;
  }

  write(views: readonly Uint8Array[]): Promise<void> {
    return this.#guarded(async () => {
      const writer = await this.#request();
      for (const view of views) {
        this.#given += view.length;
        const isSmall = view.length < VIEW_BYTES_MIN;
        if (!isSmall || this.#filled + view.length > PIECE_BYTES) await this.#flush(writer);
        if (isSmall) this.#gather(view);
        else await writer.write(view);
      }
    });
  }

  commit(): Promise<void> {
    return this.#guarded(async () => {
      if (this.#given > 0) await this.#end();
    });
  }

  close(): Promise<void> {
    return this.#guarded(async () => {
      // The CREATE of a file without bytes is ended too: it is its coming into being.
      await this.#end();
      this.#piece = null;
    });
  }

  abandon(): void {
    this.#failure ??= new FileSystemError('other', `${this.path} was given up`);
    this.#writer?.abort('the file was given up');
    this.#writer = null;
    this.#piece = null;
  }

  async #request(): Promise<HdfsWriter> {
    if (this.#writer !== null) return this.#writer;
    const writer = await this.#client.append(this.path, { deadlineMs: this.#openMs });
    if (this.#failure !== null) {
      writer.abort('the file was given up');
      throw this.#failure;
    }
    this.#writer = writer;
    return writer;
  }

  async #end(): Promise<void> {
    const writer = this.#writer;
    if (writer === null) return;
    await this.#flush(writer);
    await writer.end();
    this.#writer = null;
    this.#committed += this.#given;
    this.#given = 0;
  }

  #gather(view: Uint8Array): void {
    this.#piece ??= new Uint8Array(PIECE_BYTES);
    this.#piece.set(view, this.#filled);
    this.#filled += view.length;
  }

  async #flush(writer: HdfsWriter): Promise<void> {
    const filled = this.#filled;
    if (filled === 0 || this.#piece === null) return;
    this.#filled = 0;
    await writer.write(this.#piece.subarray(0, filled));
  }

  /** After a failure nothing goes on: what the file holds is not known. */
  async #guarded(call: () => Promise<void>): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    try {
      await explained(call);
      if (this.#failure !== null) throw this.#failure;
    } catch (error) {
      this.#failure ??= explain(error);
      if (isLost(error)) this.#lost();
      throw error;
    }
  }
}

function isLost(error: unknown): boolean {
  const { cause } = error as { cause?: unknown };
  return cause instanceof HdfsError && cause.exception === TRANSPORT.lost;
}
