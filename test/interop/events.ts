/** Events that go from one agent to another: hard to carry, and told apart at the end. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';

export interface HopEvent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Differences that a failed assertion shows. */
const SHOWN_MAX = 3;

/**
 * Numbered events: bodies of text, of all byte values, of no bytes, of 20 KB; headers with empty values,
 * beyond ASCII, beyond 63 bytes, many, and none.
 */
export function numberedEvents(count: number): HopEvent[] {
  return Array.from({ length: count }, (_, n) => ({ headers: headersOf(n), body: bodyOf(n) }));
}

function bodyOf(n: number): Buffer {
  if (n % 7 === 3) return Buffer.alloc(0);
  if (n % 5 === 1) return Buffer.from(Array.from({ length: 256 + (n % 64) }, (_, i) => (n + i) & 0xff));
  if (n % 997 === 5) return Buffer.alloc(20_000, `large ${n} `);
  return Buffer.from(`event ${n} naïve € 𝄞\r\n${'.'.repeat(n % 90)}`);
}

function headersOf(n: number): Record<string, string> {
  if (n % 13 === 4) return {};
  const headers: Record<string, string> = { n: `${n}`, host: `web-${n % 3}` };
  if (n % 2 === 0) headers['имя €'] = `значение 𝄞 ${n}`;
  if (n % 3 === 0) headers.empty = '';
  if (n % 17 === 0) headers.long = 'ü'.repeat(200);
  if (n % 101 === 0) for (let i = 0; i < 70; i++) headers[`h${i}`] = `${i}`;
  return headers;
}

/** One line an event, the same for the same event. */
export function lineOf(headers: Iterable<readonly [string, string]>, body: Buffer): string {
  const sorted = [...headers].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(sorted)} ${body.toString('hex')}`;
}

export function linesOf(events: readonly HopEvent[]): string[] {
  return events.map(({ headers, body }) => lineOf(Object.entries(headers), body));
}

/** The same events in the same order, and no others. */
export function assertArrived(actual: readonly string[], expected: readonly string[]): void {
  const wrong: string[] = [];
  for (let i = 0; i < Math.max(actual.length, expected.length) && wrong.length < SHOWN_MAX; i++) {
    if (actual[i] !== expected[i]) wrong.push(`event ${i}: ${actual[i]} in place of ${expected[i]}`);
  }
  assert.deepEqual(wrong, [], `${actual.length} of ${expected.length} events arrived`);
}

/** The same events in any order: more than one connection brought them. */
export function assertArrivedAnyhow(actual: readonly string[], expected: readonly string[]): void {
  assertArrived([...actual].sort(), [...expected].sort());
}

/** For `SendJob.events`. */
export function writeEvents(file: string, events: readonly HopEvent[]): void {
  const parts: Buffer[] = [];
  const int = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    parts.push(bytes);
  };
  const bytes = (value: Buffer) => {
    int(value.length);
    parts.push(value);
  };
  for (const { headers, body } of events) {
    const entries = Object.entries(headers);
    int(entries.length);
    for (const text of entries.flat()) bytes(Buffer.from(text));
    bytes(body);
  }
  writeFileSync(file, Buffer.concat(parts));
}
