/** A sink over a directory of its own, and the files that it leaves there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import declaration from '../../../src/sinks/file_roll/index.ts';
import { batchOf } from '../../kit/editor.ts';
import type { Properties } from '../../kit/part.ts';
import { SinkRig } from '../../kit/sink.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

export class FileRoll {
  readonly directory: string;
  readonly rig: SinkRig;

  private constructor(directory: string, rig: SinkRig) {
    this.directory = directory;
    this.rig = rig;
  }

  /** Options are written without `sink.`. */
  static async start(
    t: TestContext,
    properties: Properties = {},
    directory = temporaryDirectory(),
  ): Promise<FileRoll> {
    const own = Object.fromEntries(Object.entries(properties).map(([key, value]) => [`sink.${key}`, value]));
    const rig = await SinkRig.start(declaration, { 'sink.directory': directory, ...own });
    t.after(() => rig.sink.stop?.());
    return new FileRoll(directory, rig);
  }

  async write(...bodies: readonly string[]): Promise<void> {
    await this.rig.sink.process(batchOf(bodies.map((body) => [{}, body])));
  }

  pass(ms: number): void {
    this.rig.clock.nowMs += ms;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Name and text of each file; numbers of one head in their order. */
  files(): [string, string][] {
    const order = (name: string) => Number(/-(\d+)/.exec(name)?.[1] ?? 0);
    return readdirSync(this.directory)
      .sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1))
      .map((name) => [name, readFileSync(this.path(name), 'utf8')]);
  }

  texts(): string[] {
    return this.files().map(([, text]) => text);
  }
}
