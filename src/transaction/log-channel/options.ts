/** Options of the log that every channel over it has, and what they mean. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type OptionsOf, optionTable } from '../../component/options/table.ts';
import { JOURNAL_FILE_BYTES } from '../../storage/log/journal.ts';
import type { LogChannelSettings } from './channel.ts';
import { encryptionOptions } from './encryption.ts';

const REPLAY = 'there is no replay: the channel opens at once, whatever its backlog';

export const logOptions = optionTable({
  checkpointDir: {
    kind: 'string',
    flumeDefault: '~/.flume/file-channel/checkpoint',
    help: 'Directory of the checkpoint; ~/.flume/file-channel/checkpoint unless set.',
    example: '/var/lib/millrace/c1/checkpoint',
  },
  dataDirs: {
    kind: 'list',
    separator: /\s*,\s*/,
    help: 'Directories of the log, separated by commas, on disks of their own where possible; written in turn. ~/.flume/file-channel/data unless set.',
    example: '/disk1/c1/data,/disk2/c1/data',
  },
  transactionCapacity: {
    kind: 'int',
    unit: 'events',
    default: 10_000,
    min: 1,
    onBad: 'default',
    help: 'Most events of one transaction.',
  },
  checkpointInterval: {
    kind: 'duration',
    unit: 'ms',
    default: 30_000,
    min: 1,
    onBad: 'default',
    help: 'Longest time between two checkpoints while events flow; takes are on the disk with the puts behind them before.',
  },
  maxFileSize: {
    kind: 'size',
    unit: 'bytes',
    default: 128 * 1024 * 1024,
    flumeDefault: '1623195647',
    min: 1024 * 1024,
    max: 1_623_195_647,
    onBad: 'default',
    help: 'Size at which a segment is sealed and a new one begun. A segment is deleted once all its events are taken.',
  },
  minimumRequiredSpace: {
    kind: 'size',
    unit: 'bytes',
    default: 524_288_000,
    min: 1024 * 1024,
    help: 'Free bytes of a disk below which puts are refused.',
  },
  useDualCheckpoints: {
    kind: 'boolean',
    default: false,
    since: '1.4',
    deprecated: 'it has no effect: LMDB keeps the state before until the new one is on the disk',
    help: 'Accepted for old configurations.',
  },
  backupCheckpointDir: {
    kind: 'string',
    since: '1.4',
    deprecated: 'it has no effect, as useDualCheckpoints',
    help: 'Accepted for old configurations.',
  },
  compressBackupCheckpoint: {
    kind: 'boolean',
    default: false,
    since: '1.6',
    deprecated: 'it has no effect, as useDualCheckpoints',
    help: 'Accepted for old configurations.',
  },
  fsyncPerTransaction: {
    kind: 'boolean',
    default: true,
    since: '1.5',
    help: 'A put is answered when it is on the disk. false has no effect: puts that wait together share one sync.',
  },
  fsyncInterval: {
    kind: 'duration',
    unit: 's',
    default: 5,
    since: '1.5',
    deprecated: 'it has no effect: every group of puts is synced',
    help: 'Accepted for old configurations.',
  },
  checkpointOnClose: {
    kind: 'boolean',
    default: true,
    since: '1.6',
    deprecated: 'it has no effect: a checkpoint is written at every stop',
    help: 'Accepted for old configurations.',
  },
  'use-log-replay-v1': {
    kind: 'boolean',
    default: false,
    deprecated: REPLAY,
    help: 'Accepted for old configurations.',
  },
  'use-fast-replay': {
    kind: 'boolean',
    default: false,
    deprecated: REPLAY,
    help: 'Accepted for old configurations.',
  },
  'write-timeout': {
    kind: 'int',
    default: 10,
    deprecated: 'it has no effect, as in Flume',
    help: 'Accepted for old configurations.',
  },
  'checkpoint-timeout': {
    kind: 'int',
    default: 600,
    deprecated: 'it has no effect, as in Flume',
    help: 'Accepted for old configurations.',
  },
  ...encryptionOptions,
});

type LogOptions = OptionsOf<typeof logOptions>;

/** The checkpoint is small: it is written at least this often while takes come. */
const CHECKPOINT_MS_MAX = 1000;

export function logSettings(o: LogOptions): LogChannelSettings['log'] {
  const base = join(homedir(), '.flume', 'file-channel');
  return {
    checkpointDir: o.checkpointDir ?? join(base, 'checkpoint'),
    dataDirs: o.dataDirs.length > 0 ? o.dataDirs : [join(base, 'data')],
    segmentBytes: o.maxFileSize,
    journalBytes: Math.min(JOURNAL_FILE_BYTES, o.maxFileSize),
    freeBytesMin: o.minimumRequiredSpace,
    checkpointMs: Math.min(o.checkpointInterval, CHECKPOINT_MS_MAX),
  };
}
