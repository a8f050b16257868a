import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { JavaCharset } from '../../base/java/charset.ts';
import { charsetOption } from '../../component/charset.ts';
import {
  EncodedLines,
  LINE_BYTES_MAX,
  LineList,
  LineReader,
  type LineTarget,
} from '../../component/lines.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { Source, SourceContext } from '../../component/source.ts';
import type { Chunk } from '../../wire/socket/chunks.ts';
import type { options } from './index.ts';
import { type CommandOutput, openOutput } from './output.ts';

type Child = ChildProcessByStdio<null, null, Readable>;

/** A command that runs, and the end of its output that is read here. */
interface Running {
  readonly child: Child;
  readonly output: Socket;
}

/** Pause before refused lines are put again, doubled up to the second value. */
const RETRY_MS_FIRST = 250;
const RETRY_MS_MAX = 4000;
/** Time for the command to end after SIGTERM. */
const KILL_MS = 5000;
/** Time for its children that are left then. */
const KILL_REST_MS = 1000;
const KILL_POLL_MS = 20;
/** Characters of an unfinished line of the standard error. */
const STDERR_REST_MAX = 8192;
/** Room asked for beside the chunk, for the table and an unfinished line before it. */
const ROOM_BYTES = 32 * 1024;

export function create(context: SourceContext): Source {
  return new ExecSource(context, context.options as OptionsOf<typeof options>);
}

class ExecSource implements Source {
  readonly #context: SourceContext;
  readonly #options: OptionsOf<typeof options>;
  readonly #charset: JavaCharset;
  readonly #argv: readonly string[];
  #current: Running | null = null;
  #running: Promise<void> | null = null;
  #stopped = false;
  #wake: () => void = () => {};
  /** The last put's answer; puts are answered in order. */
  #settled: Promise<void> = Promise.resolve();
  /** Refused lines are being put again: nothing is read meanwhile. */
  #refusing = false;

  constructor(context: SourceContext, o: OptionsOf<typeof options>) {
    this.#context = context;
    this.#options = o;
    this.#charset = charsetOption(`source ${context.name}`, 'charset', o.charset);
    const words = (text: string) => text.trim().split(/\s+/);
    this.#argv = o.shell === undefined ? words(o.command) : [...words(o.shell), o.command];
    if (this.#argv[0] === '') {
      throw new MillraceError(
        'CONF_OPTION_REQUIRED',
        `source ${context.name}: required option command is empty`,
        {
          component: `source ${context.name}`,
          option: 'command',
          remedy: 'set it to the command line, e.g. tail -F /var/log/app.log',
        },
      );
    }
  }

  start(): void {
    const { log } = this.#context;
    log
      .named('org.apache.flume.source.ExecSource')
      .info(`Exec source starting with command: ${this.#options.command}`);
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { log } = this.#context;
    const { restart, restartThrottle, command } = this.#options;
    for (;;) {
      const end = await this.#runOnce();
      if (this.#stopped) return;
      if (!restart) {
        log.info(`Command [${command}] exited with ${end}`);
        return;
      }
      log.info(`Restarting in ${restartThrottle}ms, exit code ${end}`);
      await this.#pause(restartThrottle);
      if (this.#stopped) return;
    }
  }

  /** Runs the command until it has ended and all its lines are put. Resolves with how it ended. */
  async #runOnce(): Promise<string> {
    const [file, ...args] = this.#argv as [string, ...string[]];
    const output = await openOutput().catch((error: unknown) => {
      this.#cannotRun(file, messageOf(error), 'set TMPDIR to a folder with a short name that can be written');
      return null;
    });
    if (output === null) return 'an error';
    const { childEnd } = output;
    if (this.#stopped) {
      childEnd.destroy();
      output.socket.destroy();
      return 'the stop';
    }
    // A group of its own: a shell's children end with it.
    const child = spawn(file, args, { stdio: ['ignore', childEnd, 'pipe'], detached: true });
    childEnd.destroy();
    this.#current = { child, output: output.socket };
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => {
        this.#cannotRun(file, error.message, 'check the path; without shell there are no pipes or quotes');
        output.socket.destroy();
        resolve('an error');
      });
      child.once('spawn', () => this.#context.degraded(null));
      child.once('close', (code, signal) => resolve(signal ?? String(code)));
    });
    this.#readErrors(child);
    try {
      await this.#readLines(output);
    } catch (error) {
      // As if the command had ended: it is not read any more, and may be run again.
      this.#cannotRead(error);
      await endGroup(this.#current);
    }
    const end = await ended;
    this.#current = null;
    return end;
  }

  #cannotRead(error: unknown): void {
    const text = `the command’s output cannot be read any more: ${messageOf(error)}`;
    const next = this.#options.restart ? 'it is run again' : 'set restart = true to have it run again';
    this.#context.log.error(`source ${this.#context.name}: ${text} (${next})`, error);
    this.#context.counters.add('EventReadFail', 1);
    this.#context.degraded(text);
  }

  #cannotRun(file: string, reason: string, remedy: string): void {
    const text = `command ${file} cannot be run: ${reason}`;
    this.#context.log.error(`source ${this.#context.name}: ${text} (${remedy})`);
    this.#context.degraded(text);
  }

  #readErrors(child: Child): void {
    if (!this.#options.logStdErr) {
      child.stderr.resume();
      return;
    }
    const write = (line: string) => this.#context.log.info(`StdErr: ${line}`);
    let rest = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      // A `\r` at the end may be half of a line end.
      const lines = (rest + text).split(/\r\n|\r(?!$)|\n/);
      rest = lines.pop()!.slice(-STDERR_REST_MAX);
      lines.forEach(write);
    });
    child.stderr.once('end', () => {
      if (rest !== '') write(rest.replace(/\r$/, ''));
    });
  }

  /**
   * Puts what the command writes until it writes no more; stops reading while there is no
   * room or lines are refused.
   */
  async #readLines({ socket, onChunk }: CommandOutput): Promise<void> {
    const reader = new LineReader();
    const decode = this.#charset.asciiCompatible ? null : this.#charset.decoder();
    const waiting: Chunk[] = [];
    let paused = false;
    let fail: (error: unknown) => void;
    const work = (): void => {
      while (waiting.length > 0 && !paused) {
        const chunk = waiting[0]!;
        const before = reader.clone();
        const done = this.#putLines(
          chunk.bytes.length,
          (target) => reader.append(target, chunk.bytes),
          (target) => before.append(target, chunk.bytes),
          chunk.release,
        );
        if (reader.tooLong > 0) this.#reportTooLong(reader);
        if (done) waiting.shift();
        else pauseUntil(this.#refusing ? this.#settled : this.#context.room());
      }
    };
    const pauseUntil = (ready: Promise<void>): void => {
      paused = true;
      socket.pause();
      ready
        .then(() => {
          paused = false;
          work();
          if (!paused) socket.resume();
        })
        .catch(fail);
    };
    await new Promise<void>((resolve, reject) => {
      fail = (error) => {
        socket.destroy();
        reject(error);
      };
      onChunk((chunk) => {
        waiting.push(decode === null ? chunk : decoded(chunk, decode));
        try {
          work();
        } catch (error) {
          fail(error);
        }
      });
      socket.once('close', resolve);
      socket.once('error', (error) => {
        // Destroyed at the stop, or when the command could not be run.
        if (this.#stopped) resolve();
        else reject(error);
      });
    });
    if (reader.hasRest && !this.#stopped) await this.#putLast(reader);
    void this.#context.settled();
    await this.#settled;
  }

  /** The output has ended: what stands without a line end is the last line. */
  async #putLast(reader: LineReader): Promise<void> {
    const before = reader.clone();
    const put = () =>
      this.#putLines(
        0,
        (target) => reader.finish(target),
        (target) => before.finish(target),
        () => {},
      );
    while (!put()) await (this.#refusing ? this.#settled : this.#context.room());
  }

  /**
   * `fill` appends the lines; `again` gives the same lines once more when some are refused. False when
   * nothing was done because there is no room, or lines before these are being put again. `done` is called
   * when the lines are not needed any more.
   */
  #putLines(
    bytes: number,
    fill: (target: LineTarget) => void,
    again: (target: LineTarget) => void,
    done: () => void,
  ): boolean {
    const { counters } = this.#context;
    const batch = this.#refusing ? null : this.#context.openBatch(bytes + ROOM_BYTES);
    if (batch === null) return false;
    fill(this.#inCharset(batch));
    const { count } = batch;
    if (count === 0) {
      this.#context.discard(batch);
      done();
      return true;
    }
    counters.add('EventReceivedCount', count);
    const outcome = this.#context.put(batch, 'each', 'lazy');
    this.#settled = this.#settled.then(async () => {
      const { accepted, refusal } = await outcome;
      counters.add('EventAcceptedCount', accepted);
      if (refusal === null) {
        done();
        return;
      }
      const list = new LineList();
      again(this.#inCharset(list));
      done();
      await this.#putAgain(list.lines.slice(accepted));
    });
    return true;
  }

  /** Output whose lines cannot be told by bytes is read as UTF-8; bodies are in its charset all the same. */
  #inCharset(target: LineTarget): LineTarget {
    const charset = this.#charset;
    return charset.asciiCompatible ? target : new EncodedLines(target, (text) => charset.encode(text));
  }

  #reportTooLong(reader: LineReader): void {
    this.#context.counters.add('EventReadFail', reader.tooLong);
    reader.tooLong = 0;
    this.#context.log.error(
      `source ${this.#context.name}: a line of the command’s output is longer than ${LINE_BYTES_MAX} bytes, which is ` +
        'the most that an event holds; it is skipped (let the command write shorter lines)',
    );
  }

  async #putAgain(lines: readonly Buffer[]): Promise<void> {
    this.#refusing = true;
    let left = lines;
    let pauseMs = RETRY_MS_FIRST;
    while (left.length > 0 && !this.#stopped) {
      this.#context.counters.add('ChannelWriteFail', 1);
      await this.#pause(pauseMs);
      pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX);
      const batch = this.#context.openBatch();
      if (batch === null) continue;
      for (const line of left) batch.append(line, 0, line.length);
      const { accepted } = await this.#context.put(batch, 'each');
      this.#context.counters.add('EventAcceptedCount', accepted);
      left = left.slice(accepted);
      if (accepted > 0) pauseMs = RETRY_MS_FIRST;
    }
    this.#refusing = false;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    if (this.#current !== null) await endGroup(this.#current);
    await this.#running;
  }
}

/** A chunk in UTF-8. */
function decoded(chunk: Chunk, decode: (bytes: Uint8Array, last: boolean) => string): Chunk {
  const bytes = Buffer.from(decode(chunk.bytes, false), 'utf8');
  chunk.release();
  return { bytes, release: () => {} };
}

/** Ends the command, then what is left of its group: children outlive a shell that obeys when they do not. */
async function endGroup({ child, output }: Running): Promise<void> {
  const group = child.pid;
  if (group === undefined) return;
  signalGroup(group, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(group, 'SIGKILL'), KILL_MS);
  output.destroy();
  await new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
  clearTimeout(timer);
  for (const end = Date.now() + KILL_REST_MS; signalGroup(group, 0); ) {
    if (Date.now() > end) {
      signalGroup(group, 'SIGKILL');
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, KILL_POLL_MS));
  }
}

/** False when no process of the group is left. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}
