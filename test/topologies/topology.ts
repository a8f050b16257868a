/**
 * A topology of conf/examples/topologies as real agent processes, on free ports in a directory of its own,
 * and a feeder that sends numbered lines until each is acknowledged.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { LineClient } from '../kit/lines.ts';
import { HOME, type RunningMillrace, startMillrace } from '../kit/process.ts';
import { temporaryDirectory } from '../kit/temporary.ts';
import { until } from '../kit/until.ts';

const PORT = /\.port = (\d+)$/gm;
const OUT = /\.sink\.directory = (\S+)$/gm;

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) =>
          server.listen(0, 'localhost', () => resolve((server.address() as { port: number }).port)),
        ),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export class Topology {
  readonly #t: TestContext;
  readonly #conf: string;
  readonly #ports: ReadonlyMap<string, number>;
  readonly directory: string;
  /** Agents by name, with the port that each listens on. */
  readonly agents: ReadonlyMap<string, number>;
  readonly #running = new Map<string, RunningMillrace>();

  static async of(t: TestContext, name: string): Promise<Topology> {
    const text = readFileSync(join(HOME, `conf/examples/topologies/${name}.conf`), 'utf8');
    const wanted = [...new Set([...text.matchAll(PORT)].map((match) => match[1]!))];
    const free = await freePorts(wanted.length);
    return new Topology(t, text, new Map(wanted.map((port, n) => [port, free[n]!])));
  }

  private constructor(t: TestContext, text: string, ports: ReadonlyMap<string, number>) {
    this.#t = t;
    this.#ports = ports;
    this.directory = temporaryDirectory();
    const own = text.replace(PORT, (line, port: string) => line.replace(port, String(ports.get(port))));
    this.#conf = join(this.directory, 'flume.conf');
    // Small, so that segments come and go while a test lasts.
    const names = [
      ...new Set(
        [...own.matchAll(/^(a\d)\.channels = (.*)$/gm)].flatMap(([, agent, channels]) =>
          channels!.split(' ').map((channel) => `${agent}.channels.${channel}`),
        ),
      ),
    ];
    const limits = names.map((name) => `${name}.maxFileSize = 4MiB\n${name}.minimumRequiredSpace = 1MiB\n`);
    writeFileSync(this.#conf, own + limits.join(''));
    for (const [, out] of own.matchAll(OUT)) mkdirSync(join(this.directory, out!), { recursive: true });
    this.agents = new Map(
      [...own.matchAll(/^(a\d)\.sources\.r1\.port = (\d+)$/gm)].map(([, agent, port]) => [
        agent!,
        Number(port),
      ]),
    );
  }

  /** Port of this run for one of the example's. */
  port(example: number): number {
    return this.#ports.get(String(example))!;
  }

  async startAll(): Promise<void> {
    await Promise.all([...this.agents.keys()].map((agent) => this.start(agent)));
  }

  /** Resolves when the agent's source listens. */
  async start(agent: string): Promise<void> {
    const args = [
      'agent',
      '-f',
      this.#conf,
      '-n',
      agent,
      '--no-reload-conf',
      '-Dflume.root.logger=INFO,console',
    ];
    const running = startMillrace(this.#t, args, { directory: this.directory });
    this.#running.set(agent, running);
    const port = this.agents.get(agent)!;
    await until(`${agent} listens`, async () => {
      if (running.ended !== null) throw new Error(`${agent} ended:\n${running.stdout}${running.stderr}`);
      const client = new LineClient(port, 'localhost');
      const connected = await new Promise<boolean>((resolve) => {
        client.socket.once('connect', () => resolve(true));
        client.socket.once('error', () => resolve(false));
      });
      client.end();
      return connected;
    });
  }

  async kill(agent: string): Promise<void> {
    const running = this.#running.get(agent)!;
    running.signal('SIGKILL');
    await running.exit();
  }

  /** Whole lines in the files of `out`, or of all directories. */
  delivered(out = 'topology'): string[] {
    return readdirSync(join(this.directory, out), { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile() && /out/.test(one.parentPath) && /^\d+-\d+$/.test(one.name))
      .flatMap((one) => readFileSync(join(one.parentPath, one.name), 'latin1').split('\n').slice(0, -1));
  }

  async untilDelivered(lines: Iterable<string>, out = 'topology', deadlineMs = 30_000): Promise<void> {
    const wanted = [...lines];
    let missing = wanted;
    try {
      await until(
        'delivery',
        () => {
          const there = new Set(this.delivered(out));
          missing = wanted.filter((line) => !there.has(line));
          return missing.length === 0;
        },
        deadlineMs,
      );
    } catch {
      const logs = [...this.#running].map(([name, { stdout }]) => `${name}:\n${stdout.slice(-2000)}`);
      throw new Error(
        `${missing.length} of ${wanted.length} lines are missing, first ${missing[0]}\n${logs.join('\n')}`,
      );
    }
  }
}

/** Sends lines over a line source and keeps them apart by its answers; connects again when it is cut off. */
export class Feeder {
  readonly #port: number;
  readonly acknowledged: string[] = [];
  /** Sends until every line has its OK. */
  constructor(port: number) {
    this.#port = port;
  }

  async send(lines: readonly string[], atOnce = 500): Promise<void> {
    let left = lines;
    let client = new LineClient(this.#port, 'localhost');
    let answers = 0;
    while (left.length > 0) {
      if (client.closed) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        client = new LineClient(this.#port, 'localhost');
        answers = 0;
      }
      const part = left.slice(0, atOnce);
      client.send(part);
      const got = (await client.untilLines(answers + part.length)).slice(answers);
      answers += got.length;
      const refused: string[] = [];
      part.forEach((line, n) => {
        (got[n] === 'OK' ? this.acknowledged : refused).push(line);
      });
      left = [...refused, ...left.slice(part.length)];
      if (refused.length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    client.end();
  }
}

/** `PREFIX 0`, `PREFIX 1` … */
export function numbered(prefix: string, from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, n) => `${prefix} ${from + n}`);
}
