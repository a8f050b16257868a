/** An agent of Java Flume for a test: its configuration, its counters, and what arrived at its end. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort, hasEnded, metricsOf } from '../../benchmarks/agents.ts';
import { temporaryDirectory } from '../kit/temporary.ts';
import { until } from '../kit/until.ts';
import { spawnJavaFlume } from '../peers/flume/index.ts';
import { SMALL_JVM } from '../peers/rpc/index.ts';
import { linesOfContainer } from './container.ts';

/** A machine that does other things, too, multiplies the three seconds that an agent needs. */
export const PATIENCE_MS = 60_000;

export interface JavaAgentSettings {
  /** Keys are written without the agent's name; `DIRECTORY` stands for where sinks of files write. */
  readonly conf: string;
  /** Ports that its sources listen on. */
  readonly ports: readonly number[];
  readonly jvm?: readonly string[];
}

export class JavaAgent {
  readonly #directory: string;
  readonly #metricsPort: number;

  private constructor(directory: string, metricsPort: number) {
    this.#directory = directory;
    this.#metricsPort = metricsPort;
  }

  /** Resolves when it listens. It is stopped when the test ends. */
  static async start(t: Pick<TestContext, 'after'>, settings: JavaAgentSettings): Promise<JavaAgent> {
    const directory = temporaryDirectory();
    const metricsPort = await freePort();
    const agent = new JavaAgent(directory, metricsPort);
    const conf = join(directory, 'flume.conf');
    const text = settings.conf.replaceAll('DIRECTORY', directory);
    for (const [, folder] of text.matchAll(/sink\.directory = (.*)/g)) mkdirSync(folder!);
    writeFileSync(conf, text.replaceAll(/^ *(?=\S)/gm, 'a1.'));
    const log = join(directory, 'log');
    const jvm = [...SMALL_JVM, ...(settings.jvm ?? [])];
    const child = spawnJavaFlume({ conf, name: 'a1', metricsPort, log, jvm });
    t.after(async () => {
      if (!hasEnded(child)) child.kill('SIGKILL');
      await until('Java Flume ends', () => hasEnded(child));
    });
    for (const port of settings.ports) {
      const listens = () => {
        if (hasEnded(child)) throw new Error(`Java Flume ended:\n${readFileSync(log, 'utf8').slice(-5000)}`);
        return canConnect(port);
      };
      await until(`Java Flume listens on ${port}`, listens, PATIENCE_MS);
    }
    return agent;
  }

  /** 0 while there is no such counter. */
  async counter(group: string, name: string): Promise<number> {
    return Number((await metricsOf(this.#metricsPort))?.[group]?.[name] ?? 0);
  }

  /** What a `fileEnd` was given; resolves when it has `count` events. */
  async arrived(sink: string, count: number): Promise<string[]> {
    const drained = () => this.counter(`SINK.${sink}`, 'EventDrainSuccessCount');
    await until(`${count} events at ${sink}`, async () => (await drained()) >= count, PATIENCE_MS);
    const folder = join(this.#directory, sink);
    return readdirSync(folder).flatMap((name) => linesOfContainer(readFileSync(join(folder, name))));
  }

  log(): string {
    return readFileSync(join(this.#directory, 'log'), 'utf8');
  }
}

/** Lines of flume.conf for a Java sink that keeps events whole, in one file. */
export function fileEnd(sink: string, channel: string): string {
  return `
    sinks.${sink}.type = file_roll
    sinks.${sink}.sink.directory = DIRECTORY/${sink}
    sinks.${sink}.sink.rollInterval = 0
    sinks.${sink}.sink.serializer = avro_event
    sinks.${sink}.channel = ${channel}`;
}

export function memoryChannel(channel: string, capacity = 10_000): string {
  return `
    channels.${channel}.type = memory
    channels.${channel}.capacity = ${capacity}
    channels.${channel}.transactionCapacity = ${Math.min(capacity, 1000)}`;
}

/** Lines for a component: each of `lines` with its kind and name before it. */
export function component(what: string, lines: readonly string[]): string {
  return lines.map((line) => `\n    ${what}.${line}`).join('');
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
