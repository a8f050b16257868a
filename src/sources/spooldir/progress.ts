/** How far the files of the directory are, for an operator who asks. */
import { type ProgressTable, progressTable } from '../../component/progress.ts';
import type { Candidate } from './listing.ts';
import type { SetAsideFile } from './set-aside.ts';

export interface FilePosition {
  readonly path: string;
  /** Bytes whose events are committed. */
  readonly offset: number;
  readonly size: number;
}

type FileRow =
  | { readonly state: 'reading'; readonly file: FilePosition }
  | { readonly state: 'waiting'; readonly file: Candidate };

/** Sizes are those of when the file was opened or listed. */
export function progressTables(
  current: FilePosition | null,
  waiting: readonly Candidate[],
  setAside: readonly SetAsideFile[],
): readonly ProgressTable[] {
  const over = new Set(setAside.map(({ file }) => file));
  const rows: FileRow[] = waiting
    .filter(({ path }) => !over.has(path))
    .map((file) => ({ state: 'waiting', file }));
  if (current !== null) rows.unshift({ state: 'reading', file: current });
  const files = progressTable('files', rows, ({ state, file }) => {
    const position = state === 'reading' ? file.offset : 0;
    return {
      file: file.path,
      state,
      'position bytes': position,
      'size bytes': file.size,
      'lag bytes': Math.max(0, file.size - position),
    };
  });
  if (setAside.length === 0) return [files];
  const aside = progressTable('files set aside', setAside, ({ file, offset, size, reason, since }) => ({
    file,
    'position bytes': offset,
    'size bytes': size,
    since,
    reason,
  }));
  return [files, aside];
}
