/** An option table as rows: for `explain`, the reference pages and the JSON Schema. */
import { rangeText } from './range.ts';
import type { OptionSpec, OptionTable } from './table.ts';
import { sizeText } from './units.ts';

export interface OptionRow {
  readonly key: string;
  /** Kind, unit, and allowed values or range in words. */
  readonly type: string;
  /** `required`, the default as it would be written, or `—`. */
  readonly default: string;
  readonly help: string;
  /** A value as it would be written; null when the table gives none. */
  readonly example: string | null;
}

export function describeOptions(table: OptionTable): readonly OptionRow[] {
  return Object.entries(table).map(([key, spec]) => ({
    key,
    type: typeOf(spec),
    default: spec.required ? 'required' : defaultOf(spec),
    help: helpOf(spec),
    example: spec.example ?? null,
  }));
}

function typeOf(spec: OptionSpec): string {
  if (spec.kind === 'map') return 'keys and values';
  if (spec.kind === 'enum') return (spec.values ?? []).join(' | ');
  const range = rangeText(spec);
  const unit = spec.unit === undefined ? '' : `, ${spec.unit}`;
  return `${spec.kind}${unit}${range === '' ? '' : `, ${range}`}`;
}

function defaultOf(spec: OptionSpec): string {
  if (spec.default === undefined) return '—';
  const value = spec.kind === 'size' ? sizeText(Number(spec.default)) : String(spec.default);
  const text = value === '' ? '(empty)' : value;
  return spec.flumeDefault === undefined ? text : `${text} (Flume: ${spec.flumeDefault})`;
}

function helpOf(spec: OptionSpec): string {
  const notes = [spec.help];
  if (spec.default === undefined && spec.flumeDefault !== undefined)
    notes.push(`Flume’s default: ${spec.flumeDefault}.`);
  if (spec.onBad === 'default') notes.push('A value that cannot be used gives a warning and the default.');
  if (spec.aliases !== undefined) notes.push(`Also read: ${spec.aliases.join(', ')}.`);
  if (spec.deprecated !== undefined) notes.push(`Deprecated: ${spec.deprecated}.`);
  if (spec.secret) notes.push('Never shown.');
  if (spec.reloadable) notes.push('May change while the component runs.');
  if (spec.since !== undefined)
    notes.push(spec.since === 'millrace' ? 'Millrace only.' : `Since Flume ${spec.since}.`);
  return notes.join(' ');
}

/** JSON Schema (2020-12) of the properties of one component, as strings of a properties file. */
export function optionsSchema(table: OptionTable): object {
  const properties: Record<string, object> = {};
  const patternProperties: Record<string, object> = {};
  const allOf: object[] = [];
  const required: string[] = [];
  for (const [key, spec] of Object.entries(table)) {
    const schema = optionSchema(spec);
    if (key.endsWith('.*')) patternProperties[`^${key.slice(0, -1).replaceAll('.', '\\.')}`] = schema;
    else properties[key] = schema;
    for (const alias of spec.aliases ?? []) {
      properties[alias] = { ...schema, description: `Read when ${key} is absent.` };
    }
    if (!spec.required) continue;
    if (spec.aliases === undefined) required.push(key);
    else allOf.push({ anyOf: [key, ...spec.aliases].map((name) => ({ required: [name] })) });
  }
  return { type: 'object', properties, patternProperties, required, ...(allOf.length > 0 ? { allOf } : {}) };
}

function optionSchema(spec: OptionSpec): object {
  return {
    type: 'string',
    description: helpOf(spec),
    ...(spec.default === undefined ? {} : { default: String(spec.default) }),
    ...(spec.kind === 'enum' ? { enum: spellings(spec.values ?? []) } : {}),
    ...(spec.example === undefined ? {} : { examples: [spec.example] }),
    ...(spec.deprecated === undefined ? {} : { deprecated: true }),
    ...(spec.secret ? { writeOnly: true } : {}),
  };
}

/** Values are taken in any letter case; a schema can only list some. */
function spellings(values: readonly string[]): readonly string[] {
  return [...new Set(values.flatMap((value) => [value, value.toLowerCase(), value.toUpperCase()]))];
}
