/**
 * A long outage: a backlog grows in a file channel whose sink is down. Do puts keep the speed that they have
 * into an empty channel? A plain file that is written and synced before shows what the disk does meanwhile.
 */
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cpuSeconds, residentBytes, stopAgent } from '../agents.ts';
import { inDirectory } from '../directory.ts';
import { fillPageCache } from '../page-cache.ts';
import { short } from '../statistics.ts';
import { BODY_BYTES, MB, start, untilCount, writeSynced } from './kit.ts';

const PARTS = 10;
/** The agent's compiler is still at work in the first part: the second is the empty channel's. */
const EMPTY = 1;
const POLL_MS = 20;
const BLOCK_BYTES = 1024 * 1024;

export async function outage(events: number): Promise<string> {
  return await inDirectory(async (directory) => {
    const disk = plainly(join(directory, 'plain'), events * BODY_BYTES);
    const agent = await start('millrace', 'fill', directory, events);
    const pid = agent.process.pid!;
    const rates: number[] = [];
    const costs: number[] = [];
    let [count, ms, cpu] = [0, performance.now(), cpuSeconds(pid)];
    for (let part = 1; part <= PARTS; part++) {
      const seen = await untilCount(agent, 'EventPutSuccessCount', (events / PARTS) * part, POLL_MS);
      const [nowMs, nowCpu] = [performance.now(), cpuSeconds(pid)];
      rates.push(((seen - count) / (nowMs - ms)) * 1000);
      costs.push(((nowCpu - cpu) / (seen - count)) * 1e6);
      process.stderr.write(`outage ${short(seen)} events: ${short(rates.at(-1)!)}/s\n`);
      [count, ms, cpu] = [seen, nowMs, nowCpu];
    }
    const peak = residentBytes(pid).peak / MB;
    await stopAgent(agent);
    const kept = (rates.at(-1)! / rates[EMPTY]!) * 100;
    return [
      `outage: ${short(events)} events of ${BODY_BYTES} B, each tenth in events/s: ${rates.map(short).join(', ')}`,
      `outage: CPU s per million of each tenth: ${costs.map((one) => one.toFixed(2)).join(', ')}`,
      `outage: a plain file before, write + fdatasync, each tenth in MB/s: ${disk.map((one) => one.toFixed(0)).join(', ')}`,
      `outage: the last tenth has ${kept.toFixed(0)} % of the second’s speed; ${peak.toFixed(0)} MB resident at most`,
    ].join('\n');
  });
}

/** MB/s of each tenth of `bytes`. */
function plainly(path: string, bytes: number): number[] {
  fillPageCache();
  const block = Buffer.alloc(BLOCK_BYTES, 'x');
  const fd = openSync(path, 'w');
  const blocks = Math.ceil(bytes / BLOCK_BYTES / PARTS);
  const rates = Array.from({ length: PARTS }, () => writeSynced(fd, block, blocks));
  closeSync(fd);
  rmSync(path);
  return rates;
}
