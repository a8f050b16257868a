/** From properties to typed options, by an option table: every finding at once, nothing thrown. */
import type { Finding } from '../../base/finding.ts';
import { parseJavaBoolean, parseJavaDouble, parseJavaLong } from '../../base/java/numbers.ts';
import { rangeText } from './range.ts';
import { commentAdvice, nearest } from './suggest.ts';
import type { OptionSpec, OptionsOf, OptionTable } from './table.ts';
import { parseDurationMs, parseSizeBytes } from './units.ts';

export interface ParseWhere {
  /** `source r1`: named in every finding. */
  readonly component: string;
  /** Keys that somebody else reads (`type`, `channels`, `selector.*`); a trailing `*` covers a prefix. */
  readonly others?: readonly string[];
}

export interface ParsedOptions<T extends OptionTable> {
  readonly values: OptionsOf<T>;
  readonly findings: readonly Finding[];
}

type Value = string | number | boolean | readonly string[] | Readonly<Record<string, string>> | undefined;

export function parseOptions<T extends OptionTable>(
  table: T,
  properties: Readonly<Record<string, string>>,
  where: ParseWhere,
): ParsedOptions<T> {
  const findings: Finding[] = [];
  const values: Record<string, Value> = {};
  for (const [key, spec] of Object.entries(table)) {
    values[key] = key.endsWith('.*')
      ? collect(key.slice(0, -1), properties)
      : parseOne(key, spec, properties, where, findings);
  }
  findings.push(...unknownKeys(table, properties, where));
  return { values: values as OptionsOf<T>, findings };
}

/** Properties below `prefix` (which ends in a dot), without it. */
export function collect(
  prefix: string,
  properties: Readonly<Record<string, string>>,
): Record<string, string> {
  const map: Record<string, string> = {};
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith(prefix) && key.length > prefix.length) map[key.slice(prefix.length)] = value;
  }
  return map;
}

function parseOne(
  key: string,
  spec: OptionSpec,
  properties: Readonly<Record<string, string>>,
  where: ParseWhere,
  findings: Finding[],
): Value {
  const used = [key, ...(spec.aliases ?? [])].find((name) => properties[name] !== undefined);
  const about = { component: where.component, option: used ?? key };
  if (used === undefined) {
    if (spec.required) {
      const remedy = `set ${key}${spec.example === undefined ? '' : `, e.g. ${key} = ${spec.example}`}`;
      const text = `${where.component}: required option ${key} is missing`;
      findings.push({ severity: 'error', code: 'CONF_OPTION_REQUIRED', text, remedy, ...about });
    }
    return absent(spec);
  }
  if (spec.deprecated !== undefined) {
    const text = `${where.component}: option ${used} is deprecated: ${spec.deprecated}`;
    findings.push({ severity: 'warning', code: 'CONF_DEPRECATED', text, ...about });
  }
  const text = properties[used]!;
  if (spec.kind === 'boolean') findings.push(...doubtfulBoolean(text, about));
  const parsed = convert(spec, text);
  if (parsed.wanted === null) return parsed.value;
  const shown = spec.secret ? '(secret)' : text;
  const found = `${where.component}: ${used} = ${shown} is not ${parsed.wanted}`;
  if (spec.onBad === 'default') {
    const instead = `; ${spec.default ?? 'the default'} is used instead`;
    const finding = { severity: 'warning', code: 'CONF_OPTION_VALUE', text: found + instead } as const;
    findings.push({ ...finding, value: shown, remedy: `give ${parsed.wanted}`, ...about });
    return absent(spec);
  }
  const remedy = remedyFor(spec, text, parsed.wanted);
  findings.push({
    severity: 'error',
    code: 'CONF_OPTION_VALUE',
    text: found,
    value: shown,
    remedy,
    ...about,
  });
  return absent(spec);
}

function remedyFor(spec: OptionSpec, text: string, wanted: string): string {
  const comment = commentAdvice(text);
  if (comment !== null) return comment;
  const meant = spec.kind === 'enum' ? nearest(text.trim(), spec.values ?? []) : null;
  if (meant !== null) return `did you mean ${meant}?`;
  return `give ${wanted}${spec.example === undefined ? '' : `, e.g. ${spec.example}`}`;
}

/** Flume takes anything but `true` for false; who wrote `yes` or `ture` did not mean that. */
function doubtfulBoolean(text: string, about: { component: string; option: string }): Finding[] {
  if (/^(true|false|no|off|n|f|0)$/i.test(text.trim())) return [];
  const found = `${about.component}: ${about.option} = ${text} counts as false: only true counts as true`;
  const remedy = 'give true or false';
  return [{ severity: 'warning', code: 'CONF_OPTION_VALUE', text: found, value: text, remedy, ...about }];
}

function absent(spec: OptionSpec): Value {
  if (spec.kind === 'list') return typeof spec.default === 'string' ? splitList(spec, spec.default) : [];
  return spec.default;
}

function splitList(spec: OptionSpec, text: string): readonly string[] {
  return text
    .trim()
    .split(spec.separator ?? /\s+/)
    .filter((item) => item !== '');
}

/** `wanted` is null when `text` was understood, else what would have been. */
function convert(spec: OptionSpec, text: string): { value: Value; wanted: string | null } {
  switch (spec.kind) {
    case 'string':
    case 'map':
      return { value: text, wanted: null };
    case 'boolean':
      return { value: parseJavaBoolean(text), wanted: null };
    case 'list':
      return { value: splitList(spec, text), wanted: null };
    case 'enum': {
      const wanted = text.trim().toLowerCase();
      const value = spec.values?.find((one) => one.toLowerCase() === wanted);
      return { value, wanted: value === undefined ? `one of ${spec.values?.join(', ')}` : null };
    }
    default:
      return convertNumber(spec, text);
  }
}

function convertNumber(spec: OptionSpec, text: string): { value: Value; wanted: string | null } {
  const value = numberOf(spec, text);
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = spec;
  const fits = value !== null && value >= min && value <= max;
  return { value: value ?? undefined, wanted: fits ? null : wantedNumber(spec) };
}

function numberOf(spec: OptionSpec, text: string): number | null {
  switch (spec.kind) {
    case 'float':
      return parseJavaDouble(text);
    case 'duration': {
      const plain = parseJavaLong(text);
      if (plain !== null) return plain;
      const ms = parseDurationMs(text);
      return ms === null ? null : spec.unit === 's' ? ms / 1000 : ms;
    }
    case 'size':
      return parseJavaLong(text) ?? parseSizeBytes(text);
    default:
      return parseJavaLong(text);
  }
}

function wantedNumber(spec: OptionSpec): string {
  const kind = {
    float: 'a number',
    duration: `a number of ${spec.unit === 's' ? 'seconds' : 'milliseconds'} or a duration such as 10s`,
    size: 'a number of bytes or a size such as 64MiB',
    int: `a whole number${spec.unit === undefined ? '' : ` of ${spec.unit}`}`,
  }[spec.kind as 'float' | 'duration' | 'size' | 'int'];
  const range = rangeText(spec);
  if (range === '') return kind;
  return range.startsWith('from') ? `${kind} ${range}` : `${kind}, ${range}`;
}

/** Flume ignores properties that nobody reads; most of them are misspelt. */
function unknownKeys(
  table: OptionTable,
  properties: Readonly<Record<string, string>>,
  where: ParseWhere,
): Finding[] {
  const known: string[] = [];
  const prefixes: string[] = [];
  for (const key of [...Object.keys(table), ...(where.others ?? [])]) {
    if (key.endsWith('*')) prefixes.push(key.slice(0, -1));
    else known.push(key);
  }
  for (const spec of Object.values(table)) known.push(...(spec.aliases ?? []));
  const names = new Set(known);
  const findings: Finding[] = [];
  for (const key of Object.keys(properties)) {
    if (names.has(key) || prefixes.some((prefix) => key.startsWith(prefix))) continue;
    const meant = nearest(key, known);
    findings.push({
      severity: 'warning',
      code: 'CONF_UNKNOWN_OPTION',
      text: `${where.component}: unknown option ${key} is ignored`,
      component: where.component,
      option: key,
      ...(meant === null ? {} : { remedy: `did you mean ${meant}?` }),
    });
  }
  return findings;
}
