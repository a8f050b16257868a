/** How far the files of the directory are, for an operator who asks. */
import type { Gauges } from '../../component/counters.ts';
import { type ProgressTable, progressTable } from '../../component/progress.ts';
import type { Candidate } from './listing.ts';
import type { SetAside } from './set-aside.ts';

export interface FilePosition {
  readonly path: string;
  /** Bytes whose events are committed; none when it waits. */
  readonly offset?: number;
  readonly size: number;
  readonly mtimeMs: number;
}

/** Sizes and times are those of when a file was opened or listed. */
export interface Files {
  readonly current: FilePosition | null;
  readonly waiting: readonly Candidate[];
  readonly setAside: Pick<SetAside, 'count' | 'entries' | 'has'>;
}

/** The one that is read, then those that wait. */
function positionsOf({ current, waiting, setAside }: Files): readonly FilePosition[] {
  const positions: FilePosition[] = current === null ? [] : [current];
  for (const file of waiting) if (!setAside.has(file.path)) positions.push(file);
  return positions;
}

function lagBytes({ offset = 0, size }: FilePosition): number {
  return Math.max(0, size - offset);
}

/** A file waits from its last change on. */
function lagMs(file: FilePosition, nowMs: number): number {
  return lagBytes(file) === 0 ? 0 : Math.max(0, Math.round(nowMs - file.mtimeMs));
}

export function progressTables(files: Files, nowMs: number): readonly ProgressTable[] {
  const table = progressTable('files', positionsOf(files), (file) => ({
    file: file.path,
    state: file === files.current ? 'reading' : 'waiting',
    'position bytes': file.offset ?? 0,
    'size bytes': file.size,
    'lag bytes': lagBytes(file),
    'lag ms': lagMs(file, nowMs),
  }));
  if (files.setAside.count === 0) return [table];
  const aside = progressTable('files set aside', files.setAside.entries, (entry) => ({
    file: entry.file,
    'position bytes': entry.offset,
    'size bytes': entry.size,
    since: entry.since,
    reason: entry.reason,
  }));
  return [table, aside];
}

export function gaugesOf(files: Files, nowMs: number): Gauges {
  const positions = positionsOf(files);
  return {
    FileCount: positions.length,
    FileFailedCount: files.setAside.count,
    FileLagBytes: positions.reduce((sum, file) => sum + lagBytes(file), 0),
    FileLagMs: positions.reduce((most, file) => Math.max(most, lagMs(file, nowMs)), 0),
  };
}
