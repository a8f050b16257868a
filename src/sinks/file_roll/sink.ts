import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { EventSerializer, Writer } from '../../component/serializer.ts';
import type { Sink, SinkContext } from '../../component/sink.ts';
import type { Batch } from '../../memory/block/batch.ts';
import { OutputFile } from './file.ts';
import type { options } from './index.ts';
import { type PathManager, pathManager } from './path-manager.ts';

/** Taken names that are passed over for one file. */
const NAMES_TRIED_MAX = 1000;

export function create(context: SinkContext): Sink {
  return new FileRollSink(context, context.options as OptionsOf<typeof options>);
}

class FileRollSink implements Sink {
  readonly batchSize: number;
  readonly #context: SinkContext;
  readonly #options: OptionsOf<typeof options>;
  readonly #names: PathManager;
  readonly #rollMs: number;
  #serializerOf: ((out: Writer) => EventSerializer) | null = null;
  #file: OutputFile | null = null;
  #serializer: EventSerializer | null = null;
  #rollAtMs = Number.POSITIVE_INFINITY;
  /** Whether a batch was committed to the open file. */
  #isDelivered = false;

  constructor(context: SinkContext, o: OptionsOf<typeof options>) {
    this.#context = context;
    this.#options = o;
    this.batchSize = o['sink.batchSize'];
    this.#rollMs = o['sink.rollInterval'] * 1000;
    const prefix = o['sink.pathManager.prefix'];
    const extension = o['sink.pathManager.extension'];
    this.#names = pathManager(o['sink.pathManager'], prefix, extension, context.clock.now());
  }

  async start(): Promise<void> {
    const o = this.#options;
    this.#checkDirectory();
    this.#serializerOf = await this.#context.serializer(o['sink.serializer'], o['sink.serializer.*']);
    if (this.#rollMs > 0) this.#rollAtMs = this.#context.clock.now() + this.#rollMs;
  }

  #checkDirectory(): void {
    const directory = this.#options['sink.directory'];
    try {
      if (!statSync(directory).isDirectory()) throw new Error('it is not a directory');
      accessSync(directory, constants.W_OK);
    } catch (error) {
      throw new MillraceError(
        'SINK_FAILED',
        `sink ${this.#context.name}: sink.directory ${directory} cannot be used: ${messageOf(error)}`,
        {
          component: `sink ${this.#context.name}`,
          option: 'sink.directory',
          value: directory,
          remedy: 'create it (the sink never does) and let this user write there',
        },
      );
    }
  }

  process(batch: Batch): Promise<void> | void {
    this.#context.counters.add('EventDrainAttemptCount', batch.count);
    try {
      this.#roll();
      const { file, serializer } = this.#openFile();
      serializer.write(batch);
      const flushed = serializer.flush();
      if (flushed !== undefined) return this.#completeLater(flushed, file, batch.count);
      this.#complete(file, batch.count);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async #completeLater(flushed: Promise<void>, file: OutputFile, events: number): Promise<void> {
    try {
      await flushed;
      this.#complete(file, events);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #complete(file: OutputFile, events: number): void {
    file.flush(this.#options['sink.fsync'] === 'batch');
    file.commit();
    this.#isDelivered = true;
    this.#context.counters.add('EventDrainSuccessCount', events);
  }

  #failed(error: unknown): unknown {
    this.#context.counters.add('EventWriteFail', 1);
    this.#abandon();
    return this.#explained(error);
  }

  /** Flume opens and rolls its files even when nothing comes. */
  idle(): void {
    try {
      this.#roll();
      this.#openFile().file.flush(false);
    } catch (error) {
      this.#abandon();
      throw this.#explained(error);
    }
  }

  #roll(): void {
    const nowMs = this.#context.clock.now();
    if (nowMs < this.#rollAtMs) return;
    this.#rollAtMs = nowMs + this.#rollMs;
    this.#closeFile();
  }

  #openFile(): { file: OutputFile; serializer: EventSerializer } {
    if (this.#file !== null && this.#serializer !== null)
      return { file: this.#file, serializer: this.#serializer };
    const file = this.#create();
    this.#file = file;
    this.#isDelivered = false;
    this.#context.counters.add('ConnectionCreatedCount', 1);
    const serializer = this.#serializerOf!(file);
    this.#serializer = serializer;
    serializer.begin();
    file.flush(false);
    file.commit();
    return { file, serializer };
  }

  /** A name that is taken (by another sink, or by this one before a restart) is passed over. */
  #create(): OutputFile {
    for (let tries = 1; ; tries++) {
      const name = this.#names.next(this.#context.clock.now());
      try {
        return new OutputFile(join(this.#options['sink.directory'], name));
      } catch (error) {
        if ((error as { code?: string }).code !== 'EEXIST' || tries === NAMES_TRIED_MAX) throw error;
      }
    }
  }

  #closeFile(): void {
    const file = this.#file;
    const serializer = this.#serializer;
    this.#file = null;
    this.#serializer = null;
    if (file === null) return;
    try {
      serializer?.end();
      file.flush(this.#options['sink.fsync'] === 'batch');
      file.commit();
    } finally {
      file.close();
      this.#context.counters.add('ConnectionClosedCount', 1);
    }
  }

  /**
   * After an error: the file keeps what was committed, and the next batch begins a new one. A file that got
   * nothing goes: a disk that stays full would be strewn with them.
   */
  #abandon(): void {
    const file = this.#file;
    this.#file = null;
    this.#serializer = null;
    if (file === null) {
      this.#context.counters.add('ConnectionFailedCount', 1);
      return;
    }
    try {
      if (this.#isDelivered) file.restore();
      else file.remove();
    } catch (error) {
      this.#context.log.warn(`${file.path} could not be cut back to its last commit`, error);
    }
    file.close();
    this.#context.counters.add('ConnectionClosedCount', 1);
  }

  #explained(error: unknown): unknown {
    const { code } = error as { code?: string };
    const directory = this.#options['sink.directory'];
    const remedies: Readonly<Record<string, string>> = {
      ENOSPC: 'free space on its disk',
      EDQUOT: 'raise the quota of its owner',
      EROFS: 'mount its disk writable',
      EACCES: 'let this user write there',
      EPERM: 'let this user write there',
      ENOENT: 'create the directory again',
      ENOTDIR: 'create the directory again',
      EEXIST: 'move the files away whose names it would give',
    };
    const remedy = remedies[code ?? ''];
    if (remedy === undefined) return error;
    const text = `sink ${this.#context.name} cannot write to ${directory}: ${messageOf(error)} (${remedy}; the batch is kept)`;
    return new MillraceError('SINK_FAILED', text, {
      remedy,
      cause: error,
      option: 'sink.directory',
      value: directory,
    });
  }

  stop(): void {
    this.#closeFile();
  }
}
