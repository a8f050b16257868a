/**
 * Kills a real agent with SIGKILL, again and again, while numbered lines flow through its file channel, and
 * looks at what came of them: every acknowledged line was delivered, nothing was invented, lines of one
 * connection kept their order, and only lines whose take had not reached the disk came twice.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { CrashPoint } from '../../src/base/crash-points.ts';
import { LineClient } from '../kit/lines.ts';
import { type RunningMillrace, startMillrace } from '../kit/process.ts';
import { temporaryDirectory } from '../kit/temporary.ts';
import { until } from '../kit/until.ts';

export interface CrashSettings {
  readonly kills: number;
  /** Where the process ends itself; absent: it is killed at a random moment. */
  readonly point?: CrashPoint;
  readonly directories: number;
  /** Where lines go: hdfs is the sink with exactly-once delivery, over a local directory. */
  readonly sink: 'file_roll' | 'hdfs';
  /** A number in [0, 1), another one each time. */
  readonly random: () => number;
}

export interface CrashReport {
  readonly kills: number;
  readonly acknowledged: number;
  readonly sent: number;
  readonly delivered: number;
  /** Acknowledged and not delivered: none. */
  readonly missing: readonly string[];
  /** Delivered and never sent: none. */
  readonly invented: readonly string[];
  /** Lines of one connection that came before an earlier one of it: none. */
  readonly disordered: readonly string[];
  readonly repeated: number;
  /** Files that are left in use. */
  readonly inUse: readonly string[];
}

const CLIENTS = 4;
const LINES_A_SEND = 10;
/** Sends in a row of one size: small ones stay in the journal, large ones fill segments. */
const SENDS_A_SIZE = 120;
const SMALL_LINE_BYTES = 300;
const LARGE_LINE_BYTES = 6000;
/**
 * Takes that may be on their way when the process ends: what a sink has asked for ahead, and the one being
 * delivered.
 */
export const REPEATED_A_KILL_MAX = 6 * 100;

class Crasher {
  readonly #t: TestContext;
  readonly #settings: CrashSettings;
  readonly #conf: string;
  readonly #out: string;
  readonly acknowledged = new Set<string>();
  readonly sent = new Set<string>();
  #connection = 0;
  #sends = 0;

  constructor(t: TestContext, settings: CrashSettings) {
    this.#t = t;
    this.#settings = settings;
    const base = temporaryDirectory();
    this.#out = join(base, 'out');
    mkdirSync(this.#out);
    this.#conf = join(base, 'flume.conf');
    const data = Array.from({ length: settings.directories }, (_, n) => join(base, `data${n}`)).join(',');
    const lines = [
      'sources = r1',
      'channels = c1',
      'sinks = k1',
      'sources.r1.type = netcat',
      'sources.r1.bind = 127.0.0.1',
      'sources.r1.port = 0',
      `sources.r1.max-line-length = ${2 * LARGE_LINE_BYTES}`,
      'sources.r1.channels = c1',
      'channels.c1.type = file',
      `channels.c1.checkpointDir = ${join(base, 'checkpoint')}`,
      `channels.c1.dataDirs = ${data}`,
      'channels.c1.maxFileSize = 1MiB',
      'channels.c1.minimumRequiredSpace = 1MiB',
      'sinks.k1.channel = c1',
      ...this.#sinkLines(base),
    ];
    writeFileSync(this.#conf, lines.map((line) => `a1.${line}\n`).join(''));
  }

  #sinkLines(base: string): readonly string[] {
    const options =
      this.#settings.sink === 'file_roll'
        ? ['type = file_roll', `sink.directory = ${this.#out}`, 'sink.rollInterval = 0']
        : [
            'type = hdfs',
            `hdfs.path = file://${this.#out}`,
            'hdfs.delivery = exactly-once',
            `hdfs.stateDir = ${join(base, 'state')}`,
            'hdfs.fileType = DataStream',
            'hdfs.rollInterval = 0',
            'hdfs.rollSize = 0',
            'hdfs.rollCount = 150',
          ];
    return options.map((option) => `sinks.k1.${option}`);
  }

  async #start(crashAt: string | null): Promise<{ agent: RunningMillrace; port: number }> {
    const args = [
      'agent',
      '-f',
      this.#conf,
      '-n',
      'a1',
      '--no-reload-conf',
      '-Dflume.root.logger=INFO,console',
    ];
    const env: Record<string, string> = crashAt === null ? {} : { MILLRACE_CRASH_AT: crashAt };
    const agent = startMillrace(this.#t, args, { env });
    const [, port] = await agent.untilWrites(/Created serverSocket:.*:(\d+)\]/);
    return { agent, port: Number(port) };
  }

  /** One life of the agent, up to its violent end. */
  async life(): Promise<void> {
    const { point, random } = this.#settings;
    const times = point === undefined ? 0 : 1 + Math.floor(random() * (POINT_TIMES_MAX[point] ?? 1));
    let agent: RunningMillrace;
    let port: number;
    try {
      ({ agent, port } = await this.#start(point === undefined ? null : `${point}:${times}`));
    } catch (error) {
      // It may meet its point before it listens.
      if (String(error).includes('SIGKILL')) return;
      throw error;
    }
    const clients = Array.from({ length: CLIENTS }, () => this.#feed(port));
    if (point === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 20 + random() * 300));
      agent.signal('SIGKILL');
    }
    await agent.exit();
    await Promise.all(clients);
  }

  /** Sends lines and notes answers until the connection ends. */
  async #feed(port: number): Promise<void> {
    const name = `c${this.#connection++}`;
    const client = new LineClient(port);
    for (let next = 0; !client.closed; next += LINES_A_SEND) {
      const isLarge = Math.floor(this.#sends++ / SENDS_A_SIZE) % 2 === 1;
      const bytes = isLarge ? LARGE_LINE_BYTES : SMALL_LINE_BYTES;
      const ids = Array.from({ length: LINES_A_SEND }, (_, n) => `${name}-${next + n}-${bytes}`);
      for (const id of ids) this.sent.add(id);
      client.send(ids.map((id) => `${id}-${'x'.repeat(bytes)}`));
      const answers = await client.untilLines(next + LINES_A_SEND);
      answers.slice(next).forEach((answer, n) => {
        if (answer === 'OK') this.acknowledged.add(ids[n]!);
      });
    }
  }

  /** A last life in peace: everything is delivered. */
  async finish(): Promise<void> {
    const { agent } = await this.#start(null);
    await until('what was acknowledged is delivered', () => {
      const delivered = new Set(this.delivered(this.#names()));
      for (const line of this.acknowledged) if (!delivered.has(line)) return agent.ended !== null;
      return true;
    }).catch(() => {});
    agent.signal('SIGTERM');
    await agent.exit();
  }

  /** Files of the sink, in their order. */
  #names(): readonly string[] {
    const order = (name: string) =>
      name
        .split(/[-.]/)
        .filter((part) => /^\d+$/.test(part))
        .map(Number);
    const names = readdirSync(this.#out).filter((name) => !name.startsWith('.'));
    return names.sort((a, b) => {
      const [x, y] = [order(a), order(b)];
      return x[0]! - y[0]! || (x[1] ?? 0) - (y[1] ?? 0);
    });
  }

  finished(): readonly string[] {
    return this.#names().filter((name) => !name.endsWith('.tmp'));
  }

  inUse(): readonly string[] {
    return this.#names().filter((name) => name.endsWith('.tmp'));
  }

  /** Without their padding, when that is whole. */
  delivered(files: readonly string[]): string[] {
    // A line that the kill cut in two has no end: its batch was not committed and comes again.
    return files.flatMap((name) =>
      readFileSync(join(this.#out, name), 'latin1').split('\n').slice(0, -1).map(withoutPadding),
    );
  }
}

function withoutPadding(line: string): string {
  const match = /^(c\d+-\d+-(\d+))-(x+)$/.exec(line);
  return match !== null && match[3]!.length === Number(match[2]) ? match[1]! : line;
}

/** How often a long run says how far it is. */
const TOLD_KILLS = 50;

/** Points that are reached often end the process at one of the first so many times. */
const POINT_TIMES_MAX: Partial<Record<CrashPoint, number>> = {
  append: 60,
  stored: 60,
  answered: 60,
  delivered: 10,
  recorded: 10,
  rename: 5,
  renamed: 5,
  checkpoint: 3,
  // Each time more takes a megabyte of small groups.
  journal: 2,
  settled: 2,
};

export async function crash(t: TestContext, settings: CrashSettings): Promise<CrashReport> {
  const crasher = new Crasher(t, settings);
  for (let kill = 1; kill <= settings.kills; kill++) {
    await crasher.life();
    if (kill % TOLD_KILLS !== 0) continue;
    const { acknowledged, sent } = crasher;
    process.stderr.write(`${kill} kills, ${sent.size} lines sent, ${acknowledged.size} acknowledged\n`);
  }
  await crasher.finish();
  return reportOf(crasher, settings.kills);
}

function reportOf(crasher: Crasher, kills: number): CrashReport {
  const { sent, acknowledged } = crasher;
  const lines = crasher.delivered(crasher.finished());
  const seen = new Set<string>();
  const newest = new Map<string, number>();
  const invented: string[] = [];
  const disordered: string[] = [];
  for (const line of lines) {
    if (!sent.has(line)) invented.push(line.slice(0, 80));
    if (seen.has(line)) continue;
    seen.add(line);
    const [connection, number] = line.split('-') as [string, string];
    if (Number(number) < (newest.get(connection) ?? -1)) disordered.push(line.slice(0, 80));
    newest.set(connection, Number(number));
  }
  return {
    kills,
    acknowledged: acknowledged.size,
    sent: sent.size,
    delivered: seen.size,
    missing: [...acknowledged].filter((line) => !seen.has(line)).map((line) => line.slice(0, 80)),
    invented,
    disordered,
    repeated: lines.length - seen.size,
    inUse: crasher.inUse(),
  };
}
