/** From a plan to a running agent. */
import { availableParallelism } from 'node:os';
import type { AgentPlan } from '../config/plan/types.ts';
import { engineSettings } from './settings.ts';
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
    workersMax:
      engineSettings(settings.systemProperties).values['millrace.workers.max'] ??
      Math.max(WORKERS_MIN, 2 * availableParallelism()),
  });
}
