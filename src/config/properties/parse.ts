/**
 * java.util.Properties text → properties, with the file and line of each.
 *
 * Encoding: Flume 1.10 and later read ISO-8859-1, older ones the platform's charset. Bytes that are
 * well-formed UTF-8 are read as UTF-8 (plain ASCII is the same in both), others as ISO-8859-1, those with the
 * mark of UTF-16 as that. Source of the grammar: the documentation of java.util.Properties.load.
 */
import { isUtf8 } from 'node:buffer';
import type { Finding } from '../../base/finding.ts';

export interface Property {
  readonly key: string;
  readonly value: string;
  readonly file: string;
  /** Line of the key, from 1. */
  readonly line: number;
}

export interface ParsedProperties {
  /** Last definition of each key. */
  readonly properties: ReadonlyMap<string, Property>;
  readonly findings: readonly Finding[];
}

export function decodeProperties(bytes: Uint8Array): string {
  // What Windows editors call Unicode.
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = isUtf8(buffer) ? buffer.toString('utf8') : buffer.toString('latin1');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

export function parseProperties(text: string, file: string): ParsedProperties {
  const properties = new Map<string, Property>();
  const findings: Finding[] = [];
  for (const { line, content } of logicalLines(text)) {
    const at = { file, line };
    const { key: rawKey, value: rawValue } = splitLine(content);
    const key = unescaped(rawKey);
    const value = unescaped(rawValue);
    if (key === null || value === null) {
      findings.push({
        severity: 'error',
        code: 'CONF_SYNTAX',
        text: 'Malformed \\uxxxx encoding',
        remedy: 'write \\u and exactly four hexadecimal digits; double a backslash that is meant as one',
        value: content,
        ...at,
      });
      continue;
    }
    const before = properties.get(key);
    if (before !== undefined) {
      findings.push({
        severity: 'warning',
        code: 'CONF_DUPLICATE',
        text: `${key} is defined again; the value of line ${before.line} is lost`,
        key,
        remedy: 'keep one of the two lines',
        ...at,
      });
    }
    properties.set(key, { key, value, ...at });
  }
  return { properties, findings };
}

/** Lines with continuations joined, without blank lines and comments. */
function* logicalLines(text: string): Generator<{ line: number; content: string }> {
  const lines = text.split(/\r\n|\r|\n/);
  for (let i = 0; i < lines.length; i++) {
    let content = lines[i]!.replace(/^[ \t\f]+/, '');
    if (content === '' || content[0] === '#' || content[0] === '!') continue;
    const line = i + 1;
    while (endsInContinuation(content)) {
      content = content.slice(0, -1);
      if (i + 1 >= lines.length) break;
      content += lines[++i]!.replace(/^[ \t\f]+/, '');
    }
    yield { line, content };
  }
}

function endsInContinuation(content: string): boolean {
  let backslashes = 0;
  while (content[content.length - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

function splitLine(content: string): { key: string; value: string } {
  let end = 0;
  while (end < content.length && !'=: \t\f'.includes(content[end]!)) end += content[end] === '\\' ? 2 : 1;
  end = Math.min(end, content.length);
  const rest = content.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '');
  return { key: content.slice(0, end), value: rest };
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

/** Null when a \u has no four hexadecimal digits behind it. */
function unescaped(text: string): string | null {
  if (!text.includes('\\')) return text;
  let result = '';
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '\\') {
      result += text[i];
      continue;
    }
    const escaped = text[++i];
    if (escaped === undefined) break;
    if (escaped !== 'u') {
      result += ESCAPES[escaped] ?? escaped;
      continue;
    }
    const digits = text.slice(i + 1, i + 5);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) return null;
    result += String.fromCharCode(Number.parseInt(digits, 16));
    i += 4;
  }
  return result;
}
