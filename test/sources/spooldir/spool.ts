/** A spooling directory and an agent that reads it. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { SET_ASIDE_FILE, type SetAsideFile } from '../../../src/sources/spooldir/set-aside.ts';
import { Collected, type Flow, runFlow } from '../../kit/flow.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';

export type SpoolOptions = Readonly<Record<string, string | number | boolean>>;

export const MEMORY = `
  channels.c1.type = memory
  channels.c1.capacity = 100000
  channels.c1.transactionCapacity = 100000`;

export class Spool {
  readonly directory: string;

  constructor() {
    this.directory = temporaryDirectory();
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Writes a file whole; each a second younger than the one before. */
  put(name: string, content: string | Buffer): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    // A name that begins with a dot is not read: the file is whole when it gets its own.
    const hidden = join(dirname(path), '.put');
    writeFileSync(hidden, content);
    const seconds = Math.floor(Date.now() / 1000) - 10_000 + this.#files++;
    utimesSync(hidden, seconds, seconds);
    renameSync(hidden, path);
    return path;
  }

  #files = 0;

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  /** Names of files, but for those that begin with a dot. */
  names(): string[] {
    return readdirSync(this.directory)
      .filter((name) => !name.startsWith('.'))
      .sort();
  }

  async untilNames(...names: readonly string[]): Promise<void> {
    const wanted = [...names].sort().join();
    await until(`files ${wanted} (now ${this.names()})`, () => this.names().join() === wanted);
  }

  setAside(trackerDir = '.flumespool'): readonly SetAsideFile[] {
    const path = join(this.path(trackerDir), SET_ASIDE_FILE);
    return existsSync(path)
      ? (JSON.parse(readFileSync(path, 'utf8')) as { files: SetAsideFile[] }).files
      : [];
  }
}

export interface Running {
  readonly flow: Flow;
  readonly collected: Collected;
}

/** Starts an agent with a source r1 that reads the directory, and a sink that collects. */
export async function runSpool(
  t: TestContext,
  spool: Spool,
  options: SpoolOptions = {},
  channel = MEMORY,
): Promise<Running> {
  const collected = new Collected(t);
  const all = { type: 'spooldir', spoolDir: spool.directory, channels: 'c1', pollDelay: 10, ...options };
  const flow = await runFlow(
    t,
    `sources = r1
     channels = c1
     sinks = k1
     ${Object.entries(all)
       .map(([key, value]) => `sources.r1.${key} = ${value}`)
       .join('\n')}
     ${channel}
     ${collected.sink('k1', 'c1')}`,
    { 'millrace.workers.max': '1' },
  );
  return { flow, collected };
}
