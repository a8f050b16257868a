/** Flume's Java clients: RpcClient in one JVM for many jobs, and the command avro-client. */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { flumeHome } from '../flume/index.ts';

/** Starts fast and stays small. */
export const SMALL_JVM = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

export interface SendJob {
  /** A file of events as `writeEvents` makes it. */
  readonly events: string;
  /** `append` for each event; else `appendBatch` by the client's batch size. */
  readonly single?: boolean;
  /** Each `append` is timed, and followed by this pause. */
  readonly pauseMs?: number;
  /** Of Flume's RpcClientFactory. */
  readonly properties: Readonly<Record<string, string>>;
}

export interface SendAnswer {
  readonly acknowledged: number;
  /** The exception and its causes; absent when all went well. */
  readonly error?: string;
  readonly nanoseconds?: readonly number[];
}

/** Does jobs one after another. */
export class JavaRpcClient {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;

  constructor(jvm: readonly string[] = []) {
    const args = [...SMALL_JVM, '-Dlog4j2.level=OFF', ...jvm, '-cp', join(flumeHome(), 'lib', '*')];
    const program = join(import.meta.dirname, 'Send.java');
    this.#child = spawn('java', [...args, program], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  async send(job: SendJob): Promise<SendAnswer> {
    this.#child.stdin.write(`${JSON.stringify(job)}\n`);
    const line = await this.#answers.next();
    if (line.done === true) throw new Error('the Java client ended before it answered');
    return JSON.parse(line.value) as SendAnswer;
  }

  end(): void {
    this.#lines.close();
    this.#child.kill('SIGKILL');
  }
}

/** Runs `flume-ng avro-client` of Java Flume to its end; resolves with its exit code and what it printed. */
export function javaAvroClient(...args: readonly string[]): Promise<{ code: number; output: string }> {
  const home = flumeHome();
  const classPath = `${join(home, 'conf')}:${join(home, 'lib')}/*`;
  const main = 'org.apache.flume.client.avro.AvroCLIClient';
  return new Promise((resolve) => {
    execFile('java', [...SMALL_JVM, '-cp', classPath, main, ...args], (error, out, err) => {
      resolve({ code: Number(error?.code ?? 0), output: out + err });
    });
  });
}
