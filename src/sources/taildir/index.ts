import { FILE_COUNTERS } from '../../component/counters.ts';
import type { SourceDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  filegroups: {
    kind: 'list',
    required: true,
    help: 'Names of the groups of files, separated by blanks.',
    example: 'f1',
  },
  'filegroups.*': {
    kind: 'map',
    help: 'For each group the files: an absolute path whose last part is a Java regular expression for the whole name. The directory is taken literally and must exist.',
    example: '/var/log/app/.*\\\\.log',
  },
  'headers.*': {
    kind: 'map',
    help: 'Headers of a group’s events: headers.GROUP.NAME = VALUE.',
  },
  positionFile: {
    kind: 'string',
    flumeDefault: '~/.flume/taildir_position.json',
    help: 'Where positions are kept, in Flume’s form; by default .flume/taildir_position.json in the home directory. Its directory is made. Beside it stands a file of the same name with .millrace at the end.',
    example: '/var/lib/flume/taildir_position.json',
  },
  byteOffsetHeader: {
    kind: 'boolean',
    default: false,
    help: 'Gives each event the header byteoffset: where its line starts in the file.',
  },
  skipToEnd: {
    kind: 'boolean',
    default: false,
    help: 'At the start, files without a known position begin at their end; files that come later begin at 0.',
  },
  idleTimeout: {
    kind: 'duration',
    unit: 'ms',
    default: 120_000,
    min: 1,
    help: 'A file that has not grown for this time is closed, and what stands without a line end at its end is delivered.',
  },
  writePosInterval: {
    kind: 'duration',
    unit: 'ms',
    default: 3000,
    min: 1,
    help: 'Time between two writings of the position file. After a crash at most the lines of this time are read again.',
  },
  batchSize: {
    kind: 'int',
    unit: 'events',
    default: 100,
    min: 1,
    help: 'Lines of one file that Flume puts in one transaction; with maxBatchCount the length of a file’s turn.',
  },
  maxBatchCount: {
    kind: 'int',
    since: '1.9',
    flumeDefault: '9223372036854775807',
    help: 'Batches of one file before others have their turn. Without it, or with 0 or less, a turn ends where the file ended when it began.',
  },
  backoffSleepIncrement: {
    kind: 'duration',
    unit: 'ms',
    default: 1000,
    min: 1,
    help: 'Polling: the pause grows by this each time nothing new was found. Directories that can be watched are not polled.',
  },
  maxBackoffSleep: {
    kind: 'duration',
    unit: 'ms',
    default: 5000,
    min: 1,
    help: 'Longest pause between two polls, and pause before a file that could not be read is tried again.',
  },
  cachePatternMatching: {
    kind: 'boolean',
    default: true,
    help: 'Lists a directory only when it has changed; false lists it at every poll.',
  },
  fileHeader: {
    kind: 'boolean',
    default: false,
    since: '1.7',
    help: 'Gives each event a header with the absolute path of its file.',
  },
  fileHeaderKey: { kind: 'string', default: 'file', since: '1.7', help: 'Name of that header.' },
  identity: {
    kind: 'enum',
    values: ['content', 'inode-path'],
    default: 'content',
    since: 'millrace',
    help: 'What makes a file the same file: inode, device and content, so that renamed, moved and copied files are not read again; or, as in Flume, inode and path, so that they are.',
  },
  watch: {
    kind: 'boolean',
    default: true,
    since: 'millrace',
    help: 'Lets the system tell of changes (inotify). Network file systems are polled in any case.',
  },
  maxOpenFiles: {
    kind: 'int',
    default: 1000,
    min: 1,
    since: 'millrace',
    help: 'Files held open; beyond it those not read for the longest time are closed until they grow. Files that were renamed or deleted stay open until they are read to their end.',
  },
  maxLineLength: {
    kind: 'size',
    unit: 'bytes',
    default: 14 * 1024 * 1024,
    min: 1,
    max: 14 * 1024 * 1024,
    since: 'millrace',
    help: 'Longest body. A longer line is split into events of this size, which is logged and counted as EventReadFail.',
  },
});

export default {
  kind: 'source',
  aliases: ['taildir'],
  classes: ['org.apache.flume.source.taildir.TaildirSource'],
  title: 'Lines of files that grow, with positions that are kept',
  stability: 'stable',
  options,
  batchSizeOption: 'batchSize',
  registersCounters: true,
  counters: FILE_COUNTERS,
  example:
    'a1.sources.r1.type = TAILDIR\na1.sources.r1.filegroups = f1\na1.sources.r1.filegroups.f1 = /var/log/app/.*\\\\.log\na1.sources.r1.positionFile = /var/lib/flume/taildir_position.json',
  load: () => import('./source.ts'),
} satisfies SourceDeclaration;
