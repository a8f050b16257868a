/**
 * Memory as on a machine that has run for a while: free pages hold files that were read, and a program that
 * needs one gets it by dropping those. On a virtual machine that has just started, or has just freed much,
 * the first use of a page is a fault of the host instead: writing a file was seen to cost five times the CPU
 * (a plain write and fdatasync fell from 385 to 190 MB/s after the first gigabyte), for either agent and by
 * chance. So before an agent is started the free memory is filled with a file of holes.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const GB = 1e9;
/** Left free: less than a run needs, more than what the kernel keeps for itself. */
const FREE_BYTES = 0.3 * GB;
/** Below this nothing is done. */
const WORTH_BYTES = 0.5 * GB;
/** More is not read: it would take minutes. */
const READ_BYTES_MAX = 64 * GB;
const CHUNK_BYTES = 4 * 1024 * 1024;
const CHUNKS_A_LOOK = 16;

/** Does nothing where /proc/meminfo is not there. */
export function fillPageCache(): void {
  const free = freeBytes();
  if (free < WORTH_BYTES) return;
  process.stderr.write(`filling the page cache (${(free / GB).toFixed(1)} GB are free) …\n`);
  // Kept: what is cached of it goes with it.
  const fd = openSync(join(tmpdir(), 'millrace-bench-holes'), 'a+');
  try {
    ftruncateSync(fd, READ_BYTES_MAX);
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (let at = 0, n = 0; at < READ_BYTES_MAX; at += CHUNK_BYTES) {
      readSync(fd, chunk, 0, CHUNK_BYTES, at);
      if (++n % CHUNKS_A_LOOK === 0 && freeBytes() < FREE_BYTES) return;
    }
  } finally {
    closeSync(fd);
  }
}

/** 0 when the system does not tell. */
function freeBytes(): number {
  try {
    const meminfo = readFileSync('/proc/meminfo', 'utf8');
    return Number(/^MemFree: +(\d+) kB$/m.exec(meminfo)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
