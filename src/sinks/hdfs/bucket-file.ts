/**
 * One file in the making: a form over an output file.
 *
 *     append* ─▶ commit ─▶ confirm ─▶ append* … ─▶ close          any failure ─▶ abandon
 *
 * `commit` makes the bytes safe; `confirm` says that all that belongs to them is: from then on they stay.
 * After a failure the file is cut back to `confirmedBytes`.
 */
import type { Clock } from '../../base/clock.ts';
import type { Writer } from '../../component/serializer.ts';
import type { Batch } from '../../memory/block/batch.ts';
import type { Calls } from './calls.ts';
import type { FileSystem, OutputFile } from './file-system/door.ts';
import type { FileFormat, MakeFormat } from './format/format.ts';

export interface FileNames {
  /** While it is written, and afterwards. */
  readonly inUse: string;
  readonly final: string;
  /** What `final` ends in: another name would stand before it. */
  readonly suffix: string;
}

export interface BucketFileSetup {
  readonly makeFormat: MakeFormat;
  readonly calls: Calls;
  readonly clock: Clock;
}

export class BucketFile implements Writer {
  readonly names: FileNames;
  readonly openedAtMs: number;
  events = 0;
  bodyBytes = 0;
  #confirmedBytes = 0;
  readonly #output: OutputFile;
  readonly #calls: Calls;
  readonly #format: FileFormat;
  #views: Uint8Array[] = [];
  /** The write that is under way: the next events are made into bytes meanwhile. */
  #writing: Promise<void> = Promise.resolve();

  /** A file that comes into being after its call has timed out is given up, and `late` is called. */
  static async create(
    fileSystem: FileSystem,
    names: FileNames,
    { makeFormat, calls, clock }: BucketFileSetup,
    late: () => void,
  ): Promise<BucketFile> {
    const path = names.inUse;
    const output = await calls.run(
      `create of ${path}`,
      () => fileSystem.create(path),
      (created) => {
        created.abandon();
        late();
      },
    );
    return new BucketFile(output, names, makeFormat, calls, clock.now());
  }

  private constructor(
    output: OutputFile,
    names: FileNames,
    makeFormat: MakeFormat,
    calls: Calls,
    nowMs: number,
  ) {
    this.#output = output;
    this.names = names;
    this.#calls = calls;
    this.openedAtMs = nowMs;
    this.#format = makeFormat(this);
    this.#format.begin();
  }

  /** For the format. */
  write(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#views.push(bytes);
  }

  /** Bytes that stay whatever becomes of later takes. */
  get confirmedBytes(): number {
    return this.#confirmedBytes;
  }

  /** Bytes that `confirm` would make stay. */
  get committedBytes(): number {
    return this.#output.committed;
  }

  /** Resolves when more may be appended. The batch must stay as it is until `commit` has settled. */
  async append(batch: Batch): Promise<void> {
    this.#format.append(batch);
    const ready = this.#format.ready();
    if (ready !== undefined) await ready;
    await this.#drain();
  }

  /** Begins to write what the format gave, after the write before it. */
  async #drain(): Promise<void> {
    await this.#writing;
    if (this.#views.length === 0) return;
    const views = this.#views;
    this.#views = [];
    this.#writing = this.#calls.run(`write to ${this.names.inUse}`, () => this.#output.write(views));
    // A failure shows where it is waited for.
    this.#writing.catch(() => {});
  }

  async #flush(): Promise<void> {
    await this.#format.flush();
    await this.#drain();
    await this.#writing;
  }

  /** Everything appended is safe. */
  async commit(): Promise<void> {
    await this.#flush();
    await this.#calls.run(`commit of ${this.names.inUse}`, () => this.#output.commit());
  }

  confirm(): void {
    this.#confirmedBytes = this.#output.committed;
  }

  /** Everything appended is safe, and the file is whole. */
  async close(): Promise<void> {
    await this.#flush();
    await this.#format.end();
    await this.#drain();
    await this.#writing;
    await this.#calls.run(`close of ${this.names.inUse}`, () => this.#output.close());
  }

  abandon(): void {
    this.#views = [];
    this.#output.abandon();
  }
}
