/**
 * First phase, as Flume's FlumeConfiguration does it: for every agent of the configuration, which
 * components are usable as far as their keys go. Order and texts are Flume's; each finding also
 * says where and what to do.
 */

import { MillraceError, messageOf } from '../../base/errors.ts';
import type { Finding } from '../../base/finding.ts';
import { commentAdvice, nearest } from '../../component/options/suggest.ts';
import { applyFilters, createFilter } from '../filters/filter.ts';
import type { ConfigFilter, FilterScope } from '../filters/types.ts';
import type { Property } from '../properties/parse.ts';
import { type AgentShape, at, type Category, type ComponentProperties } from './shape.ts';

export interface ValidComponent {
  readonly name: string;
  readonly properties: ReadonlyMap<string, Property>;
}

export interface ValidSource extends ValidComponent {
  readonly channels: readonly string[];
}

export interface ValidSink extends ValidComponent {
  readonly channel: string;
}

export interface ValidGroup extends ValidComponent {
  readonly sinks: readonly string[];
}

export interface ValidAgent {
  readonly name: string;
  readonly channels: readonly ValidComponent[];
  readonly sources: readonly ValidSource[];
  readonly sinks: readonly ValidSink[];
  readonly groups: readonly ValidGroup[];
}

export function validateAgent(
  shape: AgentShape,
  scope: FilterScope,
): { agent: ValidAgent | null; findings: readonly Finding[] } {
  const validation = new Validation(shape, scope);
  return { agent: validation.run(), findings: validation.findings };
}

class Validation {
  readonly #shape: AgentShape;
  readonly #scope: FilterScope;
  readonly findings: Finding[] = [];

  constructor(shape: AgentShape, scope: FilterScope) {
    this.#shape = shape;
    this.#scope = scope;
  }

  #note(
    severity: Finding['severity'],
    code: Finding['code'],
    text: string,
    more: Partial<Finding> = {},
  ): void {
    this.findings.push({ severity, code, text, ...more });
  }

  run(): ValidAgent | null {
    const { name, lists } = this.#shape;
    this.#filter();
    if (lists.channels === null) {
      return this.#invalid(
        `Agent configuration for '${name}' does not contain any channels. Marking it as invalid.`,
      );
    }
    const channels = this.#listed('channels').filter((one) => this.#hasType(one, 'channel'));
    if (channels.length === 0) {
      return this.#invalid(
        `Agent configuration for '${name}' does not contain any valid channels. Marking it as invalid.`,
      );
    }
    const active = new Set(channels.map((channel) => channel.name));
    const sources = this.#listed('sources').flatMap((one) => this.#source(one, active));
    const sinks = this.#listed('sinks').flatMap((one) => this.#sink(one, active));
    const groups = this.#groups(new Set(sinks.map((sink) => sink.name)));
    if (sources.length === 0 && sinks.length === 0) {
      return this.#invalid(
        `Agent configuration for '${name}' has no sources or sinks. Will be marked invalid.`,
      );
    }
    this.#unlisted();
    return { name, channels, sources, sinks, groups };
  }

  #invalid(text: string): null {
    const { name } = this.#shape;
    const remedy = `list what the agent has: ${name}.sources = …, ${name}.channels = …, ${name}.sinks = …`;
    this.#note('error', 'CONF_AGENT_INVALID', text, { remedy });
    const removed = `Agent configuration invalid for agent '${name}'. It will be removed.`;
    this.#note('warning', 'CONF_AGENT_INVALID', removed);
    return null;
  }

  /** Values of sources, channels, sinks and groups go through the config filters. */
  #filter(): void {
    const filters = new Map<string, ConfigFilter>();
    for (const { name, properties } of this.#listed('configfilters')) {
      try {
        filters.set(name, createFilter(properties, this.#scope));
      } catch (error) {
        const text = `Could not configure config filter ${name}: ${messageOf(error)}; values that use it keep their text`;
        const remedy = error instanceof MillraceError ? error.detail.remedy : undefined;
        this.#refuse('configfilter', { name, properties }, text, remedy ?? 'mend its settings');
      }
    }
    if (filters.size === 0) return;
    for (const category of ['sources', 'channels', 'sinks', 'sinkgroups'] as const) {
      for (const properties of this.#shape.components[category].values()) {
        for (const [key, property] of properties) {
          if (!property.value.includes('${')) continue;
          const value = applyFilters(property.value, filters, (finding) =>
            this.findings.push({ ...finding, ...at(property) }),
          );
          if (value !== property.value) properties.set(key, { ...property, value });
        }
      }
    }
  }

  /** Listed components that have properties; the others are reported as Flume does. */
  #listed(category: Category): ValidComponent[] {
    const list = this.#shape.lists[category];
    const { name: agent, components } = this.#shape;
    if (list === null) {
      if (category === 'sources' || category === 'sinks') {
        this.#note('warning', 'CONF_COMPONENT', `Agent configuration for '${agent}' has no ${category}.`);
      }
      return [];
    }
    const found: ValidComponent[] = [];
    for (const name of new Set(list.names)) {
      const properties: ComponentProperties | undefined = components[category].get(name);
      if (properties !== undefined) {
        found.push({ name, properties });
        continue;
      }
      const text = `Configuration empty for: ${name}.Removed.`;
      const component = `${category.slice(0, -1)} ${name}`;
      const remedy =
        meantName(name, components[category].keys()) ?? `define ${agent}.${category}.${name}.type`;
      this.#note('error', 'CONF_COMPONENT', text, { component, remedy, ...at(list.property) });
    }
    return found;
  }

  #hasType(one: ValidComponent, kind: 'channel' | 'source' | 'sink'): boolean {
    if (one.properties.has('type')) return true;
    const text =
      kind === 'channel'
        ? `Could not configure channel ${one.name} due to: No channel type`
        : `Could not configure ${kind}  ${one.name} due to: Component has no type. Cannot configure. ${one.name}`;
    this.#refuse(kind, one, text, `set its type, e.g. type = ${kind === 'channel' ? 'memory' : 'seq'}`);
    return false;
  }

  /** `blamed` tells the place; without it, whatever of the component stands first. */
  #refuse(kind: string, one: ValidComponent, text: string, remedy: string, blamed?: Property): void {
    const place = blamed ?? one.properties.values().next().value;
    const where = place === undefined ? {} : at(place);
    this.#note('error', 'CONF_COMPONENT', text, { component: `${kind} ${one.name}`, remedy, ...where });
  }

  #source(one: ValidComponent, active: ReadonlySet<string>): ValidSource[] {
    if (!this.#hasType(one, 'source')) return [];
    const listed = one.properties.get('channels');
    const names = listed === undefined ? [] : [...new Set(listed.value.split(/\s+/))];
    const channels = names.filter((name) => active.has(name));
    const missing = names.filter((name) => !active.has(name));
    if (channels.length > 0) {
      for (const name of missing) {
        const text = `Channel ${name} of source ${one.name} is not among the agent’s channels`;
        this.#note('warning', 'CONF_COMPONENT', text, {
          component: `source ${one.name}`,
          option: 'channels',
          value: name,
          remedy: meantName(name, active) ?? 'add it to the channels of the agent',
          ...at(listed!),
        });
      }
      return [{ ...one, channels }];
    }
    const singular = one.properties.has('channel') ? ' (a source has `channels`, plural)' : '';
    const text = `Could not configure source  ${one.name} due to: No Channels configured for ${one.name}`;
    const remedy =
      missing.length === 0
        ? `set channels to channels of the agent${singular}`
        : `${missing.join(', ')}: ${meantName(missing[0]!, active) ?? 'no channel of the agent; add it there'}`;
    this.#refuse('source', one, text, remedy, listed);
    return [];
  }

  #sink(one: ValidComponent, active: ReadonlySet<string>): ValidSink[] {
    if (!this.#hasType(one, 'sink')) return [];
    const channel = one.properties.get('channel')?.value;
    if (channel !== undefined && active.has(channel)) return [{ ...one, channel }];
    const plural = one.properties.has('channels') ? ' (a sink has `channel`, singular)' : '';
    const problem = channel === undefined ? 'No channel configured' : `Channel ${channel} not in active set.`;
    const text = `Could not configure sink  ${one.name} due to: ${problem}`;
    this.#refuse('sink', one, text, `set channel to one of ${[...active].join(', ')}${plural}`);
    return [];
  }

  #groups(sinks: ReadonlySet<string>): ValidGroup[] {
    const taken = new Set<string>();
    const groups: ValidGroup[] = [];
    for (const one of this.#listed('sinkgroups')) {
      const list = one.properties.get('sinks');
      const members: string[] = [];
      const missing: string[] = [];
      for (const name of new Set(list?.value.split(/\s+/) ?? [])) {
        if (taken.has(name)) {
          const text = `Could not configure sink group ${one.name}: sink ${name} is already in another group`;
          this.#refuse('sinkgroup', one, text, 'name each sink in one group');
        } else if (sinks.has(name)) {
          members.push(name);
          taken.add(name);
        } else {
          missing.push(name);
        }
      }
      const meant = (name: string) => meantName(name, sinks) ?? 'list and define the sink';
      if (members.length === 0) {
        const text = `Could not configure sink group ${one.name} due to: No available sinks for sinkgroup: ${one.name}. Sinkgroup will be removed`;
        const remedy =
          missing.length === 0 ? 'set its sinks' : `${missing.join(', ')}: ${meant(missing[0]!)}`;
        this.#refuse('sinkgroup', one, text, remedy, list);
        continue;
      }
      for (const name of missing) {
        this.#refuse('sinkgroup', one, `Sink ${name} of group ${one.name} does not exist`, meant(name), list);
      }
      if (!one.properties.has('processor.type')) {
        const text = `Could not configure sink group ${one.name} due to: processor.type is missing`;
        // Its sinks do not run either: Flume keeps what a group that it removed has named.
        this.#refuse('sinkgroup', one, text, 'set processor.type to default, failover or load_balance');
      }
      groups.push({ ...one, sinks: members });
    }
    return groups;
  }

  /** Defined, but in no list: Flume ignores them silently; it is nearly always a slip. */
  #unlisted(): void {
    for (const category of ['sources', 'channels', 'sinks', 'sinkgroups'] as const) {
      const names = new Set(this.#shape.lists[category]?.names ?? []);
      for (const [name, properties] of this.#shape.components[category]) {
        if (names.has(name)) continue;
        const first = properties.values().next().value!;
        this.#note(
          'warning',
          'CONF_COMPONENT',
          `${category.slice(0, -1)} ${name} is defined but not listed: it does not run`,
          {
            component: `${category.slice(0, -1)} ${name}`,
            remedy: `add it to ${this.#shape.name}.${category}`,
            ...at(first),
          },
        );
      }
    }
  }
}

/** What is to be written instead of a name in a list that names nothing; null when nobody knows. */
export function meantName(name: string, names: Iterable<string>): string | null {
  const comment = commentAdvice(name);
  if (comment !== null) return comment;
  if (name.includes(',')) return 'separate names by blanks, not by commas';
  const meant = nearest(name, names);
  return meant === null ? null : `did you mean ${meant}?`;
}
