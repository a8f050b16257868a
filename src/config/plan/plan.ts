/** From properties to the plan of one agent, with every finding about the whole configuration. */
import type { MillraceError } from '../../base/errors.ts';
import type { Finding } from '../../base/finding.ts';
import { nearest } from '../../component/options/suggest.ts';
import type { FilterScope } from '../filters/types.ts';
import type { Property } from '../properties/parse.ts';
import { type SubstitutionScope, substitute } from '../properties/substitute.ts';
import { materialize, type PlanScope } from './materialize.ts';
import { shapeAgents } from './shape.ts';
import type { AgentPlan } from './types.ts';
import { type ValidAgent, validateAgent } from './validate.ts';

export interface PlanResult {
  /** Null when the agent is unknown, invalid, or a fatal error stops it. */
  readonly plan: AgentPlan | null;
  readonly findings: readonly Finding[];
  /** Names of the agents that are valid so far as their keys go, in the order of the file. */
  readonly agents: readonly string[];
  /** Set when Flume would not start at all. */
  readonly fatal: MillraceError | null;
}

export type AgentScope = PlanScope & FilterScope & SubstitutionScope;

export async function planAgent(
  properties: ReadonlyMap<string, Property>,
  agentName: string,
  scope: AgentScope,
): Promise<PlanResult> {
  const substituted = substitute(properties, scope);
  const shaped = shapeAgents(substituted.properties);
  const findings: Finding[] = [...substituted.findings, ...shaped.findings];
  const valid = new Map<string, ValidAgent>();
  for (const [name, shape] of shaped.agents) {
    const { agent, findings: found } = validateAgent(shape, scope);
    findings.push(...found);
    if (agent !== null) valid.set(name, agent);
  }
  const agents = [...valid.keys()];
  const agent = valid.get(agentName);
  if (agent === undefined) {
    findings.push(unknownAgent(agentName, [...shaped.agents.keys()]));
    return { plan: null, findings, agents, fatal: null };
  }
  const { plan, findings: more, fatal } = await materialize(agent, scope);
  return { plan, findings: [...findings, ...more], agents, fatal };
}

function unknownAgent(agentName: string, names: readonly string[]): Finding {
  return {
    severity: 'error',
    code: 'CONF_UNKNOWN_AGENT',
    text: `No configuration found for this host:${agentName}`,
    value: agentName,
    remedy: nameAdvice(agentName, names),
  };
}

function nameAdvice(agentName: string, names: readonly string[]): string {
  if (names.includes(agentName)) return `nothing of ${agentName} can run: see what else is said of it`;
  if (names.length === 0) return 'the configuration has no agent';
  const has = `the configuration has: ${names.join(', ')}`;
  if (agentName === '') return `${has}; name one of them: --name ${names[0]}`;
  const meant = names.length === 1 ? names[0]! : nearest(agentName, names);
  return meant === null ? has : `${has}; did you mean --name ${meant}?`;
}
