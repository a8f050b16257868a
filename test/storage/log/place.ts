/** A log in a directory of its own, and what its tests do with one. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EventLog, LogSettings } from '../../../src/storage/log/log.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';

export interface Place extends LogSettings {
  readonly reports: string[];
}

export function place(directories = 1, segmentBytes = 1 << 20): Place {
  const base = temporaryDirectory();
  const reports: string[] = [];
  return {
    checkpointDir: join(base, 'checkpoint'),
    dataDirs: Array.from({ length: directories }, (_, n) => join(base, `data${n}`)),
    owner: 'channel c1',
    segmentBytes,
    journalBytes: 0,
    freeBytesMin: 0,
    checkpointMs: 10,
    cipher: null,
    report: (text) => reports.push(text),
    reports,
  };
}

/** The same files as they are now, as a crash would leave them. */
export function crashed(from: Place): Place {
  const to = place(from.dataDirs.length, from.segmentBytes);
  if (existsSync(from.checkpointDir)) cpSync(from.checkpointDir, to.checkpointDir, { recursive: true });
  from.dataDirs.forEach((directory, n) => {
    if (existsSync(directory)) cpSync(directory, to.dataDirs[n]!, { recursive: true });
    rmSync(join(to.dataDirs[n]!, 'in_use.lock'), { force: true });
  });
  return to;
}

/** A group of `count` events whose value names them. */
export function group(first: number, count: number, bytes = 100): { count: number; value: Buffer } {
  return { count, value: Buffer.alloc(bytes, `${first}+${count};`) };
}

export async function appendAll(log: EventLog, groups: number, events = 10, bytes = 100): Promise<void> {
  const settled: Promise<void>[] = [];
  for (let n = 0; n < groups; n++) {
    const end = log.end;
    settled.push(log.append([group(end, events, bytes)]).settled);
    if (settled.length >= 4) await settled.shift();
  }
  await Promise.all(settled);
}

/** Waits as a channel does, which lets the log keep house meanwhile. */
export function untilKept(log: EventLog, what: string, condition: () => boolean): Promise<unknown> {
  return until(what, () => {
    log.maintain(Date.now());
    return condition();
  });
}

export function firsts(log: EventLog, from = 0): number[] {
  const found: number[] = [];
  log.read(from, (key, value) => {
    assert.ok(
      value.toString('latin1').startsWith(`${key.first}+${key.count};`),
      'the value is the one of its key',
    );
    found.push(key.first);
    return true;
  });
  return found;
}

export function multiples(of: number, count: number): number[] {
  return Array.from({ length: count }, (_, n) => n * of);
}

export function segments(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.mdb'))
    .sort()
    .map((name) => join(directory, name));
}

export function checkpointIn({ checkpointDir }: LogSettings): string {
  const [name, ...more] = readdirSync(checkpointDir).filter((one) => one.endsWith('.mdb'));
  assert.ok(name !== undefined && more.length === 0, 'there is one checkpoint');
  return join(checkpointDir, name);
}
