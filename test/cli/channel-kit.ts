/** Logs of channels made in this process, and `millrace channel` over them. */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { BatchBuilder } from '../../src/memory/block/builder.ts';
import { BlockStore } from '../../src/memory/store/store.ts';
import type { BlockCipher } from '../../src/storage/log/cipher.ts';
import { EventLog } from '../../src/storage/log/log.ts';
import { runMillrace } from '../kit/process.ts';
import { temporaryDirectory } from '../kit/temporary.ts';

export type Test = Pick<TestContext, 'after'>;

export interface Place {
  readonly base: string;
  readonly checkpoint: string;
  readonly data: readonly string[];
  /** Arguments that name it. */
  readonly named: readonly string[];
}

export function place(directories = 1): Place {
  const base = temporaryDirectory();
  const checkpoint = join(base, 'checkpoint');
  const data = Array.from({ length: directories }, (_, n) => join(base, `data${n}`));
  return { base, checkpoint, data, named: ['--checkpoint', checkpoint, '--data', data.join(',')] };
}

export function openLog(
  { checkpoint, data }: Place,
  cipher: BlockCipher | null = null,
  journalBytes = 0,
): Promise<EventLog> {
  return EventLog.open({
    checkpointDir: checkpoint,
    dataDirs: data,
    owner: 'channel c1',
    segmentBytes: 1 << 20,
    journalBytes,
    freeBytesMin: 0,
    checkpointMs: 10,
    cipher,
    report: (text) => assert.fail(text),
  });
}

export interface TestEvent {
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Appends each list of events as a block that was made `timeMs` after 1970, one second later each. */
export async function fill(
  log: EventLog,
  blocks: readonly (readonly TestEvent[])[],
  timeMs = 0,
): Promise<void> {
  const builder = new BatchBuilder(new BlockStore(1));
  for (const [n, events] of blocks.entries()) {
    builder.begin();
    for (const { body, headers = {} } of events) {
      const bytes = Buffer.from(body);
      builder.append(bytes, 0, bytes.length, new Map(Object.entries(headers)));
    }
    const { segment, offset, length, count } = builder.finish(timeMs + n * 1000);
    await log.append([{ count, value: segment.bytes.subarray(offset, offset + length) }]).settled;
  }
}

export function numbered(from: number, count: number): TestEvent[] {
  return Array.from({ length: count }, (_, i) => ({
    body: `event ${from + i}`,
    headers: { n: `${from + i}` },
  }));
}

/** Ten blocks of ten events, the first 25 of which are taken. */
export async function filled(directories = 1): Promise<Place> {
  const at = place(directories);
  const log = await openLog(at);
  await fill(
    log,
    Array.from({ length: 10 }, (_, n) => numbered(n * 10, 10)),
  );
  log.take(0, 25);
  await log.close();
  return at;
}

/** The same, as an agent that was killed leaves it, with all of its events in the journal. */
export async function killed(): Promise<Place> {
  const from = place();
  const log = await openLog(from, null, 64 * 1024);
  await fill(
    log,
    Array.from({ length: 10 }, (_, n) => numbered(n * 10, 10)),
  );
  const at = place();
  cpSync(from.base, at.base, { recursive: true });
  for (const directory of at.data) rmSync(join(directory, 'in_use.lock'));
  await log.close();
  return at;
}

/** Path and content of everything below a folder. */
export function filesOf(folder: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('-lock')) continue;
    const file = join(entry.parentPath, entry.name);
    files.set(file, readFileSync(file, 'latin1'));
  }
  return files;
}

export function channel(t: Test, action: string, at: Place, ...more: readonly string[]) {
  return runMillrace(t, ['channel', action, ...at.named, ...more]);
}

export function segmentIn(directory: string): string {
  return join(directory, readdirSync(directory).find((name) => name.endsWith('.mdb'))!);
}

/** Changes a byte of a text wherever it stands in a segment: LMDB leaves old copies of pages behind. */
export function flip(file: string, text: string): void {
  const bytes = readFileSync(file);
  const found: number[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) found.push(at);
  assert.ok(found.length > 0, `${text} stands in the segment`);
  for (const at of found) bytes[at] = bytes[at]! ^ 1;
  writeFileSync(file, bytes);
}

export interface Line {
  readonly offset: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly encoding: string;
}

export function linesIn(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

export async function exported(t: Test, at: Place): Promise<Line[]> {
  const { ended, stdout, stderr } = await channel(t, 'export', at);
  assert.equal(ended, 0, stderr);
  return linesIn(stdout);
}
