/** Sinks that deliver exactly once, in memory, and the numbers of their channel. */
import type { TestContext } from 'node:test';
import type { Numbering } from '../../../../src/memory/block/numbering.ts';
import { type CommitRecord, decodeRecord } from '../../../../src/sinks/hdfs/exactly-once/record.ts';
import type { Properties } from '../../../kit/part.ts';
import { temporaryDirectory } from '../../../kit/temporary.ts';
import { until } from '../../../kit/until.ts';
import { FaultyFileSystem } from '../faulty-file-system.ts';
import { Faulty } from '../faulty-rig.ts';

export const LOG: Numbering = { log: 'log-1', opening: 'o1', low: 0, end: 0 };
/** The channel was opened again when so many events were in it, of which none was known to be taken. */
export const reopened = (end: number): Numbering => ({ ...LOG, opening: `opened at ${end}`, end });

/** Whether a path is that of a commit record that is not made yet. */
export const isDraft = (path: string): boolean => path.endsWith('.draft');

/** Sinks one after the other over the same files, each of which may be killed. */
export class Lives {
  readonly state: string;
  readonly files = new Map<string, Buffer>();
  readonly #t: TestContext;
  #nowMs = 1_700_000_000_000;

  constructor(t: TestContext) {
    this.#t = t;
    this.state = temporaryDirectory();
  }

  /** Without `mayHold` it is in a sink group. */
  async start(properties: Properties = {}, mayHold = true): Promise<Faulty> {
    const disk = new FaultyFileSystem(this.files);
    const all = {
      'hdfs.delivery': 'exactly-once',
      'hdfs.recoverInUse': 'true',
      'hdfs.stateDir': this.state,
      'hdfs.callTimeout': '0',
      'hdfs.retryInterval': '1',
      ...properties,
    };
    const rig = await Faulty.start(this.#t, all, mayHold, disk);
    rig.clock.nowMs = this.#nowMs += 1000;
    return rig;
  }

  /** One that commits these events and is killed. */
  async killedBehind(...bodies: readonly string[]): Promise<void> {
    const rig = await this.start();
    await rig.writeNumbered(LOG, 0, ...bodies);
    this.kill(rig);
  }

  /** As SIGKILL does. */
  kill(rig: Faulty): void {
    rig.disk.isDead = true;
    // Nothing waits for a sink that is dead.
    rig.stop = async () => {};
  }

  /** Lines of all finished files. */
  lines(): string[] {
    return this.#texts((path) => !path.endsWith('.tmp'));
  }

  inUse(): string[] {
    return [...this.files.keys()].filter((path) => path.endsWith('.tmp'));
  }

  #texts(wanted: (path: string) => boolean): string[] {
    const files = [...this.files].filter(([path]) => wanted(path) && !path.includes('/.millrace/'));
    return files.flatMap(([, bytes]) => bytes.toString().split('\n').slice(0, -1)).sort();
  }

  #records(directory = '/d/.millrace/log-1'): readonly Buffer[] {
    const found = [...this.files].filter(([path]) => /commit-\d+$/.test(path) && path.startsWith(directory));
    return found.map(([, bytes]) => bytes);
  }

  /** The newest one, once those before it are deleted. */
  async record(directory?: string): Promise<CommitRecord> {
    await until('there is one record', () => this.#records(directory).length === 1);
    return decodeRecord(this.#records(directory)[0]!);
  }
}
