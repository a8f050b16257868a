/** Measurements of the file channel that are no flow: a restart with a backlog, what is written, the disk. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventLog } from '../../src/storage/log/log.ts';
import { type AgentKind, type RunningAgent, residentBytes, stopAgent } from '../agents.ts';
import { inDirectory } from '../directory.ts';
import { short } from '../statistics.ts';
import { BODY_BYTES, MB, start, untilCount, writeSynced } from './kit.ts';

async function killed(agent: RunningAgent): Promise<void> {
  const ended = new Promise((done) => agent.process.once('exit', done));
  agent.process.kill('SIGKILL');
  await ended;
}

/** An agent is killed with a backlog in its file channel, and started again with a sink. */
export async function restart(events: number, against: boolean): Promise<string> {
  const lines: string[] = [];
  for (const kind of against ? (['millrace', 'flume'] as const) : (['millrace'] as const)) {
    lines.push(await inDirectory((directory) => restartOne(kind, events, directory)));
  }
  return lines.join('\n');
}

async function restartOne(kind: AgentKind, events: number, directory: string): Promise<string> {
  const first = await start(kind, 'fill', directory, events);
  const began = performance.now();
  await untilCount(first, 'EventPutSuccessCount', events, 100);
  const filled = (performance.now() - began) / 1000;
  await killed(first);
  const second = await start(kind, 'drain', directory, events);
  await untilCount(second, 'EventTakeSuccessCount', 1, 5);
  const toFirst = (performance.now() - second.launchedMs) / 1000;
  await untilCount(second, 'EventTakeSuccessCount', events, 20);
  const drained = (performance.now() - second.launchedMs) / 1000 - toFirst;
  const peak = residentBytes(second.process.pid!).peak / MB;
  await stopAgent(second);
  return (
    `restart ${kind}: ${short(events)} events of ${BODY_BYTES} B put at ${short(events / filled)}/s, killed; ` +
    `${toFirst.toFixed(2)} s from launch to the first delivery, then ${short(events / drained)}/s; ${peak.toFixed(0)} MB at most`
  );
}

/** Bytes that the agent hands to the disk for each byte of a body that is put. */
export async function amplification(events: number, against: boolean): Promise<string> {
  const lines: string[] = [];
  for (const kind of against ? (['millrace', 'flume'] as const) : (['millrace'] as const)) {
    lines.push(
      await inDirectory(async (directory) => {
        const agent = await start(kind, 'fill', directory, events);
        await untilCount(agent, 'EventPutSuccessCount', events, 50);
        const written = writtenBytes(agent.process.pid!);
        await stopAgent(agent);
        const bodies = events * BODY_BYTES;
        return (
          `amplification ${kind}: ${(written / MB).toFixed(0)} MB written for ${(bodies / MB).toFixed(0)} MB of bodies ` +
          `(${short(events)} events of ${BODY_BYTES} B, batch 1000): ${(written / bodies).toFixed(2)}`
        );
      }),
    );
  }
  return lines.join('\n');
}

/** What a process has made the kernel write to disks. */
function writtenBytes(pid: number): number {
  const io = readFileSync(`/proc/${pid}/io`, 'utf8');
  return Number(/^write_bytes: (\d+)$/m.exec(io)![1]);
}

const BLOCKS = [
  { bytes: 500_000, count: 400 },
  { bytes: 50_000, count: 2000 },
] as const;

/** The log, and a plain file that is written and synced: the same blocks on the same disk. */
export async function disk(): Promise<string> {
  const lines: string[] = [];
  for (const { bytes, count } of BLOCKS) {
    const plain = await inDirectory((directory) => plainly(directory, bytes, count));
    lines.push(`disk, ${bytes / 1000} KB blocks: write + fdatasync ${plain.toFixed(0)} MB/s`);
    for (const inFlight of [1, 4]) {
      const log = await inDirectory((directory) => byLog(directory, bytes, count, inFlight));
      lines.push(`disk, ${bytes / 1000} KB blocks: the log, ${inFlight} in flight ${log.toFixed(0)} MB/s`);
    }
  }
  return lines.join('\n');
}

async function plainly(directory: string, bytes: number, count: number): Promise<number> {
  const fd = openSync(join(directory, 'plain'), 'w');
  const rate = writeSynced(fd, Buffer.alloc(bytes, 'x'), count);
  closeSync(fd);
  return rate;
}

async function byLog(directory: string, bytes: number, count: number, inFlight: number): Promise<number> {
  const log = await EventLog.open({
    checkpointDir: join(directory, 'checkpoint'),
    dataDirs: [join(directory, 'data')],
    owner: 'benchmark',
    segmentBytes: 64 * 1024 * 1024,
    journalBytes: 0,
    freeBytesMin: 0,
    checkpointMs: 1000,
    cipher: null,
    report: (text) => process.stderr.write(`${text}\n`),
  });
  const block = Buffer.alloc(bytes, 'x');
  const flying: Promise<void>[] = [];
  const began = performance.now();
  for (let n = 0; n < count; n++) {
    if (flying.length === inFlight) await flying.shift();
    flying.push(log.append([{ count: 1, value: block }]).settled);
  }
  await Promise.all(flying);
  const elapsed = (performance.now() - began) / 1000;
  await log.close();
  return (bytes * count) / elapsed / MB;
}
