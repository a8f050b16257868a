/** The page of one component. */
import { CHANNEL_COUNTERS, SINK_COUNTERS, SOURCE_COUNTERS } from '../../src/component/counters.ts';
import type { Declaration } from '../../src/component/declaration.ts';
import { describeOptions, type OptionRow } from '../../src/component/options/describe.ts';
import { type Component, codeOf, readText } from './components.ts';
import { block, code, page, plain, table } from './markdown.ts';

const STABILITY = {
  stable: 'stable',
  experimental: 'experimental: options may change',
  deprecated: 'deprecated: accepted for old configurations',
  'test-only': 'for tests only',
} as const;

export function componentPage(component: Component): string {
  const { declaration, path, shortName } = component;
  const { kind, aliases, classes, title, stability, options, example } = declaration;
  const names = [...aliases, ...classes].map(code).join(' or ');
  return page(
    `${shortName} ${kind}`,
    `src/${path}`,
    `${plain(title)}.`,
    `- type: ${names}\n- stability: ${STABILITY[stability]}`,
    block('properties', example),
    '## Options',
    optionsText(describeOptions(options)),
    metricsText(declaration, path),
    notesText(path),
    exampleText(path),
  );
}

function optionsText(rows: readonly OptionRow[]): string {
  if (rows.length === 0) return 'It has none.';
  const cells = rows.map((row) => [
    code(row.key),
    plain(row.type),
    row.default === 'required' ? '**required**' : defaultCell(row.default),
    plain(row.help) + (row.example === null ? '' : ` Example: ${code(row.example)}`),
  ]);
  return table(['option', 'type', 'default', 'meaning'], cells);
}

/** `100 (Flume: 50)` → the value as code, the rest as text. */
function defaultCell(text: string): string {
  if (text.startsWith('(')) return text;
  const at = text.indexOf(' (Flume: ');
  return at < 0 ? code(text) : `${code(text.slice(0, at))}${plain(text.slice(at))}`;
}

function metricsText(declaration: Declaration, path: string): string {
  const { kind } = declaration;
  if (kind !== 'source' && kind !== 'channel' && kind !== 'sink') return '';
  const group = code(`${kind.toUpperCase()}.NAME`);
  const link = '[metrics](../metrics.md)';
  if (kind !== 'channel' && !declaration.registersCounters)
    return `## Metrics\n\nNone: as in Flume, it has no group in ${link}.`;
  const text =
    kind === 'channel'
      ? `All of the group ${group}: ${CHANNEL_COUNTERS.map(code).join(', ')}.`
      : `The group ${group}; it counts ${countersIn(path, declaration).map(code).join(', ')}. The others stay 0.`;
  return `## Metrics\n\n${text} See ${link}.`;
}

/** Counters that the code of a component names, or what it has of hops. */
function countersIn(path: string, declaration: Declaration): readonly string[] {
  const own = codeOf(path);
  const shared = [...own.matchAll(/'(?:\.\.\/)+(component\/hop\/[\w-]+\.ts)'/g)];
  const text = own + shared.map(([, file]) => readText('src', file!)).join('');
  const names = declaration.kind === 'source' ? SOURCE_COUNTERS : SINK_COUNTERS;
  const more = 'counters' in declaration ? (declaration.counters ?? []) : [];
  return [...names.filter((name) => text.includes(`'${name}'`)), ...more];
}

function notesText(path: string): string {
  const notes = readText('src', path, 'NOTES.md');
  return notes === '' ? '' : `## Notes\n\n${notes}`;
}

function exampleText(path: string): string {
  const file = `conf/examples/${path}.conf`;
  const text = readText(file);
  return text === '' ? '' : `## A whole agent\n\n[${file}](../../../${file})\n\n${block('properties', text)}`;
}
