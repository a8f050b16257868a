/**
 * Reads the events that a file channel of Java Flume (1.3 to 1.11, format version 3) still holds, so that
 * they are not lost when the agent is replaced: the puts that were committed and not taken by a committed
 * take.
 *
 * Layout of a channel:
 *   checkpointDir/  checkpoint, checkpoint.meta, inflightputs, inflighttakes   see checkpoint.ts
 *                   queueset/ (a scratch file of Flume's start), in_use.lock   see lock.ts
 *   dataDirs[i]/    log-N       records, then fill                             see log-scanner.ts, record.ts
 *                   log-N.meta  delimited message {1 version, 2 logFileID, 3 checkpointPosition,
 *                               4 checkpointWriteOrderID, 5 encryption {1 cipherProvider, 2 keyAlias,
 *                               3 parameters}, 6 and 7 of a backup checkpoint}
 *                   in_use.lock
 *   N counts over all data directories. A transaction writes to one directory, by its number; the order among
 *   directories is that of the write order in each record.
 * Operations: `readBacklog` refuses what it cannot read whole (a directory in use, another version, missing
 *   keys or metadata) and plays the logs back, see replay.ts; `events` then reads the puts in the order of
 *   the queue.
 * Source of truth: the checkpoint and what was written to the logs after it, as for Flume. Without a usable
 *   checkpoint, or when told so, the logs from their start: the same events, but in the rare case that Flume
 *   kept an old file of one data directory after it had removed the takes of its events with a file of
 *   another one.
 * Order: that in which transactions were committed, and within one that of its puts; events that were being
 *   taken at the checkpoint come first, in the order in which they were put (Flume has them in no certain
 *   order).
 * Damage: a torn or undecodable record, or an event whose checksum is wrong, is skipped with a finding and
 *   the rest is read. (Flume does not start then, until its integrity tool has crossed the record out.)
 * Limits: 32 bytes of memory for an event in the queue; one event at a time; 256 KiB of each of up to 16
 *   files. The calls are synchronous: a gigabyte takes seconds, use them in a thread that may wait.
 *
 * It writes nothing: no lock, no checkpoint, no renamed metadata; the caller keeps agents away, and remembers
 * that the backlog was read. It does not read version 2 (Flume 1.2), backups of dual checkpoints (the logs
 * have it all) and ciphers of plug-ins. It does not deliver twice what was taken, rolled back and taken again
 * after a checkpoint, as Flume does.
 */
import { MillraceError } from '../../base/errors.ts';
import type { Finding } from '../../base/finding.ts';
import { readCheckpoint } from './checkpoint.ts';
import type { KeySource } from './cipher.ts';
import { findLogs, type LogFile } from './directory.ts';
import { Findings } from './findings.ts';
import { refuseIfHeld } from './lock.ts';
import { LogScanner } from './log-scanner.ts';
import { PutReader } from './put-reader.ts';
import type { FlumeEvent } from './record.ts';
import { type Replayed, replay } from './replay.ts';

export type { KeySource } from './cipher.ts';
export { type KeyStoreFiles, keysOfStore } from './keys.ts';
export type { FlumeEvent } from './record.ts';

export interface BacklogSettings {
  readonly checkpointDir: string;
  /** All of the channel. */
  readonly dataDirs: readonly string[];
  /** For encrypted log files; see `keysOfStore`. */
  readonly keys?: KeySource;
  /** False to trust the logs alone; true by default. */
  readonly useCheckpoint?: boolean;
}

/**
 * @throws MillraceError STORAGE_LOCKED when an agent holds a directory; STORAGE_DAMAGED when a log file is of
 * another version or has no metadata; CONF_OPTION_VALUE when a directory or a key is missing or wrong.
 */
export function readBacklog(settings: BacklogSettings): Backlog {
  const { checkpointDir, dataDirs, keys, useCheckpoint = true } = settings;
  if (dataDirs.length === 0) {
    throw new MillraceError('CONF_OPTION_VALUE', 'no data directory is given', {
      option: 'dataDirs',
      remedy: 'name the directories that the Flume channel had',
    });
  }
  const findings = new Findings();
  refuseIfHeld([checkpointDir, ...dataDirs], findings);
  const files = findLogs(dataDirs, keys, findings);
  for (const file of files) if (file.cipher !== null) refuseWrongKey(file);
  const checkpoint = useCheckpoint ? readCheckpoint(checkpointDir) : 'it is not wanted';
  if (typeof checkpoint === 'string') {
    findings.add('info', 'all log files are read', checkpointDir, `no checkpoint is used: ${checkpoint}`);
  } else {
    const { queueSize, writeOrderId } = checkpoint;
    findings.add('info', 'the checkpoint is used', checkpointDir, `${queueSize} events at ${writeOrderId}`);
  }
  return new Backlog(
    files,
    replay(files, typeof checkpoint === 'string' ? null : checkpoint, findings),
    findings,
  );
}

export class Backlog {
  readonly #files: readonly LogFile[];
  readonly #replayed: Replayed;
  readonly #findings: Findings;
  /** Events in the queue. `events` gives that many, less those that are findings. */
  readonly eventCount: number;

  constructor(files: readonly LogFile[], replayed: Replayed, findings: Findings) {
    this.#files = files;
    this.#replayed = replayed;
    this.#findings = findings;
    this.eventCount = replayed.head.length + replayed.queue.size;
  }

  /** All so far: events that cannot be read are found by `events`. */
  get findings(): readonly Finding[] {
    return this.#findings.list();
  }

  /** The events in Flume's order, read as they are asked for. Files are closed when the iteration ends. */
  *events(): Generator<FlumeEvent, void, undefined> {
    const reader = new PutReader(this.#files, this.#findings);
    try {
      for (const pointers of [this.#replayed.head, this.#replayed.queue]) {
        for (const pointer of pointers) {
          const event = reader.read(pointer);
          if (event !== null) yield event;
        }
      }
    } finally {
      reader.close();
    }
  }
}

/** Before anything is read: the checkpoint may leave nothing of a file to the replay. */
function refuseWrongKey(file: LogFile): void {
  const scanner = new LogScanner(file, 0, new Findings());
  scanner.advance();
  scanner.close();
}
