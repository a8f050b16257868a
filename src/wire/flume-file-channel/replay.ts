/**
 * Plays the logs back as Flume does at its start: the queue begins as the checkpoint left it, or empty; then
 * the records of all files, merged by their write order, put events at its tail when their transaction was
 * committed and take away what committed transactions took.
 *
 * Records of the same write order (Flume 1.2 wrote such) are ordered by transaction, then take, put,
 * rollback, commit. Open transactions end with nothing: their puts are dropped, their takes are not. What was
 * being taken at the checkpoint is in no ring: unless it was taken for good afterwards, it goes back to the
 * head of the queue.
 */
import type { Checkpoint, OpenTransaction } from './checkpoint.ts';
import type { LogFile } from './directory.ts';
import type { Findings } from './findings.ts';
import { LogScanner } from './log-scanner.ts';
import { OFFSETS, PointerQueue } from './pointer-queue.ts';
import { PUT, ROLLBACK, TAKE } from './record.ts';

/** By record type: takes and puts come before the end of their transaction. */
const RANK = [0, 1, 0, 2, 3];

export interface Replayed {
  /** Pointers that go before the queue. */
  readonly head: readonly number[];
  readonly queue: PointerQueue;
}

export function replay(
  files: readonly LogFile[],
  checkpoint: Checkpoint | null,
  findings: Findings,
): Replayed {
  const run = new Replay(files, findings);
  if (checkpoint !== null) run.begin(checkpoint);
  run.readLogs(checkpoint?.writeOrderId ?? 0);
  return { head: run.untaken(), queue: run.queue };
}

class Replay {
  readonly queue = new PointerQueue();
  readonly #files: readonly LogFile[];
  readonly #findings: Findings;
  readonly #indexes: ReadonlyMap<number, number>;
  /** Puts or takes of transactions without an end so far. */
  readonly #open = new Map<number, number[]>();
  /** What was being taken at the checkpoint, by transaction. */
  readonly #openTakes = new Map<number, readonly number[]>();
  /** Taken for good, but not in the queue: taken before the checkpoint, or put in a record yet to come. */
  readonly #taken = new Set<number>();

  constructor(files: readonly LogFile[], findings: Findings) {
    this.#files = files;
    this.#findings = findings;
    this.#indexes = new Map(files.map(({ fileId, index }) => [fileId, index]));
  }

  begin(checkpoint: Checkpoint): void {
    const missing = new Map<number, number>();
    checkpoint.forEach((fileId, offset) => {
      const pointer = this.#pointer(fileId, offset);
      if (pointer >= 0) this.queue.add(pointer);
      else missing.set(fileId, (missing.get(fileId) ?? 0) + 1);
    });
    for (const [fileId, count] of missing) {
      const detail = `${count} events of the checkpoint were in it`;
      this.#findings.add('error', 'a log file is missing', `log-${fileId}`, detail);
    }
    for (const one of checkpoint.openPuts) this.#open.set(one.transactionId, this.#pointers(one));
    for (const one of checkpoint.openTakes) this.#openTakes.set(one.transactionId, this.#pointers(one));
  }

  /** Reads what was written after `writeOrderId`. */
  readLogs(writeOrderId: number): void {
    const merge = new Merge();
    try {
      for (const file of this.#files) {
        const { checkpointPosition, checkpointWriteOrderId } = file;
        const position = checkpointWriteOrderId <= writeOrderId ? checkpointPosition : 0;
        merge.add(new LogScanner(file, position, this.#findings));
      }
      for (let record = merge.top; record !== null; record = merge.next()) {
        if (record.writeOrderId > writeOrderId) this.#apply(record);
      }
    } finally {
      merge.close();
    }
    if (this.#open.size === 0) return;
    const detail = `${this.#open.size}, their puts are left out and their takes undone`;
    this.#findings.add('info', 'transactions without an end', null, detail);
  }

  /** What was being taken at the checkpoint and is still there, in the order in which it was put. */
  untaken(): readonly number[] {
    const pointers = [...this.#openTakes.values()].flat().filter((pointer) => !this.#taken.has(pointer));
    const orders = new Map(pointers.map((pointer) => [pointer, this.#writeOrderOf(pointer)]));
    return pointers.sort((a, b) => orders.get(a)! - orders.get(b)! || a - b);
  }

  #apply(record: LogScanner): void {
    const { type, transactionId } = record;
    if (type === PUT || type === TAKE) {
      const pointer =
        type === PUT
          ? record.file.index * OFFSETS + record.offset
          : this.#pointer(record.takenFileId, record.takenOffset);
      // A put whose file is gone was delivered long ago.
      if (pointer < 0) return;
      const pointers = this.#open.get(transactionId);
      if (pointers === undefined) this.#open.set(transactionId, [pointer]);
      else pointers.push(pointer);
      return;
    }
    const pointers = this.#open.get(transactionId);
    this.#open.delete(transactionId);
    if (type === ROLLBACK) return;
    if (record.committed === TAKE) {
      for (const pointer of this.#openTakes.get(transactionId) ?? []) this.#taken.add(pointer);
      for (const pointer of pointers ?? []) if (!this.queue.remove(pointer)) this.#taken.add(pointer);
    } else {
      for (const pointer of pointers ?? []) if (!this.#taken.delete(pointer)) this.queue.add(pointer);
    }
  }

  #writeOrderOf(pointer: number): number {
    const index = Math.floor(pointer / OFFSETS);
    const scanner = new LogScanner(this.#files[index]!, pointer - index * OFFSETS, this.#findings);
    const found = scanner.advance();
    scanner.close();
    return found ? scanner.writeOrderId : 0;
  }

  /** Of transactions that were open at the checkpoint; Flume keeps them unordered. */
  #pointers({ pointers }: OpenTransaction): number[] {
    const known = pointers.map(([fileId, offset]) => this.#pointer(fileId, offset));
    return known.filter((pointer) => pointer >= 0).sort((a, b) => a - b);
  }

  /** Negative when the file is not there. */
  #pointer(fileId: number, offset: number): number {
    const index = this.#indexes.get(fileId);
    return index === undefined ? -1 : index * OFFSETS + offset;
  }
}

/** The scanners by the record that they stand on: a heap with the first one on top. */
class Merge {
  readonly #heap: LogScanner[] = [];

  /** A scanner that has not begun. */
  add(scanner: LogScanner): void {
    const heap = this.#heap;
    if (!scanner.advance()) return;
    let at = heap.push(scanner) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(scanner, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = scanner;
  }

  get top(): LogScanner | null {
    return this.#heap[0] ?? null;
  }

  next(): LogScanner | null {
    const heap = this.#heap;
    let moved = heap[0]!;
    if (!moved.advance()) {
      moved = heap.pop()!;
      if (heap.length === 0) return null;
    }
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, moved)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = moved;
    return heap[0]!;
  }

  close(): void {
    for (const scanner of this.#heap) scanner.close();
  }
}

function before(a: LogScanner, b: LogScanner): boolean {
  if (a.writeOrderId !== b.writeOrderId) return a.writeOrderId < b.writeOrderId;
  if (a.transactionId !== b.transactionId) return a.transactionId < b.transactionId;
  if (a.type !== b.type) return RANK[a.type]! < RANK[b.type]!;
  return a.file.index < b.file.index;
}
