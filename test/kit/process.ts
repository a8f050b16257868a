/**
 * Runs Millrace as a user does: a process, its output, its signals. From the sources, or from what
 * MILLRACE_TEST_MAIN names (scripts/run sets it to the compiled main of dist/, which starts faster).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from './temporary.ts';
import { until } from './until.ts';

export const HOME = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = process.env.MILLRACE_TEST_MAIN ?? join(HOME, 'src/main.ts');

export class RunningMillrace {
  readonly child: ChildProcess;
  /** Where it was started. */
  readonly directory: string;
  stdout = '';
  stderr = '';
  /** Exit code, or the signal's name; null while it runs. */
  ended: number | string | null = null;

  constructor(child: ChildProcess, directory: string) {
    this.child = child;
    this.directory = directory;
    child.stdout!.setEncoding('utf8').on('data', (text) => {
      this.stdout += text;
    });
    child.stderr!.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
    child.once('close', (code, signal) => {
      this.ended = signal ?? code;
    });
  }

  /** The first match of `pattern` in what it wrote. */
  untilWrites(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray> {
    const found = () => {
      const match = pattern.exec(this.stderr) ?? pattern.exec(this.stdout);
      if (match === null && this.ended !== null) {
        throw new Error(`ended with ${this.ended} before ${pattern}:\n${this.stderr}${this.stdout}`);
      }
      return match;
    };
    return until(`output with ${pattern}; so far:\n${this.stderr}${this.stdout}`, found, timeoutMs);
  }

  async exit(): Promise<number | string> {
    await until('the process ends', () => this.ended !== null, 30_000);
    return this.ended!;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

export interface RunSettings {
  readonly env?: Readonly<Record<string, string>>;
  readonly directory?: string;
  /** No file may grow beyond it: what a full disk does to a write, without one. */
  readonly fileBytesMax?: number;
}

/** Starts `millrace ARGS`; it is killed when the test ends, if it has not ended. */
export function startMillrace(
  t: Pick<TestContext, 'after'>,
  args: readonly string[],
  settings: RunSettings = {},
): RunningMillrace {
  const directory = settings.directory ?? temporaryDirectory();
  const { fileBytesMax } = settings;
  const command = [process.execPath, MAIN, ...args];
  // The shell counts in blocks of 512 bytes.
  const limited = ['/bin/sh', '-c', `ulimit -f ${Math.ceil((fileBytesMax ?? 0) / 512)} && exec "$@"`, 'sh'];
  const [file, ...rest] = fileBytesMax === undefined ? command : [...limited, ...command];
  const child = spawn(file!, rest, {
    cwd: directory,
    env: { ...process.env, ...settings.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const running = new RunningMillrace(child, directory);
  t.after(async () => {
    if (running.ended === null) child.kill('SIGKILL');
    await running.exit();
  });
  return running;
}

/** Runs to the end. */
export async function runMillrace(
  t: Pick<TestContext, 'after'>,
  args: readonly string[],
  settings: RunSettings = {},
): Promise<RunningMillrace> {
  const running = startMillrace(t, args, settings);
  await running.exit();
  return running;
}

/** Writes a flume.conf (keys with the agent's name) into a directory of its own and returns its path. */
export function confFile(text: string, name = 'flume.conf'): string {
  const file = join(temporaryDirectory(), name);
  writeFileSync(file, text.replaceAll(/^ +/gm, ''));
  return file;
}
