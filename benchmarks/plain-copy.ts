/**
 * The bound of `taildir-mem-fileroll`: one thread that only reads the same file and one that only writes what
 * the other has read, with a few buffers between them. Nothing that reads and writes every byte on two cores
 * can be faster.
 */
import { once } from 'node:events';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { inDirectory } from './directory.ts';
import { LINES_FILE } from './flows/index.ts';
import { linesFile } from './measure.ts';
import { fillPageCache } from './page-cache.ts';
import { spreadOf } from './statistics.ts';

const BUFFERS = 6;
const BUFFER_BYTES = 960 * 1024;
/** Words of the shared state: buffers read, buffers written; then the length of each. */
const READ = 0;
const WRITTEN = 1;
const LENGTHS = 2;

interface Shared {
  readonly bytes: SharedArrayBuffer;
  readonly state: SharedArrayBuffer;
  readonly path: string;
}

function buffersOf({ bytes }: Shared): Buffer[] {
  return Array.from({ length: BUFFERS }, (_, i) => Buffer.from(bytes, i * BUFFER_BYTES, BUFFER_BYTES));
}

/** An empty buffer is the end. */
function read(shared: Shared, from: string): void {
  const state = new Int32Array(shared.state);
  const buffers = buffersOf(shared);
  const fd = openSync(from, 'r');
  for (let n = 0, bytes = 1; bytes > 0; n++) {
    Atomics.wait(state, WRITTEN, n - BUFFERS);
    bytes = readSync(fd, buffers[n % BUFFERS]!, 0, BUFFER_BYTES, null);
    state[LENGTHS + (n % BUFFERS)] = bytes;
    Atomics.store(state, READ, n + 1);
    Atomics.notify(state, READ);
  }
  closeSync(fd);
}

function write(shared: Shared): void {
  const state = new Int32Array(shared.state);
  const buffers = buffersOf(shared);
  const fd = openSync(shared.path, 'ax');
  parentPort!.postMessage('ready');
  for (let n = 0; ; n++) {
    Atomics.wait(state, READ, n);
    const bytes = state[LENGTHS + (n % BUFFERS)]!;
    if (bytes === 0) break;
    writeSync(fd, buffers[n % BUFFERS]!, 0, bytes);
    Atomics.store(state, WRITTEN, n + 1);
    Atomics.notify(state, WRITTEN);
  }
  closeSync(fd);
}

async function seconds(from: string, path: string): Promise<number> {
  const shared: Shared = {
    bytes: new SharedArrayBuffer(BUFFERS * BUFFER_BYTES),
    state: new SharedArrayBuffer(4 * (LENGTHS + BUFFERS)),
    path,
  };
  fillPageCache();
  const worker = new Worker(new URL(import.meta.url), { workerData: shared });
  await once(worker, 'message');
  const ended = once(worker, 'exit');
  const begunMs = performance.now();
  read(shared, from);
  await ended;
  return (performance.now() - begunMs) / 1000;
}

export async function plainCopy(runs: number): Promise<string> {
  const { bytes, lineBytes } = LINES_FILE;
  const from = linesFile();
  const rates: number[] = [];
  for (let run = 0; run < runs; run++) {
    const took = await inDirectory((directory) => seconds(from, join(directory, 'out')));
    rates.push(bytes / 1e6 / took);
  }
  const { median, min, max } = spreadOf(rates);
  return (
    `copy: ${bytes / 1e9} GB read by one thread and written by another: ${median.toFixed(0)} MB/s ` +
    `(${min.toFixed(0)} – ${max.toFixed(0)} in ${runs} runs), ${(median / lineBytes).toFixed(2)} M lines/s`
  );
}

if (!isMainThread && workerData !== null && 'state' in workerData) write(workerData as Shared);
