/**
 * The pages that are about the whole: index, metrics, errors, limits, command line, and
 * the schema of all options.
 */
import { ERRORS } from '../../src/base/errors.ts';
import * as LIMITS from '../../src/base/limits.ts';
import { helpOf } from '../../src/cli/command.ts';
import { KINDS } from '../../src/cli/commands/components.ts';
import { COMMANDS } from '../../src/cli/run.ts';
import {
  CHANNEL_COUNTERS,
  COUNTER_HELP,
  FILE_COUNTERS,
  HDFS_COUNTERS,
  LOG_COUNTERS,
  SINK_COUNTERS,
  SOURCE_COUNTERS,
} from '../../src/component/counters.ts';
import { optionsSchema } from '../../src/component/options/describe.ts';
import { sizeText } from '../../src/component/options/units.ts';
import { type Component, readText } from './components.ts';
import { block, code, page, plain, table } from './markdown.ts';

export function indexPage(all: readonly Component[]): string {
  const sections = KINDS.flatMap((kind) => {
    const rows = all
      .filter(({ declaration }) => declaration.kind === kind)
      .map(({ declaration: { title, stability }, path, shortName }) => [
        `[${shortName}](${path}.md)`,
        plain(title) + (stability === 'stable' ? '' : ` (${stability})`),
      ]);
    if (rows.length === 0) return [];
    return [`## ${kind[0]!.toUpperCase()}${kind.slice(1)}s`, table(['type', 'what it does'], rows)];
  });
  return page(
    'Reference',
    'src/registry.ts',
    'Also: [metrics](metrics.md) · [errors](errors.md) · [limits](limits.md) · [command line](cli.md) · ' +
      '[JSON Schema of all options](options.schema.json). ' +
      'The same is told by `millrace components` and `millrace explain sources.netcat`.',
    ...sections,
  );
}

export function metricsPage(all: readonly Component[]): string {
  const silent = all.filter(
    ({ declaration }) => 'registersCounters' in declaration && !declaration.registersCounters,
  );
  const section = (title: string, names: readonly (keyof typeof COUNTER_HELP)[]) => [
    `## ${title}`,
    table(
      ['counter', 'counts'],
      names.map((name) => [code(name), plain(COUNTER_HELP[name])]),
    ),
  ];
  return page(
    'Metrics',
    'src/component/counters.ts',
    'With `-Dflume.monitoring.type=http` the agent serves Flume’s JSON at `http://HOST:41414/metrics` ' +
      '(`-Dflume.monitoring.port=N`): one object, a group a component, every value a string.',
    block(
      'json',
      '{"CHANNEL.c1":{"ChannelSize":"0","ChannelCapacity":"1000","ChannelFillPercentage":"0.0","Type":"CHANNEL", …}}',
    ),
    'Every group also has `Type`, `StartTime` and `StopTime` (ms since 1970; 0 before the start, and while it runs). ' +
      'Counters begin at 0 with each start of the component.',
    ...section('Sources: `SOURCE.NAME`', SOURCE_COUNTERS),
    ...section('The `spooldir` and `taildir` sources beside these', FILE_COUNTERS),
    ...section('Channels: `CHANNEL.NAME`', CHANNEL_COUNTERS),
    '`ChannelFillPercentage` is the size as a share of the capacity, in percent.',
    ...section('The `file` and `SPILLABLEMEMORY` channels beside these', LOG_COUNTERS),
    ...section('Sinks: `SINK.NAME`', SINK_COUNTERS),
    ...section('The `hdfs` sink beside these', HDFS_COUNTERS),
    '## Components without a group',
    'As in Flume these do not appear: ' +
      `${silent.map(({ path, shortName, declaration }) => `[${shortName}](${path}.md) ${declaration.kind}`).join(', ')}.`,
  );
}

export function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(([name, { retryable, help }]) => [
    code(name),
    retryable ? 'yes' : 'no',
    plain(help),
  ]);
  return page(
    'Errors',
    'src/base/errors.ts',
    'Every error has one of these codes; its text names the component, the option, the value found, the value wanted ' +
      'and the remedy. “Again” says whether doing the same again can succeed. `millrace validate` reports the codes ' +
      'that begin with `CONF_` with file and line; `--json` gives them to programs.',
    table(['code', 'again', 'meaning'], rows),
  );
}

/** `/** comment *\/ export const NAME`: a name without a comment of its own belongs to the one before. */
const LIMIT = /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export const (\w+) =/g;

export function limitsPage(): string {
  let comment = '';
  const rows = [...readText('src/base/limits.ts').matchAll(LIMIT)].map(([, text, name]) => {
    if (text !== undefined) comment = text.replace(/^\s*\* ?/gm, '').trim();
    return [code(name!), limitText(name!), plain(comment)];
  });
  return page(
    'Limits',
    'src/base/limits.ts',
    'Limits that are fixed. Those that may need to change are options: see the page of the component.',
    table(['limit', 'value', 'why'], rows),
  );
}

function limitText(name: string): string {
  const value = (LIMITS as Readonly<Record<string, unknown>>)[name];
  if (typeof value !== 'number') return code(String(value));
  if (/(^|_)BYTES(_|$)/.test(name)) return sizeText(value);
  if (/(^|_)MS(_|$)/.test(name)) return value >= 1000 ? `${value / 1000} s` : `${value} ms`;
  return String(value);
}

export async function cliPage(): Promise<string> {
  const sections = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => {
      const { default: command } = await load();
      const text = name === 'help' ? command.help : helpOf(command);
      return [`## ${name}`, block('text', text)];
    }),
  );
  return page(
    'Command line',
    'src/cli/commands',
    '`flume-ng` and `millrace` are the same program. Long options take one dash or two, may be shortened as long as ' +
      'they stay unambiguous, and take their value behind a blank or `=`.',
    ...sections.flat(),
  );
}

export function schemaText(all: readonly Component[]): string {
  const $defs = Object.fromEntries(
    all.map(({ declaration, path }) => {
      const { aliases, classes, title, options, stability } = declaration;
      const schema = {
        title,
        type: [...aliases, ...classes],
        ...(stability === 'deprecated' ? { deprecated: true } : {}),
        ...optionsSchema(options),
      };
      return [path.replace('/', '.'), schema];
    }),
  );
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $comment: 'Written by `npm run generate` from src/registry.ts.',
    title: 'Options of the components of Millrace, as the strings of a properties file',
    $defs,
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
