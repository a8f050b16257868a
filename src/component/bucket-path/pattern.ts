/**
 * A path with Flume's escapes (BucketPath), taken apart once:
 *
 *   %x        a time escape; any letter, digit or `_`, and `%%`: all of them need a timestamp
 *   %{name}   a header; nothing when it is missing
 *   %[name]   `localhost`, `IP` or `FQDN`, in any letter case
 *
 * Everything else stands for itself.
 */
import { MillraceError } from '../../base/errors.ts';
import type { LocalHost } from '../local-host.ts';
import { type Rounding, roundDown } from './round-down.ts';
import { timeText, unitOf } from './time-text.ts';
import type { Zone } from './zone.ts';

export interface PatternSettings {
  readonly zone: Zone;
  /** Null: times are not rounded. `%t` never is. */
  readonly rounding: Rounding | null;
  readonly host: LocalHost;
}

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'time'; readonly letter: string };

const ESCAPE = /%([A-Za-z0-9_%])|%\{([A-Za-z0-9_.-]+)\}|%\[([A-Za-z0-9_]+)\]/g;

export class PathPattern {
  readonly text: string;
  /** Headers that it names, each once. */
  readonly headerNames: readonly string[];
  /** Whether an event without a timestamp is an error. */
  readonly needsTime: boolean;
  /** The text stays the same from a whole one of these to the next, in ms; Infinity: whatever the time. */
  readonly unitMs: number;
  readonly #parts: readonly Part[];
  readonly #settings: PatternSettings;

  /** @throws MillraceError for `%[name]` of another name. */
  constructor(text: string, settings: PatternSettings) {
    this.text = text;
    this.#settings = settings;
    this.#parts = partsOf(text, settings.host);
    const names = this.#parts.flatMap((part) => (part.kind === 'header' ? [part.name] : []));
    this.headerNames = [...new Set(names)];
    const letters = this.#parts.flatMap((part) => (part.kind === 'time' ? [part.letter] : []));
    this.needsTime = letters.length > 0;
    this.unitMs = Math.min(Number.POSITIVE_INFINITY, ...letters.map(unitOf));
  }

  /**
   * The path of an event. `timestamp` is the text of its header (or the clock's), `timeMs` its value; both
   * are looked at only where `needsTime`.
   */
  expand(header: (name: string) => string, timeMs: number, timestamp: string): string {
    const { zone, rounding } = this.#settings;
    const atMs = rounding === null || !this.needsTime ? timeMs : roundDown(timeMs, rounding, zone);
    let path = '';
    for (const part of this.#parts) {
      if (part.kind === 'text') path += part.text;
      else if (part.kind === 'header') path += header(part.name);
      else path += part.letter === 't' ? timestamp : timeText(part.letter, atMs, zone);
    }
    return path;
  }
}

function partsOf(text: string, host: LocalHost): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const match of text.matchAll(ESCAPE)) {
    const [all, letter, header, name] = match;
    if (match.index > from) parts.push({ kind: 'text', text: text.slice(from, match.index) });
    if (letter !== undefined) parts.push({ kind: 'time', letter });
    else if (header !== undefined) parts.push({ kind: 'header', name: header });
    else parts.push({ kind: 'text', text: hostText(name!, host, text) });
    from = match.index + all.length;
  }
  if (from < text.length) parts.push({ kind: 'text', text: text.slice(from) });
  return parts;
}

function hostText(name: string, host: LocalHost, pattern: string): string {
  const key = name.toLowerCase();
  if (key === 'localhost' || key === 'ip' || key === 'fqdn') return host[key];
  const remedy = 'write %[localhost], %[IP] or %[FQDN]';
  throw new MillraceError('CONF_OPTION_VALUE', `%[${name}] in ${pattern} stands for nothing`, {
    value: pattern,
    remedy,
  });
}
