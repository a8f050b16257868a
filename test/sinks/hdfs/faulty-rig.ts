/**
 * The sink over a file system that fails as a test says. Without `mayHold` it delivers a take whole or not at
 * all, as in a sink group.
 */
import type { TestContext } from 'node:test';
import { HDFS_COUNTERS, SINK_COUNTERS } from '../../../src/component/counters.ts';
import { parseOptions } from '../../../src/component/options/parse.ts';
import type { HeldPart, SinkContext } from '../../../src/component/sink.ts';
import type { Numbering } from '../../../src/memory/block/numbering.ts';
import { allocateCounters, CounterSlots } from '../../../src/memory/counters/counters.ts';
import textSerializer from '../../../src/serializers/text/index.ts';
import { FileSystemError } from '../../../src/sinks/hdfs/file-system/door.ts';
import declaration from '../../../src/sinks/hdfs/index.ts';
import { settingsOf } from '../../../src/sinks/hdfs/settings.ts';
import { HdfsSink } from '../../../src/sinks/hdfs/sink.ts';
import { batchOf, numberedBatch } from '../../kit/editor.ts';
import { ManualClock, type Properties, RecordedLog } from '../../kit/part.ts';
import { workInPlace } from '../../kit/serialize.ts';
import { FaultyFileSystem, type Operation } from './faulty-file-system.ts';

const COUNTERS = [...SINK_COUNTERS, ...HDFS_COUNTERS];

export const NOW = 1_700_000_000_000;
export const unavailable = () => new FileSystemError('unavailable', 'no DataNode', { remedy: 'start one' });

export class Faulty {
  readonly disk: FaultyFileSystem;
  readonly clock = new ManualClock();
  readonly log = new RecordedLog();
  readonly counters = new CounterSlots(COUNTERS, allocateCounters(COUNTERS));
  readonly degraded: (string | null)[] = [];
  sink!: HdfsSink;

  private constructor(disk: FaultyFileSystem) {
    this.disk = disk;
  }

  static async start(
    t: Pick<TestContext, 'after'>,
    properties: Properties = {},
    mayHold = false,
    disk = new FaultyFileSystem(),
    /** Retries sooner than options can say. */
    retryMs?: number,
  ): Promise<Faulty> {
    const rig = new Faulty(disk);
    const { values } = parseOptions(
      declaration.options,
      {
        'hdfs.path': '/d',
        'hdfs.filePrefix': '%{h}',
        'hdfs.fileType': 'DataStream',
        'hdfs.rollInterval': '0',
        'hdfs.rollSize': '0',
        'hdfs.rollCount': '0',
        'hdfs.recoverInUse': 'false',
        'hdfs.commitInterval': '0',
        ...properties,
      },
      { component: 'sink k1' },
    );
    const { clock, log, counters } = rig;
    const serializer: SinkContext['serializer'] = async () => {
      const { create } = await textSerializer.load();
      const options = { appendNewline: true };
      return (out) => create({ name: 'k1', options, log, clock, out, work: workInPlace });
    };
    const context = {
      name: 'k1',
      options: values,
      log,
      clock,
      counters,
      serializer,
      loadPlugin: async () => ({}),
      work: workInPlace,
      mayHold,
      degraded: (reason: string | null) => void rig.degraded.push(reason),
    };
    const given = settingsOf(values, 'sink k1', () => {});
    const settings = retryMs === undefined ? given : { ...given, retryMs };
    const fileSystems = { of: async () => disk, close: () => disk.close() };
    rig.sink = new HdfsSink(context, settings, values, fileSystems);
    await rig.sink.start();
    t.after(() => rig.stop());
    return rig;
  }

  /** The same for events that the channel numbers from `number` on. */
  writeNumbered(numbering: Numbering, number: number, ...bodies: readonly string[]) {
    const events = bodies.map((body) => [{ h: body[0]! }, body] as const);
    return this.sink.process(numberedBatch(events, numbering, number));
  }

  /** Bodies are written to the file that their first letter names. */
  write(...bodies: readonly string[]): Promise<readonly HeldPart[]> {
    return this.sink.process(batchOf(bodies.map((body) => [{ h: body[0]! }, body] as const)));
  }

  #stopped: Promise<void> | null = null;

  stop(): Promise<void> {
    this.#stopped ??= this.sink.stop();
    return this.#stopped;
  }

  /** The text of all files of one prefix, in the order of their numbers. */
  text(prefix: string): string {
    const own = Object.entries(this.disk.texts()).filter(([path]) => path.startsWith(`/d/${prefix}.`));
    return own.map(([, text]) => text).join('');
  }

  failing(operation: Operation, prefix: string, error = unavailable): void {
    this.disk.fault = (what, path) =>
      what === operation && path.startsWith(`/d/${prefix}`) ? error() : null;
  }

  mend(): void {
    this.disk.fault = () => null;
  }
}
