/**
 * Flume's JSONHandler: an array of {"headers": {…}, "body": "…"} in UTF-8, UTF-16 or UTF-32; bodies keep the
 * charset of the request. JSON that JSON.parse refuses is read once more the lenient way of Flume's parser.
 */
import { type JavaCharset, javaCharset } from '../../base/java/charset.ts';
import type { Headers } from '../../memory/block/headers.ts';
import { BadRequest, charsetOf, type HttpHandler } from './handler.ts';
import { parseLenientJson } from './lenient-json.ts';

const CHARSETS = ['utf-8', 'utf-16', 'utf-32'];

export function jsonHandler(): HttpHandler {
  return {
    handle: ({ body, contentType }, batch) => {
      const name = charsetOf(contentType) ?? 'UTF-8';
      if (!CHARSETS.includes(name.toLowerCase())) {
        throw new Error(`JSON handler supports UTF-8, UTF-16 and UTF-32 only, not ${name}.`);
      }
      const charset = javaCharset(name);
      const text = charset.decode(body).replace(/^\ufeff/, '');
      if (text.trim() === '') throw new Error('The request has no body.');
      for (const event of parseArray(text)) append(event, charset, batch);
    },
  };
}

/** A number whose text is not what JavaScript would make of it: 1.50, 1e3, 12345678901234567890, -0. */
const ODD_NUMBER = /[:[,]\s*-?(?:\d+[.eE]|\d{16}|0)/;

function parseArray(text: string): readonly unknown[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
    if (ODD_NUMBER.test(text)) parsed = JSON.parse(text, keepNumber as Parameters<typeof JSON.parse>[1]);
  } catch {
    parsed = parseLenientJson(text);
  }
  if (!Array.isArray(parsed))
    throw new BadRequest('Request has invalid JSON Syntax: an array of events is expected.');
  return parsed;
}

/** Numbers stay as they are written, as in Flume's parser. */
function keepNumber(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  return typeof value === 'number' ? (source ?? String(value)) : value;
}

type Appender = Parameters<HttpHandler['handle']>[1];

function append(event: unknown, charset: JavaCharset, batch: Appender): void {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) {
    throw new BadRequest('Request has invalid JSON Syntax: an event is an object with headers and body.');
  }
  const { headers, body } = event as { headers?: unknown; body?: unknown };
  const own = headersOf(headers);
  const text = body === undefined || body === null ? '' : scalarText(body, 'body');
  if (charset.isUtf8) {
    batch.appendText(text, own);
  } else {
    const bytes = charset.encode(text);
    batch.append(bytes, 0, bytes.length, own);
  }
}

function headersOf(headers: unknown): Headers | undefined {
  if (headers === undefined || headers === null) return undefined;
  if (typeof headers !== 'object' || Array.isArray(headers)) {
    throw new BadRequest('Request has invalid JSON Syntax: headers are an object.');
  }
  return new Map(Object.entries(headers).map(([name, value]) => [name, scalarText(value, `header ${name}`)]));
}

/** Numbers and booleans become text, as Flume's parser makes them. */
function scalarText(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === null) return '';
  throw new BadRequest(`Request has invalid JSON Syntax: ${what} is no text.`);
}
