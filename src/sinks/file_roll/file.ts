/**
 * One output file. Bytes of a batch are gathered as views and written with few calls; they count once `flush`
 * returned. After an error `restore` cuts the file back to what was committed, so that a repeated batch
 * stands in it once.
 */
import {
  closeSync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  unlinkSync,
  writeSync,
  writevSync,
} from 'node:fs';
import type { Writer } from '../../component/serializer.ts';

/** Fewer system calls than this many views bring no more speed. */
const VIEWS_MAX = 512;

export class OutputFile implements Writer {
  readonly path: string;
  readonly #fd: number;
  readonly #views: Uint8Array[] = [];
  #written = 0;
  #committed = 0;

  /**
   * Fails when the file exists: nothing is overwritten. Appends, so that writes go on where `restore` cut.
   */
  constructor(path: string) {
    this.path = path;
    this.#fd = openSync(path, 'ax');
  }

  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#views.push(bytes);
    if (this.#views.length >= VIEWS_MAX) this.#drain();
  }

  #drain(): void {
    const views = this.#views.splice(0);
    let total = 0;
    for (const view of views) total += view.length;
    let done = views.length === 1 ? writeSync(this.#fd, views[0]!) : writevSync(this.#fd, views);
    this.#written += done;
    // A short write is rare (a signal, a disk about to be full): the rest goes view by view, and errors
    // surface here.
    while (done < total) {
      const rest = remainder(views, done);
      const more = writeSync(this.#fd, rest);
      done += more;
      this.#written += more;
    }
  }

  /** Everything given to `write` is in the file (and on the disk, with `sync`). */
  flush(sync: boolean): void {
    if (this.#views.length > 0) this.#drain();
    if (sync) fdatasyncSync(this.#fd);
  }

  commit(): void {
    this.#committed = this.#written;
  }

  /** Takes back what was written since the last commit. */
  restore(): void {
    this.#views.length = 0;
    ftruncateSync(this.#fd, this.#committed);
    this.#written = this.#committed;
  }

  /** Takes the whole file back; it still has to be closed. */
  remove(): void {
    this.#views.length = 0;
    unlinkSync(this.path);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** The first view that is not wholly among the `done` bytes, from there on. */
function remainder(views: readonly Uint8Array[], done: number): Uint8Array {
  let left = done;
  for (const view of views) {
    if (left < view.length) return view.subarray(left);
    left -= view.length;
  }
  throw new Error('more bytes written than given');
}
