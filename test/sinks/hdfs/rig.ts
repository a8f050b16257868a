/** An hdfs sink over a directory of its own, and the files that it leaves there. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import declaration from '../../../src/sinks/hdfs/index.ts';
import { batchOf, type EventOf } from '../../kit/editor.ts';
import type { Properties } from '../../kit/part.ts';
import { SinkRig } from '../../kit/sink.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';

/** Nothing rolls, and files are text. */
const PLAIN: Properties = {
  'hdfs.fileType': 'DataStream',
  'hdfs.rollInterval': '0',
  'hdfs.rollSize': '0',
  'hdfs.rollCount': '0',
};

export class HdfsRig {
  readonly directory: string;
  readonly stateDirectory: string;
  readonly rig: SinkRig;

  private constructor(directory: string, rig: SinkRig, stateDirectory: string) {
    this.directory = directory;
    this.rig = rig;
    this.stateDirectory = stateDirectory;
  }

  static async create(
    properties: Properties = {},
    directory = temporaryDirectory(),
    stateDirectory = temporaryDirectory(),
  ): Promise<HdfsRig> {
    const rig = await SinkRig.create(declaration, {
      ...PLAIN,
      'hdfs.path': `file://${directory}/out`,
      'hdfs.stateDir': stateDirectory,
      ...Object.fromEntries(
        Object.entries(properties).map(([key, value]) => [key, value.replaceAll('@DIR', directory)]),
      ),
    });
    return new HdfsRig(directory, rig, stateDirectory);
  }

  static async start(t: TestContext, ...given: Parameters<typeof HdfsRig.create>): Promise<HdfsRig> {
    const made = await HdfsRig.create(...given);
    await made.rig.sink.start?.();
    t.after(() => made.stop());
    return made;
  }

  async write(...bodies: readonly string[]): Promise<void> {
    await this.events(bodies.map((body) => [{}, body] as const));
  }

  async events(events: readonly EventOf[]): Promise<void> {
    await this.rig.sink.process(batchOf(events));
  }

  /** Time passes, and the sink looks at its clock. */
  async pass(ms: number): Promise<void> {
    this.rig.clock.nowMs += ms;
    await this.rig.sink.idle?.();
  }

  #stopped: Promise<void> | null = null;

  stop(): Promise<void> {
    this.#stopped ??= Promise.resolve(this.rig.sink.stop?.());
    return this.#stopped;
  }

  /** Paths below the directory, in the order of their numbers. */
  names(): string[] {
    const number = (name: string) => Number(/\.(\d{10,})/.exec(name)?.[1] ?? 0);
    return readdirSync(this.directory, { recursive: true })
      .map(String)
      .filter((name) => statSync(join(this.directory, name)).isFile())
      .sort((a, b) => number(a) - number(b) || (a < b ? -1 : 1));
  }

  read(name: string): string {
    return readFileSync(join(this.directory, name), 'utf8');
  }

  texts(): string[] {
    return this.names().map((name) => this.read(name));
  }

  untilNames(...expected: readonly string[]): Promise<unknown> {
    return until(`files ${expected.join(' ')} (now ${this.names().join(' ')})`, () => {
      return JSON.stringify(this.names()) === JSON.stringify(expected);
    });
  }

  count(counter: Parameters<SinkRig['counters']['get']>[0]): number {
    return this.rig.counters.get(counter);
  }
}
