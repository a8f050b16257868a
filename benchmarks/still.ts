/** Measurements that are no throughput: start-up, an idle agent, memory over time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  type AgentKind,
  committed,
  cpuSeconds,
  freePort,
  type RunningAgent,
  residentBytes,
  startAgent,
  stopAgent,
} from './agents.ts';
import { confOf, FLOWS } from './flows/index.ts';
import { spreadOf } from './statistics.ts';

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));
const SETTLE_MS = 5000;

async function withAgent<T>(
  kind: AgentKind,
  flow: string,
  use: (agent: RunningAgent) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const env = { BENCH_PORT: String(await freePort()), BENCH_DIR: directory };
  const conf = confOf(FLOWS.find((one) => one.name === flow)!);
  const agent = await startAgent(kind, { conf, name: 'b1', env, log: join(directory, 'agent.log') });
  try {
    return await use(agent);
  } finally {
    await stopAgent(agent);
    rmSync(directory, { recursive: true, force: true });
  }
}

export async function startUp(runs: number, against: boolean): Promise<string> {
  const lines: string[] = [];
  for (const kind of against ? (['millrace', 'flume'] as const) : (['millrace'] as const)) {
    const times: number[] = [];
    for (let n = 0; n < runs; n++)
      times.push(await withAgent(kind, 'netcat-mem-null', async (agent) => agent.startMs));
    const { median, min, max } = spreadOf(times);
    lines.push(
      `startup ${kind}: ${median.toFixed(0)} ms (${min.toFixed(0)} – ${max.toFixed(0)}) to the first metrics answer`,
    );
  }
  return lines.join('\n');
}

export function idle(seconds: number): Promise<string> {
  return withAgent('millrace', 'netcat-mem-null', async (agent) => {
    const pid = agent.process.pid!;
    await sleep(SETTLE_MS);
    const before = cpuSeconds(pid);
    await sleep(seconds * 1000);
    const share = ((cpuSeconds(pid) - before) / seconds) * 100;
    const memory = (residentBytes(pid).now / 1e6).toFixed(0);
    return `idle: ${share.toFixed(2)} % of a core over ${seconds} s, ${memory} MB resident (${resolve(confOf(FLOWS[2]!)).split('/').at(-2)})`;
  });
}

const SAMPLES = 10;

export function memory(seconds: number): Promise<string> {
  return withAgent('millrace', 'stress-mem-null', async (agent) => {
    const pid = agent.process.pid!;
    const lines: string[] = [];
    for (let n = 0; n <= SAMPLES; n++) {
      if (n > 0) await sleep((seconds * 1000) / SAMPLES);
      const events = await committed(agent.metricsPort);
      lines.push(
        `memory after ${Math.round((n * seconds) / SAMPLES)} s: ${(residentBytes(pid).now / 1e6).toFixed(0)} MB, ${(events / 1e6).toFixed(0)} M events`,
      );
    }
    return lines.join('\n');
  });
}
