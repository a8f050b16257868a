/** Drives the file channel of Java Flume by commands; see test/fixtures/java/FileChannelScript.java. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FlumeEvent } from '../../../src/wire/flume-file-channel/backlog.ts';
import { flumeHome } from '../../peers/flume/index.ts';

const SOURCE = join(import.meta.dirname, '../../fixtures/java/FileChannelScript.java');
/** Above Flume's own clock, so that checkpoints are written only when a script says so. */
const NEVER_MS = 1_000_000_000;

/** An event in a form that can be compared and written as JSON. */
export interface PlainEvent {
  readonly headers: Readonly<Record<string, string>>;
  /** Base64. */
  readonly body: string;
}

export interface Taken {
  readonly transaction: string;
  /** Base64; null when there was no event. */
  readonly body: string | null;
}

/** Where a channel lies: folders `checkpoint`, `data0`, `data1` … below `at`. */
export function directoriesAt(at: string, count: number): { checkpointDir: string; dataDirs: string[] } {
  const dataDirs = Array.from({ length: count }, (_, i) => join(at, `data${i}`));
  return { checkpointDir: join(at, 'checkpoint'), dataDirs };
}

export function openCommand(
  at: string,
  dataDirs: number,
  more: Readonly<Record<string, string | number>> = {},
): string {
  const directories = directoriesAt(at, dataDirs);
  const settings = {
    checkpointDir: directories.checkpointDir,
    dataDirs: directories.dataDirs.join(','),
    capacity: 500,
    transactionCapacity: 200,
    checkpointInterval: NEVER_MS,
    minimumRequiredSpace: 1,
    ...more,
  };
  return `open ${Object.entries(settings)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')}`;
}

export function putCommand(
  transaction: string,
  body: Uint8Array | string,
  headers: Readonly<Record<string, string | null>> = {},
): string {
  const words = Object.entries(headers).flatMap(([key, value]) => [
    word(key),
    value === null ? 'null' : word(value),
  ]);
  return ['put', transaction, word(body), ...words].join(' ');
}

export function word(data: Uint8Array | string): string {
  return data.length === 0 ? '-' : Buffer.from(data as string).toString('base64');
}

export class JavaFileChannel {
  readonly #folder: string;
  readonly #classPath: string;

  /** Compiles the Java program into a folder of the test. */
  constructor(folder: string) {
    const classes = join(folder, 'classes');
    mkdirSync(classes, { recursive: true });
    const jars = join(flumeHome(), 'lib', '*');
    execFileSync('javac', ['-cp', jars, '-d', classes, SOURCE], { stdio: 'pipe' });
    this.#folder = folder;
    this.#classPath = `${classes}:${jars}`;
  }

  /** The arguments of java that start the program. */
  command(): string[] {
    const taken = join(this.#folder, 'taken');
    // Java guards keys of its stores with 200,000 rounds, for each file of a channel anew.
    const quick = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-Djdk.jceks.iterationCount=10000'];
    return [...quick, '-cp', this.#classPath, 'FileChannelScript', taken];
  }

  /** Runs a script; what its takes gave. */
  run(commands: readonly string[]): readonly Taken[] {
    execFileSync('java', this.command(), {
      input: `${commands.join('\n')}\n`,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return linesOf(join(this.#folder, 'taken')).map((line) => {
      const [transaction, body] = line.split(' ') as [string, string];
      return { transaction, body: body === 'nothing' ? null : unword(body).toString('base64') };
    });
  }
}

/** What `drain` wrote. */
export function drained(file: string): PlainEvent[] {
  return linesOf(file).map((line) => {
    const [body, ...words] = line.split(' ').map((one) => unword(one));
    const headers = new Map<string, string>();
    for (let i = 0; i < words.length; i += 2) headers.set(words[i]!.toString(), words[i + 1]!.toString());
    return plain({ headers, body: body! });
  });
}

export function plain(event: FlumeEvent): PlainEvent {
  const names = [...event.headers.keys()].sort();
  return {
    headers: Object.fromEntries(names.map((name) => [name, event.headers.get(name)!])),
    body: event.body.toString('base64'),
  };
}

function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

function unword(text: string): Buffer {
  return text === '-' ? Buffer.alloc(0) : Buffer.from(text, 'base64');
}
