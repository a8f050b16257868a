/** The commit log of a sink, from its settings. */
import type { Logger } from '../../../base/log.ts';
import type { Calls } from '../calls.ts';
import { locate } from '../file-system/open.ts';
import type { OpenFileSystems } from '../file-systems.ts';
import { CommitLog, type CommitLogSetup } from './commit-log.ts';
import { RECORD_BYTES_MAX, RecordStore } from './record-store.ts';

export interface OpenSetup extends Omit<CommitLogSetup, 'placeOf' | 'openStore'> {
  /** URI of the directory of all records. */
  readonly recordsPlace: string;
  readonly fileSystems: OpenFileSystems;
  readonly calls: Calls;
  readonly log: Logger;
  /** What keeps a commit from going on; null when nothing does. */
  troubled(reason: string | null): void;
}

export function openCommitLog({ recordsPlace, fileSystems, troubled, ...setup }: OpenSetup): CommitLog {
  const { calls, log } = setup;
  return new CommitLog({
    ...setup,
    placeOf: (name) => `${recordsPlace}/${name}`,
    openStore: async (place) => {
      const { root, path: directory } = locate(place);
      const fileSystem = await fileSystems.of(root);
      const bytesMax = RECORD_BYTES_MAX;
      return new RecordStore({ fileSystem, directory, bytesMax, calls, log, troubled });
    },
  });
}
