/** What `millrace status` shows of the files. */
import type { Gauges } from '../../component/counters.ts';
import { type ProgressTable, progressTable } from '../../component/progress.ts';
import type { TailFile } from './tail-file.ts';

function lagBytes(file: TailFile): number {
  return Math.max(0, file.size - file.place.pos);
}

/** Those most behind first, then by name. */
export function filesProgress(files: Iterable<TailFile>, nowMs: number): ProgressTable {
  const all = [...files].sort((a, b) => lagBytes(b) - lagBytes(a) || (a.path.text < b.path.text ? -1 : 1));
  return progressTable('files', all, (file) => ({
    file: file.path.text,
    state: stateOf(file),
    'position bytes': file.place.pos,
    'size bytes': Math.max(file.size, file.place.pos),
    'lag bytes': lagBytes(file),
    'lag ms': file.behindMs === 0 ? 0 : Math.max(0, nowMs - file.behindMs),
  }));
}

function stateOf(file: TailFile): string {
  if (file.trouble !== null) return `failed: ${file.trouble}`;
  if (file.home === null) return 'renamed or deleted';
  if (file.behindMs > 0) return 'reading';
  return file.fd === null ? 'closed' : 'at its end';
}

/** All of them together, but for those that failed. */
export function filesGauges(files: Iterable<TailFile>, nowMs: number): Gauges {
  let count = 0;
  let bytes = 0;
  let sinceMs = nowMs;
  for (const file of files) {
    count++;
    bytes += lagBytes(file);
    if (file.behindMs > 0) sinceMs = Math.min(sinceMs, file.behindMs);
  }
  return { FileCount: count, FileLagBytes: bytes, FileLagMs: nowMs - sinceMs };
}
