/**
 * A taildir source over real files in the test's own thread: a channel that the test moves, a disk that fails
 * when it is told to, and what was put as a list.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { SOURCE_COUNTERS } from '../../../src/component/counters.ts';
import { parseOptions } from '../../../src/component/options/parse.ts';
import type { OptionsOf } from '../../../src/component/options/table.ts';
import type { PutOutcome, SourceContext } from '../../../src/component/source.ts';
import { BatchBuilder } from '../../../src/memory/block/builder.ts';
import { allocateCounters, CounterSlots } from '../../../src/memory/counters/counters.ts';
import { BlockStore } from '../../../src/memory/store/store.ts';
import { type Disk, systemDisk } from '../../../src/sources/taildir/disk.ts';
import { options } from '../../../src/sources/taildir/index.ts';
import { TaildirSource } from '../../../src/sources/taildir/source.ts';
import { type Properties, RecordedLog } from '../../kit/part.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';

export interface PutEvent {
  readonly body: string;
  readonly headers: ReadonlyMap<string, string>;
}

/** How many events of a put are accepted; the rest is refused. */
export type Channel = (count: number) => number | Promise<number>;

function outOfDescriptors(): Error {
  return Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
}

/** Real files with faults between. */
export class BrokenDisk implements Disk {
  /** Calls that fail, by name and path, with an error code. */
  fails: (call: keyof Disk, path: string) => string | null = () => null;
  /** How many there are, as by `ulimit -n`. */
  descriptors = Number.POSITIVE_INFINITY;
  #inUse = 0;
  readonly #paths = new Map<number, string>();
  opened = 0;
  mostOpen = 0;

  #check(call: keyof Disk, path: string): void {
    const code = this.fails(call, path);
    if (code !== null) throw Object.assign(new Error(`${code}: ${call} ${path}`), { code });
  }

  /** A call that has a file open while it lasts. */
  async #withDescriptor<T>(call: () => Promise<T>): Promise<T> {
    if (this.#inUse >= this.descriptors) throw outOfDescriptors();
    this.#inUse++;
    return await call().finally(() => this.#inUse--);
  }

  open: Disk['open'] = async (path) => {
    this.#check('open', String(path));
    const fd = await systemDisk.open(path);
    if (this.#inUse >= this.descriptors) {
      await systemDisk.close(fd);
      throw outOfDescriptors();
    }
    this.#inUse++;
    this.#paths.set(fd, String(path));
    this.opened++;
    this.mostOpen = Math.max(this.mostOpen, this.#paths.size);
    return fd;
  };
  close: Disk['close'] = async (fd) => {
    this.#paths.delete(fd);
    await systemDisk.close(fd);
    this.#inUse--;
  };
  read: Disk['read'] = async (fd, buffer, at, length, position) => {
    this.#check('read', this.#paths.get(fd)!);
    return await systemDisk.read(fd, buffer, at, length, position);
  };
  readNow: Disk['readNow'] = (fd, buffer, at, length, position) => {
    this.#check('read', this.#paths.get(fd)!);
    return systemDisk.readNow(fd, buffer, at, length, position);
  };
  fstat = systemDisk.fstat;
  stat = systemDisk.stat;
  statNow = systemDisk.statNow;
  names: Disk['names'] = async (directory) => {
    this.#check('names', directory);
    return await this.#withDescriptor(() => systemDisk.names(directory));
  };
  watch: Disk['watch'] = (directory, told) => {
    this.#check('watch', directory);
    return systemDisk.watch(directory, told);
  };
  isRemote = systemDisk.isRemote;
  readFile: Disk['readFile'] = async (path) => {
    this.#check('readFile', path);
    return await this.#withDescriptor(() => systemDisk.readFile(path));
  };
  writeFile: Disk['writeFile'] = async (path, bytes) => {
    this.#check('writeFile', path);
    await this.#withDescriptor(() => systemDisk.writeFile(path, bytes));
  };
  rename: Disk['rename'] = async (from, to) => {
    this.#check('rename', to);
    await systemDisk.rename(from, to);
  };
  remove = systemDisk.remove;
  makeDirectory = systemDisk.makeDirectory;
  realPath = systemDisk.realPath;

  /** Files that are open now. */
  get openPaths(): readonly string[] {
    return [...this.#paths.values()];
  }
}

export class TailRig {
  /** Where the files are. */
  readonly directory: string;
  readonly positionFile: string;
  readonly events: PutEvent[] = [];
  readonly log = new RecordedLog();
  readonly counters = new CounterSlots(SOURCE_COUNTERS, allocateCounters(SOURCE_COUNTERS));
  readonly disk = new BrokenDisk();
  /** Sizes of the puts that were tried. */
  readonly puts: number[] = [];
  degraded: string | null = null;
  channel: Channel = (count) => count;
  readonly #properties: Properties;
  readonly #builder = new BatchBuilder(new BlockStore(1));
  #answers: Promise<unknown> = Promise.resolve();
  #source: TaildirSource | null = null;

  private constructor(t: Pick<TestContext, 'after'>, properties: Properties) {
    const base = temporaryDirectory();
    this.directory = join(base, 'logs');
    mkdirSync(this.directory);
    this.positionFile = join(base, 'positions', 'position.json');
    this.#properties = properties;
    t.after(() => this.stop());
  }

  /** `prepare` makes files before the source starts. `@` in a value is the directory of the files. */
  static async open(
    t: Pick<TestContext, 'after'>,
    properties: Properties = {},
    prepare: (rig: TailRig) => void = () => {},
  ): Promise<TailRig> {
    const rig = new TailRig(t, properties);
    prepare(rig);
    await rig.start();
    return rig;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  async start(more: Properties = {}): Promise<void> {
    const given: Record<string, string> = {
      filegroups: 'f1',
      'filegroups.f1': '@/.*\\.log',
      positionFile: this.positionFile,
      writePosInterval: '20',
      ...this.#properties,
      ...more,
    };
    for (const [key, value] of Object.entries(given)) given[key] = value.replaceAll('@', this.directory);
    const { values } = parseOptions(options, given, { component: 'source r1' });
    this.#source = new TaildirSource(this.#context(values), values as OptionsOf<typeof options>, this.disk);
    await this.#source.start();
  }

  async stop(): Promise<void> {
    const source = this.#source;
    this.#source = null;
    await source?.stop();
  }

  gauges() {
    return this.#source!.gauges();
  }

  progress() {
    return this.#source!.progress()[0]!.rows;
  }

  #context(values: unknown): SourceContext {
    return {
      name: 'r1',
      options: values,
      log: this.log,
      clock: systemClock,
      counters: this.counters,
      openBatch: (hint) => {
        this.#builder.begin(hint);
        return this.#builder;
      },
      put: (batch) => this.#put(batch),
      discard: (batch) => batch.cancel(),
      room: async () => {},
      settled: async () => {},
      rest: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      loadPlugin: async () => ({}),
      degraded: (reason) => {
        this.degraded = reason;
      },
    };
  }

  #put(batch: BatchBuilder): Promise<PutOutcome> {
    const events = Array.from({ length: batch.count }, (_, i) => ({
      body: batch.bodyText(i, 'latin1'),
      headers: new Map(batch.headers(i)),
    }));
    batch.cancel();
    this.puts.push(events.length);
    const answered = this.#answers.then(async () => {
      const accepted = await this.channel(events.length);
      this.events.push(...events.slice(0, accepted));
      const refusal = accepted === events.length ? null : { code: 'CHANNEL_FULL' as const, text: 'full' };
      return { accepted, refusal };
    });
    this.#answers = answered;
    return answered;
  }

  get bodies(): string[] {
    return this.events.map((event) => event.body);
  }

  async untilCount(count: number): Promise<void> {
    await until(`${count} events (now ${this.events.length})`, () => this.events.length >= count);
  }

  /** Resolves once the position file says so much of the file with this name. */
  async untilStored(name: string, pos: number): Promise<void> {
    await until(`position ${pos} of ${name} is stored`, () => this.stored().get(this.path(name)) === pos);
  }

  /** Flume's position file; empty while it is not written. */
  storedText(): string {
    return existsSync(this.positionFile) ? readFileSync(this.positionFile, 'utf8') : '';
  }

  /** Positions by path, as they stand there. */
  stored(): Map<string, number> {
    const text = this.storedText();
    const list = (text === '' ? [] : JSON.parse(text)) as { file: string; pos: number }[];
    return new Map(list.map(({ file, pos }) => [file, pos]));
  }
}

/** `count` numbered lines, long enough for a few of them to be told from others. */
export function numbered(prefix: string, count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix} ${from + n} ${'.'.repeat(60)}`);
}

export function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
