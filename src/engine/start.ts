/** From a plan to a running agent. */
import { availableParallelism } from 'node:os';
import type { AgentPlan } from '../config/plan/types.ts';
import type { LogSink } from './status.ts';
import { Agent } from './supervisor/agent.ts';

export interface StartSettings {
  readonly log: LogSink;
  readonly systemProperties: Readonly<Record<string, string>>;
  readonly heapBytes: number | null;
  readonly pluginPaths: readonly string[];
  readonly confDir: string | null;
}

const WORKERS_MIN = 3;

export function createAgent(plan: AgentPlan, settings: StartSettings): Agent {
  return new Agent({
    ...settings,
    agentName: plan.agentName,
    units: plan.units,
    registered: new Set(plan.registered),
    workersMax: workersMax(settings.systemProperties['millrace.workers.max']),
  });
}

function workersMax(text: string | undefined): number {
  const value = Number(text);
  return text !== undefined && Number.isInteger(value) && value > 0
    ? value
    : Math.max(WORKERS_MIN, 2 * availableParallelism());
}
