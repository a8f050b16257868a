/**
 * A real agent with many files that are written to all the time: its source sleeps between rounds, and
 * nothing that happens beside may wait for the files to become quiet.
 */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { confFile, startMillrace } from '../../kit/process.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';

const FILES = 40;
const WRITE_MS = 2;

/** Writes numbered lines to files by turns, and knows what is delivered of each. */
class Logs {
  readonly directory: string;
  readonly out: string;
  readonly written = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;

  constructor(t: TestContext) {
    const base = temporaryDirectory();
    [this.directory, this.out] = [join(base, 'logs'), join(base, 'out')];
    for (const directory of [this.directory, this.out]) mkdirSync(directory);
    const conf = confFile(
      `a1.sources = r1
       a1.channels = c1
       a1.sinks = k1
       a1.sources.r1.type = TAILDIR
       a1.sources.r1.filegroups = f1
       a1.sources.r1.filegroups.f1 = ${this.directory}/.*\\\\.log
       a1.sources.r1.positionFile = ${join(base, 'p.json')}
       a1.sources.r1.writePosInterval = 100
       a1.sources.r1.channels = c1
       a1.channels.c1.type = memory
       a1.channels.c1.capacity = 100000
       a1.channels.c1.transactionCapacity = 10000
       a1.sinks.k1.type = file_roll
       a1.sinks.k1.sink.directory = ${this.out}
       a1.sinks.k1.sink.rollInterval = 0
       a1.sinks.k1.channel = c1`,
    );
    for (let n = 0; n < FILES; n++) this.append(`busy${n}`);
    this.append('quiet');
    startMillrace(t, ['agent', '-f', conf, '-n', 'a1', '--no-reload-conf']);
    t.after(() => this.rest());
  }

  /** One more line of what is called so, wherever it stands. */
  append(name: string, path = this.path(name)): void {
    const n = this.written.get(name) ?? 0;
    this.written.set(name, n + 1);
    appendFileSync(path, `${name} ${n}\n`);
  }

  path(name: string): string {
    return join(this.directory, `${name}.log`);
  }

  write(): void {
    this.#timer = setInterval(() => this.append(`busy${this.#turn++ % FILES}`), WRITE_MS);
  }

  rest(): void {
    clearInterval(this.#timer);
  }

  /** Numbers of the lines that came, by name. */
  delivered(): Map<string, number[]> {
    const lines = readdirSync(this.out).flatMap((name) =>
      readFileSync(join(this.out, name), 'utf8').split('\n').slice(0, -1),
    );
    const numbers = new Map<string, number[]>();
    for (const line of lines) {
      const [name, n] = line.split(' ') as [string, string];
      numbers.set(name, [...(numbers.get(name) ?? []), Number(n)]);
    }
    return numbers;
  }

  async untilDelivered(name: string): Promise<void> {
    const count = this.written.get(name)!;
    await until(`${count} lines of ${name}`, () => (this.delivered().get(name)?.length ?? 0) >= count);
  }

  /** All lines came once, those of a file in order. */
  async check(): Promise<void> {
    for (const name of this.written.keys()) await this.untilDelivered(name);
    const wanted = [...this.written].map(([name, count]) => [
      name,
      Array.from({ length: count }, (_, n) => n),
    ]);
    assert.deepEqual(Object.fromEntries(this.delivered()), Object.fromEntries(wanted));
  }
}

test('beside files that are written to all the time others are found, followed, renamed and removed', async (t) => {
  const logs = new Logs(t);
  await logs.untilDelivered('quiet');
  logs.write();
  await until('they are followed', () => (logs.delivered().get('busy0')?.length ?? 0) > 2);
  logs.append('quiet');
  await logs.untilDelivered('quiet');
  for (const name of ['new', 'next']) {
    logs.append(name);
    await logs.untilDelivered(name);
  }
  logs.append('new');
  renameSync(logs.path('new'), join(logs.directory, 'new.1'));
  logs.append('new', join(logs.directory, 'new.1'));
  await logs.untilDelivered('new');
  logs.append('next');
  unlinkSync(logs.path('next'));
  writeFileSync(logs.path('next'), '');
  // Another file of that name: only the lines of each have an order.
  logs.append('another', logs.path('next'));
  await logs.untilDelivered('next');
  await logs.untilDelivered('another');
  logs.rest();
  await logs.check();
});

test('a file that has gone quiet and is written to again at once loses no line', async (t) => {
  const logs = new Logs(t);
  await logs.untilDelivered('quiet');
  for (let pause = 0; pause < 5; pause++) {
    logs.write();
    const before = logs.written.get('busy7')!;
    await until('they are followed', () => (logs.delivered().get('busy7')?.length ?? 0) > before);
    logs.rest();
    // As soon as the last line has come nothing is under way: each of these is the first write again.
    for (const name of ['busy0', 'busy7', 'quiet']) {
      await logs.check();
      logs.append(name);
      await logs.untilDelivered(name);
    }
  }
  await logs.check();
});
