/**
 * Reads the files of a directory one after another:
 *
 *     list → open at its position → (chunk → put → position)* → unchanged? → mark as read → next
 *
 * The position of a file is stored after its events are committed, never before. What is wrong with one file
 * sets it aside (or stops the source, badFilePolicy); what is wrong with the disk holds all until it is over.
 */
import { messageOf } from '../../base/errors.ts';
import { javaPattern } from '../../base/java/regex.ts';
import type { Gauges } from '../../component/counters.ts';
import { madeOf } from '../../component/options/checked.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { ProgressTable } from '../../component/progress.ts';
import type { Source, SourceContext } from '../../component/source.ts';
import type { OpenReader } from './chunk.ts';
import { Completion, NameTaken } from './completion.ts';
import { Conditions } from './conditions.ts';
import { Delivery } from './delivery.ts';
import { builtInReaders, pluginReadersOf } from './deserializers.ts';
import {
  absolutePath,
  type Directories,
  directoriesOf,
  makeTrackerDirectory,
  prepareDirectories,
} from './directories.ts';
import { type FileEnd, FileRun } from './file-run.ts';
import { options } from './index.ts';
import { type Candidate, Listing } from './listing.ts';
import { Pauses } from './pauses.ts';
import { type Files, gaugesOf, progressTables } from './progress.ts';
import { FILES_MAX, SetAside, type SetAsideWhy } from './set-aside.ts';
import { type FileState, stateOf } from './spool-file.ts';
import { PositionTracker, type TrackedPosition } from './tracker.ts';

type Options = OptionsOf<typeof options>;

/** Pause between attempts to write to a disk that does not let it, doubled up to the second value. */
const DISK_MS_FIRST = 100;
const DISK_MS_MAX = 5000;
/** While there are files left, listing the directory anew takes at most one in so many parts of the time. */
const LISTING_SHARE = 10;
/** Longest wait for the channel's answer at the stop. */
const STOP_MS_MAX = 5000;

export function create(context: SourceContext): Source {
  return new SpoolDirectorySource(context, context.options as Options);
}

class SpoolDirectorySource implements Source {
  readonly #context: SourceContext;
  readonly #options: Options;
  readonly #directories: Directories;
  readonly #pauses = new Pauses();
  readonly #conditions: Conditions;
  readonly #listing: Listing;
  readonly #tracker: PositionTracker;
  readonly #setAside: SetAside;
  readonly #completion: Completion;
  readonly #delivery: Delivery;
  /** Null until a plug-in is loaded. */
  #openReader: OpenReader | null;
  #running: Promise<void> | null = null;
  /** What a source before this one left of a file. */
  #resume: TrackedPosition | null = null;
  /** The file that is being read. */
  #current: FileRun | null = null;
  #candidates: Candidate[] = [];
  #nextCandidate = 0;
  #listAtMs = 0;
  /** The stop did not wait any longer for the channel. */
  #isAbandoned = false;

  constructor(context: SourceContext, o: Options) {
    this.#context = context;
    this.#options = o;
    const { log } = context;
    const component = `source ${context.name}`;
    this.#directories = directoriesOf(o.spoolDir, o.trackerDir);
    this.#openReader = builtInReaders(context, o);
    const marksInTracker = o.trackingPolicy === 'tracker_dir';
    const shared = { ...this.#directories, fileSuffix: o.fileSuffix, marksInTracker, log };
    this.#conditions = new Conditions((reason) => context.degraded(reason));
    this.#tracker = new PositionTracker(this.#directories.trackerDir);
    this.#setAside = new SetAside(this.#directories.trackerDir, context.clock, log);
    this.#completion = new Completion({ ...shared, deletes: o.deletePolicy === 'immediate' });
    this.#delivery = new Delivery(context, this.#pauses, o.maxBackoff);
    this.#listing = new Listing({
      ...shared,
      // By Java's dot the default would leave out a name with a line end.
      include:
        o.includePattern === options.includePattern.default
          ? null
          : madeOf(component, 'includePattern', o.includePattern, javaPattern),
      ignore: madeOf(component, 'ignorePattern', o.ignorePattern, javaPattern),
      recursive: o.recursiveDirectorySearch,
      order: o.consumeOrder,
      onFailure: (text, error) => this.#failed(text, error),
    });
  }

  async start(): Promise<void> {
    const o = this.#options;
    const component = `source ${this.#context.name}`;
    this.#openReader ??= await pluginReadersOf(this.#context, o);
    this.#log.info(`SpoolDirectorySource source starting with directory: ${o.spoolDir}`);
    await prepareDirectories(component, this.#directories, o.trackingPolicy === 'rename');
    await this.#setAside.load();
    this.#resume = await this.#tracker.read().catch((error: unknown) => {
      this.#log.warn(`The tracker file cannot be read (${messageOf(error)}): its file is read anew`);
      return null;
    });
    this.#running = this.#run().catch((error: unknown) => {
      this.#context.counters.add('GenericProcessingFail', 1);
      this.#fatal(messageOf(error), error);
    });
  }

  progress(): readonly ProgressTable[] {
    return progressTables(this.#files(), this.#context.clock.now());
  }

  gauges(): Gauges {
    return gaugesOf(this.#files(), this.#context.clock.now());
  }

  #files(): Files {
    const waiting = this.#candidates.slice(this.#nextCandidate);
    return { current: this.#current?.position ?? null, waiting, setAside: this.#setAside };
  }

  get #log() {
    return this.#context.log.named('org.apache.flume.source.SpoolDirectorySource');
  }

  async #run(): Promise<void> {
    await this.#resumeFirst();
    while (!this.#pauses.stopped) {
      const candidate = await this.#next();
      if (candidate !== null) await this.#file(candidate.path);
      else await this.#pauses.sleep(this.#options.pollDelay);
    }
  }

  /** The file that was being read comes first, whatever the order: its place is known. */
  async #resumeFirst(): Promise<void> {
    const resume = this.#resume;
    if (resume === null) return;
    while (!(await this.#list())) {
      await this.#pauses.sleep(this.#options.pollDelay);
      if (this.#pauses.stopped) return;
    }
    const wanted = absolutePath(resume.file);
    const found = this.#candidates.find(({ path }) => absolutePath(path) === wanted);
    if (found === undefined) {
      await this.#persist('tracker', () => this.#tracker.remove());
    } else {
      this.#resume = { ...resume, file: found.path };
      await this.#file(found.path);
    }
    this.#resume = null;
    this.#listAtMs = 0;
  }

  /** Null when there is nothing to read. */
  async #next(): Promise<Candidate | null> {
    if (await this.#setAside.check(this.#completion.markOf)) await this.#saveSetAside();
    this.#showSetAside();
    const isRandom = this.#options.consumeOrder === 'random';
    const isEmpty = this.#nextCandidate >= this.#candidates.length;
    if (isEmpty || (!isRandom && performance.now() >= this.#listAtMs)) await this.#list();
    while (this.#nextCandidate < this.#candidates.length) {
      const candidate = this.#candidates[this.#nextCandidate++]!;
      if (!this.#setAside.has(candidate.path)) return candidate;
    }
    return null;
  }

  /** False when the directory cannot be read. */
  async #list(): Promise<boolean> {
    const beganMs = performance.now();
    this.#candidates = [];
    this.#nextCandidate = 0;
    try {
      this.#candidates = await this.#listing.list();
    } catch (error) {
      const { spoolDir } = this.#directories;
      const text = `I/O exception occurred while listing directories. ${spoolDir}: ${messageOf(error)}`;
      if (this.#conditions.set('directory', text)) this.#failed(text, error);
      return false;
    }
    if (this.#conditions.set('directory', null)) {
      this.#log.info(`${this.#directories.spoolDir} can be read again`);
      await this.#persist('tracker directory', () => makeTrackerDirectory(this.#directories.trackerDir));
    }
    const tookMs = performance.now() - beganMs;
    this.#listAtMs = beganMs + Math.max(this.#options.pollDelay, tookMs * LISTING_SHARE);
    return true;
  }

  /** Reads a file to its end and marks it as read. */
  async #file(path: string): Promise<void> {
    const run = new FileRun({
      path,
      context: this.#context,
      options: this.#options,
      delivery: this.#delivery,
      openReader: this.#openReader!,
      isMarkable: this.#setAside.get(path)?.why === 'name-taken',
      positionOf: (state) => this.#positionOf(path, state),
      store: (state, offset) => this.#store(path, state, offset),
    });
    this.#current = run;
    const end = await run.run().finally(() => {
      this.#current = null;
    });
    switch (end.what) {
      case 'gone':
        return;
      case 'stopped':
        return;
      case 'read':
        return await this.#complete(path, end);
      case 'bad':
        return await this.#badFile(path, end);
    }
  }

  /** Where reading of a file begins. */
  #positionOf(path: string, state: FileState): number {
    const tracked = this.#resume?.file === path ? this.#resume : null;
    const aside = this.#setAside.get(path);
    const known = tracked ?? aside ?? null;
    if (known === null || known.offset === 0) return 0;
    const isOther = known.inode !== null && known.inode !== state.inode;
    const isCorrected =
      tracked === null &&
      aside?.why === 'damaged' &&
      (aside.mtimeMs !== state.mtimeMs || aside.size !== state.size);
    if (!isOther && !isCorrected && known.offset <= state.size) return known.offset;
    this.#log.warn(
      `${path} is not the file of which ${known.offset} bytes were read: it is read from its beginning`,
    );
    return 0;
  }

  async #store(path: string, state: FileState, offset: number): Promise<void> {
    // Another source may read the file by now.
    if (this.#isAbandoned) return;
    await this.#persist('position', () => this.#tracker.store(path, state.inode, offset));
  }

  async #complete(path: string, end: Extract<FileEnd, { what: 'read' }>): Promise<void> {
    let taken: NameTaken | null = null;
    const marked = await this.#persist(`end of ${path}`, async () => {
      try {
        await this.#completion.complete(path);
      } catch (error) {
        if (error instanceof NameTaken) taken = error;
        else if ((await stateOf(path)) !== null) throw error;
        else this.#log.warn(`${path} was read and is gone before it could be marked as read`);
      }
    });
    if (!marked) return await this.#store(path, end.state, end.offset);
    if (taken !== null) {
      const reason = (taken as NameTaken).message;
      return await this.#badFile(path, { ...end, what: 'bad', why: 'name-taken', reason, error: taken });
    }
    if (this.#setAside.forget(path)) await this.#saveSetAside();
    await this.#persist('tracker', () => this.#tracker.remove());
  }

  async #badFile(path: string, bad: Extract<FileEnd, { what: 'bad' }>): Promise<void> {
    const { reason, why, error } = bad;
    // A file that could not be opened is where it was before.
    const { state, offset } = bad.state === null ? this.#known(path) : { ...bad, state: bad.state };
    this.#context.counters.add(why === 'unreadable' ? 'GenericProcessingFail' : 'EventReadFail', 1);
    const isFull = this.#setAside.count >= FILES_MAX && this.#setAside.get(path) === undefined;
    if (this.#options.badFilePolicy === 'stop' || isFull) {
      if (bad.state !== null) await this.#store(path, state, offset);
      this.#fatal(isFull ? `${reason}; ${FILES_MAX} files are set aside already` : reason, error);
      return;
    }
    const text = `${reason}. The file is set aside at byte ${offset}, the others are read on. ${REMEDIES[why]}`;
    this.#log.error(`source ${this.#context.name}: ${text}`, error);
    const since = new Date(this.#context.clock.now()).toISOString();
    const { mtimeMs, size, inode } = state;
    this.#setAside.add({ file: path, why, reason, offset, size, mtimeMs, inode, since });
    if (await this.#saveSetAside()) await this.#persist('tracker', () => this.#tracker.remove());
    // Given up at a stop: the position must be found somewhere.
    else if (bad.state !== null) await this.#store(path, state, offset);
    this.#showSetAside();
  }

  #known(path: string): { state: FileState; offset: number } {
    const aside = this.#setAside.get(path);
    if (aside !== undefined) return { state: aside, offset: aside.offset };
    const tracked = this.#resume?.file === path ? this.#resume : null;
    return { state: { mtimeMs: 0, size: 0, inode: tracked?.inode ?? '' }, offset: tracked?.offset ?? 0 };
  }

  /** False when it is given up at the stop. */
  async #saveSetAside(): Promise<boolean> {
    return await this.#persist('list of files that are set aside', () => this.#setAside.save());
  }

  #showSetAside(): void {
    this.#conditions.set('set aside', this.#setAside.summary());
  }

  #failed(text: string, error: unknown): void {
    this.#context.counters.add('GenericProcessingFail', 1);
    this.#log.error(text, error);
  }

  /**
   * Does what must not be left out (a position, a new name) until it succeeds: a disk that is full or
   * read-only holds the source, as going on would make more and more duplicates. False when it is given up
   * at the stop.
   */
  async #persist(what: string, act: () => Promise<void>): Promise<boolean> {
    for (let pauseMs = DISK_MS_FIRST; ; pauseMs = Math.min(pauseMs * 2, DISK_MS_MAX)) {
      try {
        await act();
        if (this.#conditions.set('disk', null)) this.#log.info(`The ${what} is written`);
        return true;
      } catch (error) {
        const text = `The ${what} cannot be written: ${messageOf(error)}. Nothing is read until it can`;
        if (this.#conditions.set('disk', text)) this.#failed(`source ${this.#context.name}: ${text}`, error);
        if (this.#pauses.stopped) return false;
        // The directory may have been removed and made anew.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
          await makeTrackerDirectory(this.#directories.trackerDir).catch(() => {});
        }
        await this.#pauses.sleep(pauseMs);
      }
    }
  }

  /** Flume's end of the source: it reads nothing more. */
  #fatal(reason: string, error: unknown): void {
    const { spoolDir } = this.#options;
    this.#log.error(
      `FATAL: Spool Directory source ${this.#context.name}: { spoolDir: ${spoolDir} }: Uncaught exception ` +
        'in SpoolDirectorySource thread. Restart or reconfigure Flume to continue processing. ' +
        reason,
      error,
    );
    this.#conditions.set('stopped', reason);
    this.#pauses.end();
  }

  async stop(): Promise<void> {
    this.#pauses.end();
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_MS_MAX);
    });
    await Promise.race([this.#running, deadline]);
    clearTimeout(timer);
    this.#isAbandoned = true;
    await this.#tracker.close().catch(() => {});
  }
}

const REMEDIES: Readonly<Record<SetAsideWhy, string>> = {
  changed:
    'Put files into the directory whole, by a rename. What was added is read when the file has been quiet for ' +
    'ten seconds; after any other change start the agent again',
  'name-taken': 'Move the file away whose name is taken; it is then marked as read without being read again',
  unreadable: 'Let the agent’s user read it; it is tried again every ten seconds',
  damaged: 'Correct the file or the options of the source, then start the agent again',
};
