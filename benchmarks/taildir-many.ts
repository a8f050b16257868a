/**
 * 10,000 tailed files of which 100 grow: what watching them costs the agent, and how long a line takes from
 * its write until it stands in the file of the sink (taildir, memory, file_roll).
 *
 * A line holds when it was written. The files are written to by turns, so that writes are spread evenly over
 * a second, as those of 100 programs are. Beside them, some lines go to files that were quiet before.
 */
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AgentKind, preciseCpuSeconds, type RunningAgent, startAgent, stopAgent } from './agents.ts';

const FILES = 10_000;
const ACTIVE = 100;
const LINES_BEFORE = 10;
const LINE_BYTES = 200;
/** Lines a second in each active file. */
const RATES = [0, 1, 10, 100];
/** Lines a second that go to files that have been quiet. */
const QUIET_RATE = 2;
const WRITE_MS = 1;
const FOLLOW_MS = 5;
const SETTLE_MS = 5000;
/** Either agent compiles what it runs now and then for about half a minute. */
const WARM_UP_MS = 30_000;
const ARRIVE_MS_MAX = 120_000;

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

function configuration(directory: string): string {
  return `b1.sources = r1
b1.channels = c1
b1.sinks = k1
b1.sources.r1.type = TAILDIR
b1.sources.r1.filegroups = f1
b1.sources.r1.filegroups.f1 = ${directory}/logs/.*\\\\.log
b1.sources.r1.positionFile = ${directory}/position.json
b1.sources.r1.batchSize = 1000
b1.sources.r1.channels = c1
b1.channels.c1.type = memory
b1.channels.c1.capacity = 100000
b1.channels.c1.transactionCapacity = 1000
b1.sinks.k1.type = file_roll
b1.sinks.k1.sink.directory = ${directory}/out
b1.sinks.k1.sink.rollInterval = 0
b1.sinks.k1.sink.batchSize = 1000
b1.sinks.k1.channel = c1
`;
}

const nameOf = (file: number) => `app-${String(file).padStart(5, '0')}.log`;

/** `active` or `quiet`, when it was written (ms), and filler. */
function lineOf(kind: string, file: number): string {
  return `${kind} ${performance.now().toFixed(2)} ${file} `.padEnd(LINE_BYTES - 1, '.');
}

/** Writes lines as time goes by. */
class Writer {
  lines = 0;
  readonly #files = new Map<number, number>();
  readonly #directory: string;
  readonly #begunMs = performance.now();
  readonly #rate: number;
  #active = 0;
  #quiet = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(directory: string, rate: number) {
    this.#directory = directory;
    this.#rate = rate;
    this.#timer = setInterval(() => this.#write(), WRITE_MS);
  }

  #write(): void {
    const seconds = (performance.now() - this.#begunMs) / 1000;
    for (; this.#active < seconds * this.#rate * ACTIVE; this.#active++) {
      this.#writeTo(this.#active % ACTIVE, 'active');
    }
    for (; this.#quiet < seconds * QUIET_RATE; this.#quiet++) {
      this.#writeTo(ACTIVE + Math.floor(Math.random() * (FILES - ACTIVE)), 'quiet');
    }
  }

  #writeTo(file: number, kind: string): void {
    let fd = this.#files.get(file);
    if (fd === undefined) {
      fd = openSync(join(this.#directory, nameOf(file)), 'a');
      this.#files.set(file, fd);
    }
    writeSync(fd, `${lineOf(kind, file)}\n`);
    this.lines++;
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const fd of this.#files.values()) closeSync(fd);
  }
}

/** Reads what the sink writes, and notes how old each line is then. */
class Follower {
  lines = 0;
  #delays = new Map<string, number[]>();
  readonly #directory: string;
  readonly #offsets = new Map<string, { fd: number; rest: string }>();
  readonly #buffer = Buffer.alloc(4 << 20);
  readonly #timer: NodeJS.Timeout;

  constructor(directory: string) {
    this.#directory = directory;
    this.#timer = setInterval(() => this.#follow(), FOLLOW_MS);
  }

  #follow(): void {
    if (this.#offsets.size === 0) {
      for (const name of readdirSync(this.#directory)) {
        this.#offsets.set(name, { fd: openSync(join(this.#directory, name), 'r'), rest: '' });
      }
    }
    for (const file of this.#offsets.values()) {
      for (let bytes = 1; bytes > 0; ) {
        bytes = readSync(file.fd, this.#buffer, 0, this.#buffer.length, null);
        if (bytes === 0) break;
        const lines = (file.rest + this.#buffer.toString('latin1', 0, bytes)).split('\n');
        file.rest = lines.pop()!;
        for (const line of lines) this.#note(line, performance.now());
      }
    }
  }

  #note(line: string, nowMs: number): void {
    this.lines++;
    const [kind, sent] = line.split(' ', 2) as [string, string];
    const delays = this.#delays.get(kind);
    if (delays === undefined) this.#delays.set(kind, [nowMs - Number(sent)]);
    else delays.push(nowMs - Number(sent));
  }

  /** Forgets the delays noted so far. */
  reset(): void {
    this.#delays = new Map();
  }

  /** `p50 … p99 …` of the lines of a kind. */
  delays(kind: string): string {
    const sorted = (this.#delays.get(kind) ?? []).sort((a, b) => a - b);
    if (sorted.length === 0) return 'no line came';
    const at = (share: number) => sorted[Math.floor(sorted.length * share)]!.toFixed(0);
    return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
  }

  async until(lines: number): Promise<void> {
    const endMs = performance.now() + ARRIVE_MS_MAX;
    while (this.lines < lines) {
      if (performance.now() > endMs) throw new Error(`${this.lines} of ${lines} lines arrived`);
      await sleep(FOLLOW_MS);
    }
    if (this.lines > lines) throw new Error(`${this.lines} lines arrived, ${lines} were written`);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const { fd } of this.#offsets.values()) closeSync(fd);
  }
}

async function measured(
  kind: AgentKind,
  rate: number,
  agent: RunningAgent,
  logs: string,
  follower: Follower,
  seconds: number,
): Promise<string> {
  const before = follower.lines;
  const writer = rate === 0 ? null : new Writer(logs, rate);
  await sleep(WARM_UP_MS);
  follower.reset();
  const pid = agent.process.pid!;
  const [cpu, ms] = [preciseCpuSeconds(pid), performance.now()];
  await sleep(seconds * 1000);
  const share = ((preciseCpuSeconds(pid) - cpu) / (performance.now() - ms)) * 1e5;
  writer?.stop();
  if (writer !== null) await follower.until(before + writer.lines);
  const what = rate === 0 ? 'nothing written' : `${ACTIVE} of them growing by ${rate} lines/s`;
  const delays =
    writer === null
      ? ''
      : `; line to file ${follower.delays('active')}; of quiet files ${follower.delays('quiet')}`;
  return `taildir-many ${kind}: ${FILES} files, ${what}: ${share.toFixed(2)} % of a core${delays}`;
}

async function ofAgent(kind: AgentKind, seconds: number, tell: (line: string) => void): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const logs = join(directory, 'logs');
  mkdirSync(logs);
  mkdirSync(join(directory, 'out'));
  for (let file = 0; file < FILES; file++) {
    const lines = Array.from({ length: LINES_BEFORE }, () => `${lineOf('before', file)}\n`);
    writeFileSync(join(logs, nameOf(file)), lines.join(''));
  }
  const conf = join(directory, 'flume.conf');
  writeFileSync(conf, configuration(directory));
  const agent = await startAgent(kind, { conf, name: 'b1', env: {}, log: join(directory, 'agent.log') });
  const follower = new Follower(join(directory, 'out'));
  try {
    await follower.until(FILES * LINES_BEFORE);
    await sleep(SETTLE_MS);
    for (const rate of RATES) tell(await measured(kind, rate, agent, logs, follower, seconds));
  } finally {
    follower.stop();
    await stopAgent(agent);
    rmSync(directory, { recursive: true, force: true });
  }
}

export async function taildirMany(seconds: number, against: boolean): Promise<string> {
  const lines: string[] = [];
  for (const kind of against ? (['millrace', 'flume'] as const) : (['millrace'] as const)) {
    await ofAgent(kind, seconds, (line) => {
      process.stderr.write(`${line}\n`);
      lines.push(line);
    });
  }
  return lines.join('\n');
}
