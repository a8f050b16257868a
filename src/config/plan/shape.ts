/** Properties sorted by agent and component, with Flume's complaints about those that fit nowhere. */
import type { Finding } from '../../base/finding.ts';
import { nearest } from '../../component/options/suggest.ts';
import type { Property } from '../properties/parse.ts';

export type Category = 'sources' | 'channels' | 'sinks' | 'sinkgroups' | 'configfilters';
export const CATEGORIES: readonly Category[] = [
  'sources',
  'channels',
  'sinks',
  'sinkgroups',
  'configfilters',
];

/** Properties of one component, by key relative to it. */
export type ComponentProperties = Map<string, Property>;

export interface AgentShape {
  readonly name: string;
  /** Names listed in `agent.sources` …; null when the key is absent. */
  readonly lists: Record<Category, { names: readonly string[]; property: Property } | null>;
  readonly components: Record<Category, Map<string, ComponentProperties>>;
}

export function shapeAgents(properties: ReadonlyMap<string, Property>): {
  agents: Map<string, AgentShape>;
  findings: Finding[];
} {
  const agents = new Map<string, AgentShape>();
  const findings: Finding[] = [];
  for (const property of properties.values()) {
    const problem = place(property, agents);
    if (problem !== null) findings.push({ ...problem, ...at(property) });
  }
  return { agents, findings };
}

export function at(property: Property): Pick<Finding, 'key' | 'file' | 'line'> {
  return { key: property.key, file: property.file, line: property.line };
}

function newShape(name: string): AgentShape {
  const each = <T>(make: () => T) =>
    Object.fromEntries(CATEGORIES.map((category) => [category, make()])) as Record<Category, T>;
  return { name, lists: each(() => null), components: each(() => new Map()) };
}

type Problem = Omit<Finding, 'key' | 'file' | 'line'>;

function place(property: Property, agents: Map<string, AgentShape>): Problem | null {
  const name = property.key.trim();
  const value = property.value.trim();
  const ignored = `Configuration property ignored: ${name} = ${value}`;
  const dot = name.indexOf('.');
  if (value === '') {
    return warn('CONF_PROPERTY_VALUE_NULL', ignored, 'give it a value, or delete the line');
  }
  if (dot <= 0) {
    return warn('CONF_AGENT_NAME_MISSING', ignored, 'begin the key with the agent’s name: a1.sources = r1');
  }
  if (dot === name.length - 1) {
    return warn('CONF_PROPERTY_NAME_NULL', ignored, 'say what is set: a1.sources = r1');
  }
  const agentName = name.slice(0, dot);
  let agent = agents.get(agentName);
  if (agent === undefined) {
    agent = newShape(agentName);
    agents.set(agentName, agent);
  }
  return placeInAgent(agent, name.slice(dot + 1), { ...property, value });
}

function placeInAgent(agent: AgentShape, key: string, property: Property): Problem | null {
  const category = CATEGORIES.find((one) => one === key);
  if (category !== undefined) {
    agent.lists[category] = { names: property.value.split(/\s+/).filter((name) => name !== ''), property };
    return null;
  }
  const [head, component, ...rest] = key.split('.') as [string, string?, ...string[]];
  const owner = CATEGORIES.find((one) => one === head);
  if (owner === undefined || !component || rest.length === 0 || rest.join('.') === '') {
    const meant = nearest(head, CATEGORIES);
    const remedy =
      owner === undefined && meant !== null
        ? `did you mean ${agent.name}.${meant}?`
        : 'write AGENT.sources.NAME.KEY (or channels, sinks, sinkgroups, configfilters)';
    return warn('CONF_INVALID_PROPERTY', `Invalid property specified: ${key}`, remedy);
  }
  const components = agent.components[owner];
  let properties = components.get(component);
  if (properties === undefined) {
    properties = new Map();
    components.set(component, properties);
  }
  properties.set(rest.join('.'), property);
  return null;
}

function warn(code: Finding['code'], text: string, remedy: string): Problem {
  return { severity: 'warning', code, text, remedy };
}
