/**
 * The properties of an embedded agent, as Flume's EmbeddedAgent takes them (no agent's name before the keys),
 * and the flume.conf that they mean.
 *
 *     source.*                      optional: interceptors, selector
 *     channel.type                  memory, file or spillablememory; channel.*
 *     sinks                         names
 *     SINK.type                     avro; SINK.*
 *     processor.type                default, failover or load_balance; processor.*
 */
import { MillraceError } from '../base/errors.ts';
import { nearest } from '../component/options/suggest.ts';

export type EmbeddedProperties = Readonly<Record<string, string | number | boolean>>;

const CHANNEL_TYPES = {
  memory: ['memory', 'org.apache.flume.channel.memorychannel'],
  file: ['file', 'org.apache.flume.channel.file.filechannel'],
  spillablememory: ['spillablememory', 'org.apache.flume.channel.spillablememorychannel'],
} as const;
const SINK_TYPES = { avro: ['avro', 'org.apache.flume.sink.avrosink'] } as const;
const PROCESSOR_TYPES = {
  default: ['default', 'org.apache.flume.sink.defaultsinkprocessor'],
  failover: ['failover', 'org.apache.flume.sink.failoversinkprocessor'],
  load_balance: ['load_balance', 'org.apache.flume.sink.loadbalancingsinkprocessor'],
} as const;
const SOURCE_TYPES = { embedded: ['embedded', 'org.apache.flume.agent.embedded.embeddedsource'] } as const;
/** Names that a sink must not have: they begin other keys. */
const RESERVED = ['source', 'channel', 'processor', 'sinks'];

/** Which plug-in is the source, and its topic. */
export interface SourcePlugin {
  readonly file: string;
  readonly topic: string;
}

/** Text of a flume.conf for the agent `name`. @throws MillraceError for what Flume refuses, too. */
export function configurationOf(name: string, given: EmbeddedProperties, plugin: SourcePlugin): string {
  const properties = new Map(Object.entries(given).map(([key, value]) => [key.trim(), `${value}`.trim()]));
  checkTypes(properties);
  const sinks = required(properties, 'sinks').split(/\s+/);
  for (const sink of sinks) checkSink(properties, sink);
  const [source, channel, group] = [`source-${name}`, `channel-${name}`, `sink-group-${name}`];
  const lines: [string, string][] = [
    ['sources', source],
    ['channels', channel],
    ['sinks', sinks.join(' ')],
    ['sinkgroups', group],
    [`sources.${source}.type`, plugin.file],
    [`sources.${source}.topic`, plugin.topic],
    [`sources.${source}.channels`, channel],
    [`sinkgroups.${group}.sinks`, sinks.join(' ')],
    ...sinks.map((sink): [string, string] => [`sinks.${sink}.channel`, channel]),
  ];
  for (const [key, value] of properties) {
    if (key === 'sinks' || key === 'source.type') continue;
    const dot = key.indexOf('.');
    const [first, rest] = dot < 0 ? [key, ''] : [key.slice(0, dot), key.slice(dot + 1)];
    if (rest === '') throw unknown(key, sinks);
    if (first === 'source') lines.push([`sources.${source}.${rest}`, value]);
    else if (first === 'channel') lines.push([`channels.${channel}.${rest}`, value]);
    else if (first === 'processor') lines.push([`sinkgroups.${group}.processor.${rest}`, value]);
    else if (sinks.includes(first)) lines.push([`sinks.${first}.${rest}`, value]);
    else throw unknown(key, sinks);
  }
  return lines.map(([key, value]) => `${escaped(`${name}.${key}`)} = ${escaped(value)}\n`).join('');
}

function checkTypes(properties: ReadonlyMap<string, string>): void {
  const source = properties.get('source.type');
  if (source !== undefined) oneOf('source.type', source, SOURCE_TYPES);
  oneOf('channel.type', required(properties, 'channel.type'), CHANNEL_TYPES);
  oneOf('processor.type', required(properties, 'processor.type'), PROCESSOR_TYPES);
}

function checkSink(properties: ReadonlyMap<string, string>, sink: string): void {
  if (RESERVED.includes(sink)) {
    throw new MillraceError('CONF_OPTION_VALUE', `embedded agent: a sink must not have the name ${sink}`, {
      option: 'sinks',
      value: sink,
      remedy: 'give it another name',
    });
  }
  oneOf(`${sink}.type`, required(properties, `${sink}.type`), SINK_TYPES);
}

function required(properties: ReadonlyMap<string, string>, key: string): string {
  const value = properties.get(key);
  if (value !== undefined && value !== '') return value;
  throw new MillraceError('CONF_OPTION_REQUIRED', `embedded agent: required property ${key} is missing`, {
    option: key,
    remedy: `set ${key} in the properties given to configure()`,
  });
}

function oneOf(key: string, value: string, types: Readonly<Record<string, readonly string[]>>): void {
  if (Object.values(types).some((names) => names.includes(value.toLowerCase()))) return;
  throw new MillraceError('CONF_OPTION_VALUE', `embedded agent: ${key} = ${value} is not supported`, {
    option: key,
    value,
    remedy: `use one of: ${Object.keys(types).join(', ')}`,
  });
}

/** Flume's text. */
function unknown(key: string, sinks: readonly string[]): MillraceError {
  const first = key.split('.')[0]!;
  const near = nearest(first, [...sinks, ...RESERVED]);
  return new MillraceError('CONF_UNKNOWN_OPTION', `Unknown configuration ${key}`, {
    option: key,
    remedy: near === null ? 'remove it' : `did you mean ${key.replace(first, near)}?`,
  });
}

/** As Java's properties files have it: what would end a key or a line, or begin a blank, gets a backslash. */
function escaped(text: string): string {
  return text
    .replace(/[\\:=#! ]/g, '\\$&')
    .replaceAll('\t', '\\t')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\f', '\\f');
}
