import { homedir } from 'node:os';
import { join } from 'node:path';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { Gauges } from '../../component/counters.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { ProgressTable } from '../../component/progress.ts';
import type { Source, SourceContext } from '../../component/source.ts';
import { Copies } from './copies.ts';
import { Delivery } from './delivery.ts';
import { Descriptors } from './descriptors.ts';
import { Discovery } from './discovery.ts';
import { type Disk, systemDisk, tracked } from './disk.ts';
import { FileTable, type Identity } from './file-table.ts';
import { filesGauges, filesProgress } from './files-progress.ts';
import { type FileGroup, fileGroups } from './groups.ts';
import type { options } from './index.ts';
import type { HeaderRule } from './lines.ts';
import { Looker } from './looker.ts';
import { PositionStore } from './position-store.ts';
import { Putter } from './putter.ts';
import { Reader } from './reader.ts';
import { Upkeep } from './upkeep.ts';

export function create(context: SourceContext): Source {
  return new TaildirSource(context, context.options as OptionsOf<typeof options>);
}

/** Many files are looked at for the gauges less often than once a second: ten thousand every ten seconds. */
const GAUGE_MS_A_FILE = 1;

/** What runs from a start to the stop. */
interface Running {
  readonly discovery: Discovery;
  readonly delivery: Delivery;
  readonly putter: Putter;
  readonly upkeep: Upkeep;
  readonly descriptors: Descriptors;
  readonly table: FileTable;
  readonly ended: Promise<void>;
}

export class TaildirSource implements Source {
  readonly #context: SourceContext;
  readonly #options: OptionsOf<typeof options>;
  readonly #groups: readonly FileGroup[];
  readonly #disk: Disk;
  #running: Running | null = null;
  #gauges: Gauges = {};
  #gaugedMs = 0;

  constructor(context: SourceContext, o: OptionsOf<typeof options>, disk: Disk = systemDisk) {
    this.#context = context;
    this.#options = o;
    this.#groups = fileGroups(context, o);
    this.#disk = disk;
  }

  async start(): Promise<void> {
    const { log, name } = this.#context;
    const directories = this.#groups.map((group) => group.directory).join(', ');
    log
      .named('org.apache.flume.source.taildir.TaildirSource')
      .info(`${name} TaildirSource source starting with directory: ${directories}`);
    await this.#checkDirectories();
    this.#running = await this.#open();
  }

  /** @throws MillraceError when one is missing: it may be misspelt, so that nothing would ever be read. */
  async #checkDirectories(): Promise<void> {
    for (const { directory, name } of this.#groups) {
      const status = await this.#disk.stat(directory).catch(() => null);
      if (status?.kind === 'directory') continue;
      throw new MillraceError('SOURCE_FAILED', `Directory does not exist: ${directory}`, {
        component: `source ${this.#context.name}`,
        option: `filegroups.${name}`,
        value: directory,
        remedy: 'create it, or correct the path; only its last part is a pattern',
      });
    }
  }

  async #open(): Promise<Running> {
    const context = this.#context;
    const o = this.#options;
    const system = tracked(this.#disk);
    const log = context.log.named('org.apache.flume.source.taildir.ReliableTaildirEventReader');
    const identity: Identity = o.identity;
    const descriptors = new Descriptors(system, o.maxOpenFiles, (max) => this.#holdsFewer(max));
    const { disk } = descriptors;
    const store = new PositionStore(this.#positionFile(), disk, log);
    const table = new FileTable(identity, await this.#stored(store));
    const reader = new Reader(disk, descriptors, identity);
    const copies = new Copies(reader, log);
    const rule: HeaderRule = {
      fileHeader: o.fileHeader ? o.fileHeaderKey : null,
      hasOffsets: o.byteOffsetHeader,
    };
    const parts = { context, reader, descriptors, table, copies };
    const putter = new Putter(context, parts, rule, o.batchSize);
    const looker = new Looker(parts, o.maxLineLength);
    const batches = o.maxBatchCount ?? 0;
    const linesATurn = batches <= 0 ? Number.POSITIVE_INFINITY : batches * o.batchSize;
    const delivery = new Delivery({ ...parts, disk: system, looker, putter }, linesATurn);
    const upkeep = new Upkeep({ ...parts, delivery, store }, o);
    const discovery = new Discovery(
      this.#groups,
      { disk, log, clock: context.clock, table, descriptors, copies },
      { skipsToEnd: o.skipToEnd, watches: o.watch, cachesNames: o.cachePatternMatching },
      {
        found: (files) => delivery.enqueue(files),
        grew: (file) => delivery.wake(file),
        trouble: (directory, reason) => upkeep.trouble(directory, reason),
      },
    );
    try {
      await discovery.open();
    } catch (error) {
      await discovery.close();
      await descriptors.closeAll();
      throw error;
    }
    upkeep.start(discovery);
    const ended = delivery.run().catch((error: unknown) => {
      context.counters.add('GenericProcessingFail', 1);
      log.error(`source ${context.name}: it cannot go on`, error);
      upkeep.trouble('delivery', messageOf(error));
    });
    return { discovery, delivery, putter, upkeep, descriptors, table, ended };
  }

  #holdsFewer(max: number): void {
    const { log, name } = this.#context;
    log.warn(
      `source ${name}: the system lets no more files be opened. From now on ${max} files are held open, not ` +
        `maxOpenFiles = ${this.#options.maxOpenFiles}; the others are opened when they grow. Raise the limit of ` +
        'the process (ulimit -n, LimitNOFILE of systemd), or lower maxOpenFiles',
    );
  }

  #positionFile(): string {
    return this.#options.positionFile ?? join(homedir(), '.flume', 'taildir_position.json');
  }

  async #stored(store: PositionStore) {
    try {
      return await store.load();
    } catch (error) {
      const path = this.#positionFile();
      throw new MillraceError(
        'SOURCE_FAILED',
        `source ${this.#context.name}: positionFile ${path} cannot be used: ${messageOf(error)}`,
        {
          component: `source ${this.#context.name}`,
          option: 'positionFile',
          value: path,
          remedy: 'let this user read and write it and its directory, or name another one',
          cause: error,
        },
      );
    }
  }

  /** How far each file is, the ones most behind first. */
  progress(): readonly ProgressTable[] {
    if (this.#running === null) return [];
    const nowMs = this.#context.clock.now();
    return [filesProgress(this.#running.table.values(), nowMs)];
  }

  gauges(): Gauges {
    if (this.#running === null) return {};
    const { table, delivery } = this.#running;
    const nowMs = this.#context.clock.now();
    if (nowMs - this.#gaugedMs >= table.size * GAUGE_MS_A_FILE) {
      this.#gaugedMs = nowMs;
      this.#gauges = filesGauges(table.values(), nowMs);
    }
    return { ...this.#gauges, FileFailedCount: delivery.troubled.size };
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    if (running === null) return;
    running.putter.stop();
    running.delivery.stop();
    await running.discovery.close();
    await running.ended;
    await running.upkeep.stop();
    await running.descriptors.closeAll();
  }
}
