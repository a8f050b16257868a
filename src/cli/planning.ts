/** Loads and plans a configuration for commands that only look at it. */
import type { Finding } from '../base/finding.ts';
import { type PlanResult, planAgent } from '../config/plan/plan.ts';
import { ConfigurationSources } from '../config/properties/load.ts';
import { agentScope } from '../engine/scope.ts';
import { tryOut } from '../engine/trial.ts';
import { last, type OptionDeclaration, type ParsedArguments, SCRIPT_OPTIONS } from './arguments.ts';
import { complain } from './command.ts';
import { environmentOf } from './environment.ts';
import { applyTimeZone } from './time-zone.ts';

export const PLANNING_OPTIONS: readonly OptionDeclaration[] = [
  { name: 'name', short: 'n', value: 'NAME', help: 'the agent (default: the only one of the file)' },
  {
    name: 'conf-file',
    short: 'f',
    value: 'FILE',
    repeated: true,
    help: 'the file, when it is not an argument',
  },
  ...SCRIPT_OPTIONS,
];

export interface Planned {
  readonly name: string;
  readonly result: PlanResult;
  /** Of reading and of planning, together. */
  readonly findings: readonly Finding[];
}

/** Plans, and makes every component for a trial: what a worker would refuse is among the findings. */
export async function planFrom(parsed: ParsedArguments): Promise<Planned> {
  const environment = environmentOf(parsed);
  const files = [...parsed.positionals, ...(parsed.options.get('conf-file') ?? [])];
  const places = {
    files,
    uris: parsed.options.get('conf-uri') ?? [],
    user: last(parsed, 'conf-user'),
    password: last(parsed, 'conf-password'),
    classPath: environment.classPath,
  };
  const warning = applyTimeZone(environment.systemProperties);
  if (warning !== null) complain(`Warning: ${warning}\n`);
  const { properties, findings } = await new ConfigurationSources(places).load();
  const names = new Set(
    [...properties.keys()].filter((key) => key.includes('.')).map((key) => key.split('.', 1)[0]!),
  );
  const name = last(parsed, 'name') ?? (names.size === 1 ? [...names][0]! : '');
  const planned = await planAgent(properties, name, agentScope(environment));
  const { plan } = planned;
  if (plan === null) return { name, result: planned, findings: [...findings, ...planned.findings] };
  const tried = await tryOut(plan, environment, properties);
  const result = { ...planned, plan: tried.plan };
  return { name, result, findings: [...findings, ...planned.findings, ...tried.findings] };
}
