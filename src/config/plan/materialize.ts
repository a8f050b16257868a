/**
 * Second phase, as Flume's AbstractConfigurationProvider does it: finds each component's type, reads its
 * options by its table, checks batch sizes against channels, and makes the plan. What cannot be configured is
 * removed; an unknown type of a source, sink or channel stops the whole load.
 */
import { MillraceError } from '../../base/errors.ts';
import type { Finding } from '../../base/finding.ts';
import type { ComponentKind, DeclarationOf, RegistryEntry } from '../../component/declaration.ts';
import { collect, parseOptions } from '../../component/options/parse.ts';
import { commentAdvice, nearest } from '../../component/options/suggest.ts';
import { adviceFor } from '../lint/known-classes.ts';
import type { Property } from '../properties/parse.ts';
import { at } from './shape.ts';
import type { AgentPlan, ChannelUnit, GroupUnit, PartSpec, SinkSpec, SourceUnit, Unit } from './types.ts';
import {
  meantName,
  type ValidAgent,
  type ValidComponent,
  type ValidGroup,
  type ValidSink,
  type ValidSource,
} from './validate.ts';

export interface PlanScope {
  readonly registry: readonly RegistryEntry[];
  /** Loads a plug-in's declaration by its specifier; null when there is no such plug-in. */
  readonly plugin: (specifier: string) => Promise<unknown | null>;
}

/** Keys that are not the component's own, by kind. */
const OTHERS: Readonly<Partial<Record<ComponentKind, readonly string[]>>> = {
  source: [
    'type',
    'channels',
    'selector.*',
    'interceptors',
    'interceptors.*',
    'config',
    'backoffSleepIncrement',
    'maxBackoffSleep',
  ],
  channel: ['type', 'config'],
  sink: ['type', 'channel', 'config'],
  interceptor: ['type'],
  selector: ['type'],
  processor: ['type'],
};

interface Capacity {
  readonly transactionEvents: number | null;
  readonly javaClass: string;
  readonly numbersEvents: boolean;
}

/** The type of a component is unknown: Flume's load stops. */
class UnknownType extends MillraceError {}

export async function materialize(
  agent: ValidAgent,
  scope: PlanScope,
): Promise<{ plan: AgentPlan | null; findings: readonly Finding[]; fatal: MillraceError | null }> {
  const work = new Materialization(agent, scope);
  try {
    const plan = await work.run();
    return { plan, findings: work.findings, fatal: work.fatal };
  } catch (error) {
    if (!(error instanceof UnknownType)) throw error;
    return { plan: null, findings: work.findings, fatal: error };
  }
}

class Materialization {
  readonly #agent: ValidAgent;
  readonly #scope: PlanScope;
  readonly findings: Finding[] = [];
  readonly #registered: string[] = [];
  readonly #channels = new Map<string, Capacity>();
  fatal: MillraceError | null = null;

  constructor(agent: ValidAgent, scope: PlanScope) {
    this.#agent = agent;
    this.#scope = scope;
  }

  async run(): Promise<AgentPlan | null> {
    const channels: ChannelUnit[] = [];
    for (const one of this.#agent.channels) {
      const channel = await this.#channel(one);
      if (channel !== null) channels.push(channel);
    }
    const sources: SourceUnit[] = [];
    for (const one of this.#agent.sources) {
      const source = await this.#source(one);
      if (source !== null) sources.push(source);
    }
    const sinks = new Map<string, SinkSpec>();
    for (const one of this.#agent.sinks) {
      const sink = await this.#sink(one);
      if (sink !== null) sinks.set(one.name, sink);
    }
    const groups = await this.#groups(sinks);
    if (groups === null) return null;
    const units = this.#connected(channels, sources, groups);
    return { agentName: this.#agent.name, units, registered: this.#registered };
  }

  /** Text for a component that cannot be configured, as Flume logs it; `option` is the one to blame. */
  #removed(
    kind: string,
    one: ValidComponent,
    because: string,
    more: { readonly code?: Finding['code']; readonly option?: string; readonly remedy?: string } = {},
  ): void {
    const text = removedText(kind, one, because);
    const { code = 'CONF_COMPONENT', option, remedy } = more;
    const blamed = option === undefined ? undefined : one.properties.get(option);
    const place = blamed ?? placeOf(one);
    this.findings.push({
      severity: 'error',
      code,
      text,
      component: `${kind} ${one.name}`,
      ...(option === undefined ? {} : { option }),
      ...(blamed === undefined ? {} : { value: blamed.value }),
      ...(remedy === undefined ? {} : { remedy }),
      ...(place === undefined ? {} : at(place)),
    });
  }

  /** The last error says, too, that this removed the component: each mistake is told once. */
  #removedByLast(kind: string, one: ValidComponent): void {
    const at = this.findings.findLastIndex((finding) => finding.severity === 'error');
    const last = this.findings[at]!;
    const own = `${kind} ${one.name}: `;
    const because = last.text.startsWith(own) ? last.text.slice(own.length) : last.text;
    this.findings[at] = { ...last, text: removedText(kind, one, because) };
  }

  async #declaration<K extends ComponentKind>(
    kind: K,
    type: string,
  ): Promise<{ declaration: DeclarationOf<K>; alias: string } | null> {
    const wanted = type.toLowerCase();
    const entry = this.#scope.registry.find(
      (one) =>
        one.kind === kind && [...one.aliases, ...one.classes].some((name) => name.toLowerCase() === wanted),
    );
    if (entry !== undefined) {
      const declaration = (await entry.declare()).default as DeclarationOf<K>;
      return { declaration, alias: entry.aliases[0] ?? entry.classes[0]! };
    }
    const plugin = (await this.#scope.plugin(type)) as { default?: { kind?: string } } | null;
    return plugin?.default?.kind === kind
      ? { declaration: plugin.default as DeclarationOf<K>, alias: type }
      : null;
  }

  /** What to say of a type that nobody knows. */
  #unknown(
    kind: ComponentKind,
    type: string,
    component: string,
    property: Property | undefined,
  ): MillraceError {
    const names = this.#scope.registry
      .filter((one) => one.kind === kind)
      .flatMap((one) => [...one.aliases, ...one.classes]);
    const meant = nearest(type, names);
    const remedy =
      commentAdvice(type) ??
      adviceFor(type, names) ??
      (meant === null ? `\`millrace components ${kind}\` lists what there is` : `did you mean ${meant}?`);
    const text = `${component}: unable to load ${kind} type: ${type}`;
    this.findings.push({
      severity: 'error',
      code: 'CONF_UNKNOWN_TYPE',
      text,
      component,
      option: 'type',
      value: type,
      remedy,
      ...(property === undefined ? {} : at(property)),
    });
    return new UnknownType('CONF_UNKNOWN_TYPE', `${text} (${remedy})`, {
      component,
      option: 'type',
      value: type,
      remedy,
    });
  }

  /**
   * Options by the table; findings get the place of their key, or of the component where a key is missing.
   * Null when there was an error.
   */
  #options<K extends ComponentKind>(
    declaration: DeclarationOf<K>,
    properties: Readonly<Record<string, string>>,
    component: string,
    place: (option: string) => Property | undefined,
  ): Readonly<Record<string, unknown>> | null {
    const others = OTHERS[declaration.kind] ?? [];
    const { values, findings } = parseOptions(declaration.options, properties, { component, others });
    for (const finding of findings) {
      const property = place(finding.option ?? '') ?? place('type');
      this.findings.push(property === undefined ? finding : { ...finding, ...at(property) });
    }
    return findings.some((finding) => finding.severity === 'error')
      ? null
      : (values as Record<string, unknown>);
  }

  /** A component of its own: declaration and options, or null when it was removed. Throws UnknownType. */
  async #component<K extends 'source' | 'channel' | 'sink'>(kind: K, one: ValidComponent) {
    const component = `${kind} ${one.name}`;
    const type = one.properties.get('type')!;
    const found = await this.#declaration(kind, type.value);
    if (found === null) throw this.#unknown(kind, type.value, component, type);
    const properties = plain(one.properties);
    const options = this.#options(found.declaration, properties, component, (key) => one.properties.get(key));
    if (options === null) {
      this.#removedByLast(kind, one);
      return null;
    }
    const spec: PartSpec = { name: one.name, type: type.value, alias: found.alias, properties };
    return { spec, options, declaration: found.declaration };
  }

  async #channel(one: ValidComponent): Promise<ChannelUnit | null> {
    const made = await this.#component('channel', one);
    if (made === null) return null;
    const { declaration, options } = made;
    const { capacityOption, transactionCapacityOption } = declaration;
    const transactionEvents =
      transactionCapacityOption === undefined ? null : (options[transactionCapacityOption] as number);
    if (
      capacityOption !== undefined &&
      transactionEvents !== null &&
      transactionEvents > (options[capacityOption] as number)
    ) {
      const because = `Transaction Capacity of ${one.name} cannot be higher than the capacity (${transactionEvents} > ${options[capacityOption]})`;
      const remedy = `give ${capacityOption} at least ${transactionEvents}, or ${transactionCapacityOption} at most ${options[capacityOption]}`;
      const option = one.properties.has(transactionCapacityOption!)
        ? transactionCapacityOption!
        : capacityOption;
      this.#removed('channel', one, because, { code: 'CONF_OPTION_VALUE', option, remedy });
      return null;
    }
    this.#registered.push(`channel ${one.name}`);
    const { durable = false, counters = [], numbersEvents = false } = declaration;
    const javaClass = declaration.classes[0] ?? made.spec.alias;
    this.#channels.set(one.name, { transactionEvents, javaClass, numbersEvents });
    return { kind: 'channel', ...made.spec, transactionEventsMax: transactionEvents, durable, counters };
  }

  /** False, with Flume's text, when a batch does not fit into a transaction of the channel. */
  #fits(
    kind: 'source' | 'sink',
    one: ValidComponent,
    batchSizeOption: string | undefined,
    options: Readonly<Record<string, unknown>>,
    channel: string,
  ): boolean {
    const { transactionEvents } = this.#channels.get(channel)!;
    if (batchSizeOption === undefined || transactionEvents === null) return true;
    const batchSize = options[batchSizeOption] as number;
    if (batchSize <= transactionEvents) return true;
    const title = kind === 'source' ? 'Source' : 'Sink';
    const because =
      `Incompatible ${kind} and channel settings defined. ${kind}'s batch size is greater than the channels transaction capacity. ` +
      `${title}: ${one.name}, batch size = ${batchSize}, channel ${channel}, transaction capacity = ${transactionEvents}`;
    const remedy = `give ${batchSizeOption} at most ${transactionEvents}, or transactionCapacity of channel ${channel} at least ${batchSize}`;
    this.#removed(kind, one, because, { code: 'CONF_CAPACITY', option: batchSizeOption, remedy });
    return false;
  }

  async #source(one: ValidSource): Promise<SourceUnit | null> {
    const made = await this.#component('source', one);
    const channels = one.channels.filter((name) => this.#channels.has(name));
    if (made === null) return null;
    if (channels.length === 0) {
      const because = `none of its channels can be used: ${one.channels.join(' ')}`;
      this.#removed('source', one, because, {
        option: 'channels',
        remedy: 'see what is said of its channels',
      });
      return null;
    }
    const { batchSizeOption } = made.declaration;
    const fits = (channel: string) => this.#fits('source', one, batchSizeOption, made.options, channel);
    if (!channels.every(fits)) return null;
    const selector = await this.#selector(one, made.spec.properties, channels);
    const interceptors = await this.#interceptors(one, made.spec.properties);
    if (selector === null || interceptors === null) return null;
    if (made.declaration.registersCounters) this.#registered.push(`source ${one.name}`);
    return {
      kind: 'source',
      ...made.spec,
      channels: channels.map((name) => ({ name, javaClass: this.#channels.get(name)!.javaClass })),
      interceptors,
      selector,
      counters: made.declaration.counters ?? [],
    };
  }

  /** A part of a component (interceptor, selector, processor): null when the component has to go. */
  async #part(
    kind: 'interceptor' | 'selector' | 'processor',
    owner: { kind: string; one: ValidComponent; prefix: string },
    name: string,
    type: string,
    properties: Readonly<Record<string, string>>,
  ): Promise<PartSpec | null> {
    // An interceptor has a name of its own; there is one selector of a source, one processor of a group.
    const component = `${kind}${kind === 'interceptor' ? ` ${name}` : ''} of ${owner.kind} ${owner.one.name}`;
    const place = (key: string) => owner.one.properties.get(owner.prefix + key);
    const found = await this.#declaration(kind, type);
    const values = found === null ? null : this.#options(found.declaration, properties, component, place);
    if (found === null) this.#unknown(kind, type, component, place('type'));
    if (found === null || values === null) {
      this.#removedByLast(owner.kind, owner.one);
      return null;
    }
    return { name, type, alias: found.alias, properties };
  }

  async #selector(
    one: ValidSource,
    properties: Readonly<Record<string, string>>,
    channels: readonly string[],
  ): Promise<PartSpec | null> {
    const own = collect('selector.', properties);
    const type = own.type ?? 'replicating';
    const owner = { kind: 'source', one, prefix: 'selector.' };
    const part = await this.#part('selector', owner, 'selector', type, own);
    if (part === null) return null;
    // Channel lists of a multiplexing selector may only name channels of the source.
    for (const [key, value] of Object.entries(own)) {
      if (!/^(mapping\.|default$)/.test(key)) continue;
      const wrong = value.split(' ').find((name) => !channels.includes(name));
      if (wrong === undefined) continue;
      const because = `Selector channel not found: ${wrong} (selector.${key} = ${value})`;
      const remedy =
        meantName(wrong, channels) ??
        `name channels of the source (${channels.join(', ')}), separated by one blank`;
      this.#removed('source', one, because, { option: `selector.${key}`, remedy });
      return null;
    }
    return part;
  }

  async #interceptors(
    one: ValidSource,
    properties: Readonly<Record<string, string>>,
  ): Promise<PartSpec[] | null> {
    const parts: PartSpec[] = [];
    for (const name of (properties.interceptors ?? '').split(/\s+/).filter((item) => item !== '')) {
      const own = collect(`interceptors.${name}.`, properties);
      if (own.type === undefined) {
        const defined = Object.keys(collect('interceptors.', properties)).map((key) => key.split('.', 1)[0]!);
        const remedy = meantName(name, defined) ?? `set interceptors.${name}.type`;
        const because = `Type not specified for interceptor ${name}`;
        this.#removed('source', one, because, { option: 'interceptors', remedy });
        return null;
      }
      const owner = { kind: 'source', one, prefix: `interceptors.${name}.` };
      const part = await this.#part('interceptor', owner, name, own.type, own);
      if (part === null) return null;
      parts.push(part);
    }
    return parts;
  }

  async #sink(one: ValidSink): Promise<SinkSpec | null> {
    const made = await this.#component('sink', one);
    if (made === null) return null;
    if (!this.#channels.has(one.channel)) {
      const remedy = `see what is said of channel ${one.channel}`;
      const because = `its channel ${one.channel} cannot be used`;
      this.#removed('sink', one, because, { option: 'channel', remedy });
      return null;
    }
    if (!this.#fits('sink', one, made.declaration.batchSizeOption, made.options, one.channel)) return null;
    if (!this.#isNumbered(one, made.declaration.numberedBy?.(made.options) ?? null)) return null;
    if (made.declaration.registersCounters) this.#registered.push(`sink ${one.name}`);
    return { ...made.spec, channel: one.channel, counters: made.declaration.counters ?? [] };
  }

  /** False when the sink needs numbers of events that its channel does not give, or not to it alone. */
  #isNumbered(one: ValidSink, option: string | null): boolean {
    if (option === null) return true;
    const { channel } = one;
    const others = this.#agent.sinks.filter((sink) => sink !== one && sink.channel === channel);
    let because: string;
    if (!this.#channels.get(channel)!.numbersEvents) {
      because = `channel ${channel} does not number its events`;
    } else if (others.length > 0) {
      because = `channel ${channel} may hand the same events to ${others.map(({ name }) => name).join(', ')}`;
    } else {
      return true;
    }
    const remedy = 'give it a channel of type file of its own';
    const found = `${option} = ${one.properties.get(option)?.value}: ${because}`;
    this.#removed('sink', one, found, { code: 'CONF_OPTION_VALUE', option, remedy });
    return false;
  }

  /** Null when a group names a sink that was removed: then nothing of the agent runs. */
  async #groups(sinks: Map<string, SinkSpec>): Promise<GroupUnit[] | null> {
    const groups: GroupUnit[] = [];
    const grouped = new Set<string>();
    for (const one of this.#agent.groups) {
      for (const name of one.sinks) grouped.add(name);
      if (!one.properties.has('processor.type')) continue;
      const gone = one.sinks.find((name) => !sinks.has(name));
      if (gone !== undefined) {
        const text = `Failed to instantiate component: sink group ${one.name} refers to sink ${gone}, which was removed`;
        const remedy = `mend ${gone}, or take it out of the group: as it is, nothing of the agent runs`;
        const place = one.properties.get('sinks') ?? placeOf(one)!;
        const component = `sinkgroup ${one.name}`;
        this.findings.push({
          severity: 'error',
          code: 'CONF_COMPONENT',
          text,
          component,
          remedy,
          ...at(place),
        });
        this.fatal = new MillraceError('CONF_COMPONENT', text, { remedy });
        return null;
      }
      const group = await this.#group(one, sinks);
      if (group !== null) groups.push(group);
    }
    for (const [name, sink] of sinks) {
      if (grouped.has(name)) continue;
      const processor = { name, type: 'default', alias: 'default', properties: {} };
      groups.push({ kind: 'group', name, sinks: [sink], processor });
    }
    return groups;
  }

  async #group(one: ValidGroup, sinks: ReadonlyMap<string, SinkSpec>): Promise<GroupUnit | null> {
    const own = collect('processor.', plain(one.properties));
    const owner = { kind: 'sinkgroup', one, prefix: 'processor.' };
    const processor = await this.#part('processor', owner, 'processor', own.type!, own);
    if (processor === null) return null;
    const minimum = { default: [1, 1], load_balance: [2, Number.POSITIVE_INFINITY] }[processor.alias];
    if (minimum !== undefined && (one.sinks.length < minimum[0]! || one.sinks.length > minimum[1]!)) {
      const because =
        processor.alias === 'default'
          ? 'Default sink processor takes one sink only (use failover or load_balance)'
          : 'The LoadBalancingSinkProcessor cannot be used for a single sink. Please configure more than one sinks and try again.';
      const remedy =
        processor.alias === 'default' ? 'set processor.type' : 'add a sink to the group, or dissolve it';
      this.#removed('sinkgroup', one, because, { option: 'sinks', remedy });
      return null;
    }
    return { kind: 'group', name: one.name, sinks: one.sinks.map((name) => sinks.get(name)!), processor };
  }

  /** Drops channels that nothing uses. */
  #connected(
    channels: readonly ChannelUnit[],
    sources: readonly SourceUnit[],
    groups: readonly GroupUnit[],
  ): Unit[] {
    const used = new Set<string>();
    for (const source of sources) for (const { name } of source.channels) used.add(name);
    for (const group of groups) for (const { channel } of group.sinks) used.add(channel);
    const kept = channels.filter((channel) => used.has(channel.name));
    for (const { name } of channels) {
      if (used.has(name)) continue;
      const text = `Channel ${name} has no components connected and has been removed.`;
      this.findings.push({ severity: 'warning', code: 'CONF_COMPONENT', text, component: `channel ${name}` });
      const at = this.#registered.indexOf(`channel ${name}`);
      if (at >= 0) this.#registered.splice(at, 1);
    }
    return [...kept, ...sources, ...groups];
  }
}

function removedText(kind: string, one: ValidComponent, because: string): string {
  const title = kind[0]!.toUpperCase() + kind.slice(1);
  return `${title} ${one.name} has been removed due to an error during configuration: ${because}`;
}

/** Where a component is defined: its type, else whatever of it stands first. */
function placeOf(one: ValidComponent): Property | undefined {
  return one.properties.get('type') ?? one.properties.values().next().value;
}

function plain(properties: ReadonlyMap<string, Property>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [key, property] of properties) result[key] = property.value;
  return result;
}
