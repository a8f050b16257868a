/**
 * What planning reads beside the configuration itself: the registry, plug-ins, and the process's
 * surroundings.
 */
import type { AgentScope } from '../config/plan/plan.ts';
import { registry } from '../registry.ts';
import { Parts, type PluginPlaces, resolvePlugin } from './worker/parts.ts';

export interface Surroundings extends PluginPlaces {
  readonly systemProperties: Readonly<Record<string, string>>;
  readonly classPath: readonly string[];
  /** The process's own unless given. */
  readonly env?: NodeJS.ProcessEnv;
}

export function agentScope(surroundings: Surroundings): AgentScope {
  const parts = new Parts(registry, surroundings);
  const { systemProperties, classPath } = surroundings;
  return {
    registry,
    env: surroundings.env ?? process.env,
    systemProperties,
    classPath,
    plugin: async (specifier) =>
      resolvePlugin(specifier, surroundings) === null ? null : await parts.plugin(specifier),
  };
}
