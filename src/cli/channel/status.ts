/** What is inside a channel. While somebody holds it, only names and the lock are read. */
import { MillraceError } from '../../base/errors.ts';
import { nameOf } from '../../storage/lock.ts';
import { type DirectoryListing, listDirectory, type NamedFile } from '../../storage/log/listing.ts';
import { LogReader } from '../../storage/log/reader.ts';
import type { ParsedArguments } from '../arguments.ts';
import { EXIT, print } from '../command.ts';
import { plural, tryView } from './blocks.ts';
import { requireDirectories, type Target } from './target.ts';

/** What only a look into the files tells. */
interface Content {
  readonly events: number;
  /** Offset of the first untaken event, and the one that the next event gets. */
  readonly offsets: { readonly from: number; readonly to: number };
  /** When the blocks of the first and the last untaken event were made; null when there is none to read. */
  readonly oldest: string | null;
  readonly newest: string | null;
  /** What stands in the way of the next start, as far as was looked: `check` looks at everything. */
  readonly problems: readonly string[];
}

interface Status {
  readonly checkpointDir: string;
  readonly directories: readonly DirectoryListing[];
  /** Files of checkpoints that could not be read. */
  readonly damagedCheckpoints: readonly string[];
  /** Of the segments. */
  readonly bytes: number;
  readonly segments: number;
  /** Of the files that small groups of events go to first. */
  readonly journalBytes: number;
  readonly lock: { readonly state: 'free' | 'held' | 'left behind'; readonly holder: string | null };
  /** Null while the channel is held. */
  readonly content: Content | null;
}

export async function status(parsed: ParsedArguments, target: Target): Promise<number> {
  requireDirectories(target);
  const found = await statusOf(target);
  print(parsed.options.has('json') ? `${JSON.stringify(found, null, 2)}\n` : textOf(found));
  return EXIT.ok;
}

async function statusOf(target: Target): Promise<Status> {
  const before = target.dataDirs.map((path) => listDirectory(path));
  const lock = lockIn(before);
  const content = lock.state === 'held' ? null : await contentOf(target);
  // An agent may have started in between.
  const directories = target.dataDirs.map((path) => listDirectory(path));
  const segments = directories.flatMap((directory) => directory.segments);
  const journals = directories.flatMap((directory) => directory.journals);
  return {
    checkpointDir: target.checkpointDir,
    directories,
    damagedCheckpoints: listDirectory(target.checkpointDir).setAside.map(({ file }) => file),
    bytes: sizeOf(segments),
    journalBytes: sizeOf(journals),
    segments: segments.length,
    lock: content === null ? lockIn(directories) : lock,
    content,
  };
}

function sizeOf(files: readonly NamedFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function lockIn(directories: readonly DirectoryListing[]): Status['lock'] {
  const locks = directories.flatMap(({ lock }) => lock ?? []);
  const held = locks.find(({ isAlive }) => isAlive);
  if (held !== undefined) return { state: 'held', holder: nameOf(held.holder) };
  const left = locks[0];
  return left === undefined
    ? { state: 'free', holder: null }
    : { state: 'left behind', holder: nameOf(left.holder) };
}

async function contentOf(target: Target): Promise<Content | null> {
  let reader: LogReader;
  try {
    reader = await LogReader.open({ ...target, owner: 'millrace channel status' });
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'STORAGE_LOCKED') return null;
    throw error;
  }
  try {
    const { taken, end } = reader;
    const newest = await reader.newestUntaken();
    const times = [taken.low, newest?.first ?? end].map((from) => timeAt(reader, from));
    return {
      events: taken.untakenCount(end),
      offsets: { from: taken.untaken(taken.low, end)[0]?.[0] ?? end, to: end },
      oldest: times[0]!,
      newest: times[1]!,
      problems: problemsOf(reader),
    };
  } finally {
    reader.close();
  }
}

function problemsOf(reader: LogReader): string[] {
  return [
    ...(reader.checkpointProblem === null
      ? []
      : [`the checkpoint cannot be read: ${reader.checkpointProblem}`]),
    ...reader.damaged.map(({ file, why, what }) => {
      if (what === 'journal') return why;
      return what === 'segment' ? `${file} cannot be read: ${why}` : `${file} is damaged in part: ${why}`;
    }),
  ];
}

/** Of the first block at or behind an offset that can be read. */
function timeAt(reader: LogReader, from: number): string | null {
  let time: string | null = null;
  reader.walk(from, (found) => {
    if (found.what === 'block') {
      const view = tryView(found.value, found.key.count);
      if (typeof view !== 'string') time = new Date(view.originTimeMs).toISOString();
    }
    return time === null;
  });
  return time;
}

function textOf({
  checkpointDir,
  directories,
  damagedCheckpoints,
  bytes,
  segments,
  journalBytes,
  lock,
  content,
}: Status): string {
  const lines: [string, string][] = [['checkpoint', checkpointDir]];
  for (const { path } of directories) lines.push(['data', path]);
  const holder = lock.holder === null ? '' : ` by ${lock.holder}`;
  lines.push(['lock', `${lock.state}${holder}`]);
  if (content === null) {
    lines.push(['events', "not read while the channel is in use: see the agent's metrics, ChannelSize"]);
  } else {
    const { from, to } = content.offsets;
    lines.push(['events', content.events === 0 ? '0' : `${content.events}, offsets ${from} to ${to - 1}`]);
    if (content.events > 0) {
      lines.push(
        ['oldest', content.oldest ?? 'cannot be read'],
        ['newest', content.newest ?? 'cannot be read'],
      );
    }
  }
  lines.push(['segments', `${segments}, ${plural(bytes, 'byte')} on the disk`]);
  if (journalBytes > 0) lines.push(['journal', `${plural(journalBytes, 'byte')} on the disk`]);
  for (const { quarantined, setAside } of directories) {
    for (const { file, bytes: size } of quarantined) lines.push(['quarantined', `${file}, ${size} bytes`]);
    for (const { file, bytes: size } of setAside) lines.push(['damaged', `${file}, ${size} bytes`]);
  }
  for (const file of damagedCheckpoints) lines.push(['damaged', file]);
  for (const problem of content?.problems ?? []) lines.push(['problem', problem]);
  return lines.map(([name, text]) => `${name.padEnd(12)} ${text}\n`).join('');
}
