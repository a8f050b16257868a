/** Events as JSON lines: `{"headers": {…}, "body": "…", "encoding": "utf8" or "base64"}`. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { MillraceError, messageOf } from '../../base/errors.ts';

interface LineEvent {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** Problems that are told at once. */
const PROBLEMS_MAX = 10;

/** Reads all of the file: the number of events. @throws BAD_INPUT naming the lines that are none. */
export async function checkLines(file: string): Promise<number> {
  const problems: string[] = [];
  let count = 0;
  let wrong = 0;
  for await (const { line, number } of linesOf(file)) {
    count++;
    const event = eventOf(line);
    if (typeof event !== 'string') continue;
    wrong++;
    if (problems.length < PROBLEMS_MAX) problems.push(`line ${number} ${event}`);
  }
  if (wrong === 0) return count;
  const more = wrong > problems.length ? `, and ${wrong - problems.length} more` : '';
  throw new MillraceError('BAD_INPUT', `${file}: ${problems.join('; ')}${more}`, {
    remedy:
      'give lines like {"headers":{"k":"v"},"body":"text"} or {"body":"AP8=","encoding":"base64"}; nothing was imported',
  });
}

export async function* eventsOfLines(file: string): AsyncIterable<LineEvent> {
  for await (const { line, number } of linesOf(file)) {
    const event = eventOf(line);
    if (typeof event === 'string') throw new MillraceError('BAD_INPUT', `${file}: line ${number} ${event}`);
    yield event;
  }
}

async function* linesOf(file: string): AsyncIterable<{ line: string; number: number }> {
  let number = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      number++;
      if (line.trim() !== '') yield { line, number };
    }
  } catch (cause) {
    if (cause instanceof MillraceError || (cause as { code?: string }).code === undefined) throw cause;
    const text = `${file} cannot be read: ${messageOf(cause)}`;
    throw new MillraceError('BAD_INPUT', text, { value: file, remedy: 'correct the path', cause });
  }
}

/** The event of a line, or why it is none. */
function eventOf(line: string): LineEvent | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'is not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is no object';
  const { headers = {}, body, encoding = 'utf8' } = value as Record<string, unknown>;
  if (typeof body !== 'string') return 'has no text as "body"';
  if (encoding !== 'utf8' && encoding !== 'base64') return 'has an "encoding" other than utf8 and base64';
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    return 'has "headers" that are no object';
  }
  const entries = Object.entries(headers);
  if (entries.some(([, text]) => typeof text !== 'string')) return 'has a header that is no text';
  return { headers: new Map(entries as [string, string][]), body: Buffer.from(body, encoding) };
}
