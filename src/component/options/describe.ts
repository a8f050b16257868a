/** An option table as rows: for `explain`, the reference pages and the JSON Schema. */
import type { OptionSpec, OptionTable } from './table.ts';

export interface OptionRow {
  readonly key: string;
  /** Kind, unit and allowed values in words. */
  readonly type: string;
  /** `required`, the default as it would be written, or `—`. */
  readonly default: string;
  readonly help: string;
}

export function describeOptions(table: OptionTable): readonly OptionRow[] {
  return Object.entries(table).map(([key, spec]) => ({
    key,
    type: typeOf(spec),
    default: spec.required ? 'required' : defaultOf(spec),
    help: helpOf(spec),
  }));
}

function typeOf(spec: OptionSpec): string {
  if (spec.kind === 'enum') return (spec.values ?? []).join(' | ');
  const unit = spec.unit === undefined ? '' : `, ${spec.unit}`;
  return spec.kind === 'map' ? 'keys and values' : `${spec.kind}${unit}`;
}

function defaultOf(spec: OptionSpec): string {
  if (spec.default === undefined) return '—';
  const text = spec.default === '' ? '(empty)' : String(spec.default);
  return spec.flumeDefault === undefined ? text : `${text} (Flume: ${spec.flumeDefault})`;
}

function helpOf(spec: OptionSpec): string {
  const notes = [spec.help];
  if (spec.default === undefined && spec.flumeDefault !== undefined)
    notes.push(`Flume’s default: ${spec.flumeDefault}.`);
  if (spec.aliases !== undefined) notes.push(`Also read: ${spec.aliases.join(', ')}.`);
  if (spec.deprecated !== undefined) notes.push(`Deprecated: ${spec.deprecated}.`);
  if (spec.secret) notes.push('Never shown.');
  if (spec.since !== undefined)
    notes.push(spec.since === 'millrace' ? 'Millrace only.' : `Since Flume ${spec.since}.`);
  return notes.join(' ');
}

/** JSON Schema (2020-12) of the properties of one component, as strings of a properties file. */
export function optionsSchema(table: OptionTable): object {
  const properties: Record<string, object> = {};
  const patternProperties: Record<string, object> = {};
  for (const [key, spec] of Object.entries(table)) {
    const schema = {
      type: 'string',
      description: helpOf(spec),
      ...(spec.default === undefined ? {} : { default: String(spec.default) }),
      ...(spec.kind === 'enum' ? { enum: spec.values } : {}),
    };
    if (key.endsWith('.*')) patternProperties[`^${key.slice(0, -1).replaceAll('.', '\\.')}`] = schema;
    else properties[key] = schema;
  }
  const required = Object.entries(table)
    .filter(([, spec]) => spec.required)
    .map(([key]) => key);
  return { type: 'object', properties, patternProperties, required };
}
