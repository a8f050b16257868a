/** The agents that are measured: how each is started, and what the system says about its processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { spawnJavaFlume } from '../test/peers/flume/index.ts';
import { fillPageCache } from './page-cache.ts';

export type AgentKind = 'millrace' | 'flume';

export interface RunningAgent {
  readonly process: ChildProcess;
  readonly metricsPort: number;
  /** On this process's `performance` clock. */
  readonly launchedMs: number;
  /** Launch to the first 200 of /metrics, in ms. */
  readonly startMs: number;
}

const HOME = resolve(import.meta.dirname, '..');
const START_MS_MAX = 60_000;
const TICKS_A_SECOND = 100;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

export interface StartSettings {
  readonly conf: string;
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly log: string;
  /** For Java: what is needed beyond Flume's own jars. */
  readonly classPath?: readonly string[];
}

export async function startAgent(kind: AgentKind, settings: StartSettings): Promise<RunningAgent> {
  const metricsPort = await freePort();
  fillPageCache();
  const launchedMs = performance.now();
  const child =
    kind === 'flume' ? spawnJavaFlume({ ...settings, metricsPort }) : spawnMillrace(settings, metricsPort);
  while (performance.now() - launchedMs < START_MS_MAX) {
    if (hasEnded(child)) break;
    if ((await metricsOf(metricsPort)) !== null) {
      return { process: child, metricsPort, launchedMs, startMs: performance.now() - launchedMs };
    }
    await new Promise((done) => setTimeout(done, 5));
  }
  child.kill('SIGKILL');
  throw new Error(`${kind} did not start; see ${settings.log}`);
}

/** A process that a signal ended has no exit code. */
export function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function spawnMillrace({ conf, name, env, log }: StartSettings, metricsPort: number): ChildProcess {
  const out = openSync(log, 'a');
  const monitoring = ['-Dflume.monitoring.type=http', `-Dflume.monitoring.port=${metricsPort}`];
  const args = [
    'agent',
    '--conf',
    join(HOME, 'conf'),
    '--conf-file',
    conf,
    '--name',
    name,
    '--no-reload-conf',
  ];
  const child = spawn(
    join(HOME, 'bin/flume-ng'),
    [...args, '-Dflume.root.logger=INFO,console', ...monitoring],
    {
      stdio: ['ignore', out, out],
      env: { ...process.env, ...env },
    },
  );
  closeSync(out);
  return child;
}

type Metrics = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Null while nobody answers. */
export async function metricsOf(port: number): Promise<Metrics | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(5000) });
    return response.ok ? ((await response.json()) as Metrics) : null;
  } catch {
    return null;
  }
}

/** Committed takes at the channel. */
export async function committed(port: number): Promise<number> {
  const metrics = await metricsOf(port);
  return Number(metrics?.['CHANNEL.c1']?.EventTakeSuccessCount ?? 0);
}

/**
 * User and system time of a process and its threads, in seconds; the commands that
 * it started are not counted.
 */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** The same to the nanosecond, as the scheduler counts it; threads that ended are left out. */
export function preciseCpuSeconds(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  }
  return nanoseconds / 1e9;
}

/** Resident memory in bytes: now, and the most it has been. */
export function residentBytes(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const value = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) * 1024;
  return { now: value('VmRSS'), peak: value('VmHWM') };
}

export function threadCount(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length;
}

export async function stopAgent(agent: RunningAgent): Promise<void> {
  if (hasEnded(agent.process)) return;
  const ended = new Promise((done) => agent.process.once('exit', done));
  agent.process.kill('SIGTERM');
  const timer = setTimeout(() => agent.process.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(timer);
}
