/** What the measurements of the file channel share: an agent that fills or drains a directory. */
import { fdatasyncSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentKind, hasEnded, metricsOf, type RunningAgent, startAgent } from '../agents.ts';

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));
const WAIT_MS_MAX = 1_200_000;
/** Of the events of `fill.conf`. */
export const BODY_BYTES = 200;
export const MB = 1e6;

export function start(
  kind: AgentKind,
  conf: 'fill' | 'drain',
  directory: string,
  events: number,
): Promise<RunningAgent> {
  const env = { BENCH_DIR: directory, BENCH_EVENTS: String(events) };
  const path = join(import.meta.dirname, `${conf}.conf`);
  return startAgent(kind, { conf: path, name: 'b1', env, log: join(directory, 'agent.log') });
}

/** Resolves with the count that was seen, at least `count`. */
export async function untilCount(
  agent: RunningAgent,
  counter: string,
  count: number,
  pollMs: number,
): Promise<number> {
  for (const began = performance.now(); performance.now() - began < WAIT_MS_MAX; await sleep(pollMs)) {
    if (hasEnded(agent.process)) throw new Error('the agent ended before it was done');
    const metrics = await metricsOf(agent.metricsPort);
    const seen = Number(metrics?.['CHANNEL.c1']?.[counter] ?? 0);
    if (seen >= count) return seen;
  }
  throw new Error(`${counter} did not reach ${count}`);
}

/** Writes a block `count` times, each time synced; returns MB/s. */
export function writeSynced(fd: number, block: Buffer, count: number): number {
  const began = performance.now();
  for (let n = 0; n < count; n++) {
    writeSync(fd, block);
    fdatasyncSync(fd);
  }
  const elapsed = (performance.now() - began) / 1000;
  return (block.length * count) / elapsed / MB;
}
