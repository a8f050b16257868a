/** One run of one flow on one agent. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HdfsCluster } from '../test/peers/hdfs/cluster.ts';
import { hdfsJars } from '../test/peers/hdfs/jars.ts';
import {
  type AgentKind,
  committed,
  cpuSeconds,
  freePort,
  hasEnded,
  type RunningAgent,
  residentBytes,
  startAgent,
  stopAgent,
} from './agents.ts';
import { confOf, type Flow, LINES_FILE } from './flows/index.ts';

export interface Measurement {
  readonly agent: AgentKind;
  readonly eventsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  readonly peakBytes: number;
  readonly startMs: number;
}

/** Key and trust stores for flows over TLS. */
const BENCH_TLS = join(import.meta.dirname, '../test/fixtures/tls');
const WARM_UP_MS = 5000;
const FINITE_MS_MAX = 600_000;
/**
 * A run that ends by itself is looked at after half of what is left of it, within these bounds: each look
 * costs the agent some of what is measured.
 */
const POLL_MS_MIN = 10;
const POLL_MS_MAX = 250;

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** @param sender what b1 is, where another agent receives. */
export async function measure(
  flow: Flow,
  kind: AgentKind,
  seconds: number,
  sender: AgentKind = kind,
): Promise<Measurement> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  mkdirSync(join(directory, 'out'));
  const port = await freePort();
  const env: Record<string, string> = {
    BENCH_PORT: String(port),
    BENCH_DIR: join(directory, 'out'),
    BENCH_TLS,
  };
  if (flow.events !== null) env.BENCH_FILE = linesFile();
  if (flow.spools === true) linkSync(linesFile(), join(directory, 'out', 'lines'));
  const hdfs = flow.writesHdfs === true ? await startHdfs(env) : null;
  const settings = {
    conf: confOf(flow),
    name: 'b1',
    env,
    log: join(directory, 'agent.log'),
    ...(hdfs === null ? {} : { classPath: [hdfs.configuration, hdfsJars()] }),
  };
  let load: ChildProcess | null = null;
  const launchedMs = performance.now();
  const agents: RunningAgent[] = [];
  try {
    if (flow.receives === true) {
      agents.push(await startAgent(kind, { ...settings, name: 'b2', log: join(directory, 'receiver.log') }));
      await listening(port);
    }
    agents.push(await startAgent(sender, settings));
    // What counts is taken at the end of the flow; what it costs is summed up over all agents.
    const agent = agents[0]!;
    const pids = agents.map((one) => one.process.pid!);
    if (flow.load !== null) {
      await listening(port);
      load = startLoad(flow.load, port);
    }
    const rate =
      flow.events === null
        ? await sample(agent.metricsPort, pids, seconds)
        : await finite(agent, flow.events, launchedMs);
    if (load !== null && hasEnded(load))
      throw new Error('the load generator ended before the measurement did');
    const peakBytes = sum(pids.map((pid) => residentBytes(pid).peak));
    return { agent: kind, ...rate, peakBytes, startMs: agent.startMs };
  } finally {
    load?.kill('SIGKILL');
    for (const agent of agents.reverse()) await stopAgent(agent);
    await hdfs?.remove();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** As a user's: with the compiler and the memory that a DataNode under load has. */
async function startHdfs(env: Record<string, string>): Promise<HdfsCluster> {
  const cluster = await HdfsCluster.start({ jvm: ['-XX:TieredStopAtLevel=4', '-Xmx1g'] });
  env.BENCH_HDFS = `hdfs://${cluster.host}:${cluster.rpcPort}`;
  env.HADOOP_CONF_DIR = cluster.configuration;
  env.HADOOP_USER_NAME = 'root';
  return cluster;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

/** Between two moments in steady state. */
async function sample(port: number, pids: readonly number[], seconds: number) {
  const cpuOfAll = () => sum(pids.map(cpuSeconds));
  await sleep(WARM_UP_MS);
  const [events, cpu, ms] = [await committed(port), cpuOfAll(), performance.now()];
  await sleep(seconds * 1000);
  const taken = (await committed(port)) - events;
  const elapsed = (performance.now() - ms) / 1000;
  if (taken <= 0) throw new Error('no event was taken');
  return { eventsPerSecond: taken / elapsed, cpuSecondsPerMillion: ((cpuOfAll() - cpu) / taken) * 1e6 };
}

/** From the first event taken to the last. */
async function finite(agent: RunningAgent, events: number, launchedMs: number) {
  const pid = agent.process.pid!;
  let firstMs: number | null = null;
  let firstCount = 0;
  for (;;) {
    const taken = await committed(agent.metricsPort);
    if (hasEnded(agent.process)) throw new Error('the agent ended before all events were taken');
    if (firstMs === null && taken > 0) {
      firstMs = performance.now();
      firstCount = taken;
    }
    if (taken === events) break;
    if (taken > events) throw new Error(`${taken} events were taken, ${events} expected`);
    if (performance.now() - launchedMs > FINITE_MS_MAX)
      throw new Error(`only ${taken} of ${events} events were taken`);
    const leftMs = firstMs === null ? 0 : ((performance.now() - firstMs) * (events - taken)) / taken;
    await sleep(Math.min(Math.max(leftMs / 2, POLL_MS_MIN), POLL_MS_MAX));
  }
  const elapsed = (performance.now() - firstMs!) / 1000;
  return {
    eventsPerSecond: (events - firstCount) / elapsed,
    cpuSecondsPerMillion: (cpuSeconds(pid) / events) * 1e6,
  };
}

function startLoad(load: readonly string[], port: number): ChildProcess {
  const [script, ...args] = load;
  const path = join(import.meta.dirname, 'load', script!);
  return spawn(process.execPath, [path, ...args, String(port)], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Waits until the source's port is open. */
async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    const open = await new Promise<boolean>((done) => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.once('connect', () => {
        socket.destroy();
        done(true);
      });
      socket.once('error', () => done(false));
    });
    if (open) return;
    await sleep(20);
  }
  throw new Error(`nothing listens on port ${port}`);
}

/** The file of lines, made once and kept in the temporary directory. */
export function linesFile(): string {
  const { bytes, lineBytes } = LINES_FILE;
  const path = join(tmpdir(), `millrace-bench-lines-${bytes}`);
  if (existsSync(path) && statSync(path).size === bytes) return path;
  process.stderr.write(`making ${path} (${bytes / 1e6} MB) …\n`);
  const block = Buffer.alloc(lineBytes * 5000, 'x');
  for (let i = lineBytes - 1; i < block.length; i += lineBytes) block[i] = 10;
  const fd = openSync(path, 'w');
  for (let written = 0; written < bytes; written += block.length) writeSync(fd, block);
  closeSync(fd);
  return path;
}
