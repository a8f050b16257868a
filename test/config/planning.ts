/** Plans configurations given as text, with an environment of the test's own. */
import type { Finding } from '../../src/base/finding.ts';
import { type AgentScope, type PlanResult, planAgent } from '../../src/config/plan/plan.ts';
import type { GroupUnit, SourceUnit } from '../../src/config/plan/types.ts';
import { parseProperties } from '../../src/config/properties/parse.ts';
import { registry } from '../../src/registry.ts';

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly systemProperties?: Readonly<Record<string, string>>;
  readonly classPath?: readonly string[];
  readonly plugin?: AgentScope['plugin'];
}

/** Lines of a flume.conf, keys with the agent's name. */
export async function plan(lines: string, name = 'a1', around: Surroundings = {}): Promise<PlanResult> {
  const { properties } = parseProperties(lines, 'flume.conf');
  return await planAgent(properties, name, {
    registry,
    env: around.env ?? {},
    systemProperties: around.systemProperties ?? {},
    classPath: around.classPath ?? [],
    plugin: around.plugin ?? (async () => null),
  });
}

/** netcat → memory → logger, and more lines; a line of `more` replaces an earlier one with the same key. */
export async function planWith(more: string, around: Surroundings = {}): Promise<PlanResult> {
  return await plan(`${BASE}\n${more}`, 'a1', around);
}

export const BASE = `
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = netcat
a1.sources.r1.bind = localhost
a1.sources.r1.port = 44444
a1.sources.r1.channels = c1
a1.channels.c1.type = memory
a1.sinks.k1.type = logger
a1.sinks.k1.channel = c1`;

/** `source r1`, `channel c1`, `group k1` …, in the order of the plan. */
export function unitsOf(result: PlanResult): readonly string[] {
  return result.plan?.units.map((unit) => `${unit.kind} ${unit.name}`) ?? [];
}

export function sourceOf(result: PlanResult, name = 'r1'): SourceUnit {
  return result.plan!.units.find((unit) => unit.kind === 'source' && unit.name === name) as SourceUnit;
}

export function groupOf(result: PlanResult, name: string): GroupUnit {
  return result.plan!.units.find((unit) => unit.kind === 'group' && unit.name === name) as GroupUnit;
}

export function errorsOf(result: { readonly findings: readonly Finding[] }): readonly Finding[] {
  return result.findings.filter((finding) => finding.severity === 'error');
}

/** The one finding with this code; fails when there is none or more. */
export function only(findings: readonly Finding[], code: Finding['code']): Finding {
  const found = findings.filter((finding) => finding.code === code);
  if (found.length === 1) return found[0]!;
  const all = findings.map((finding) => `${finding.code}: ${finding.text}`).join('\n');
  throw new Error(`${found.length} findings ${code} instead of one, among\n${all}`);
}
