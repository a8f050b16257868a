/** Agents of a flume.conf inside the caller's process. */
import { resolve } from 'node:path';
import { MillraceError } from '../base/errors.ts';
import type { Finding } from '../base/finding.ts';
import { DRAIN_MS_DEFAULT } from '../base/limits.ts';
import type { LogRecord } from '../base/log.ts';
import { type PlanResult, planAgent } from '../config/plan/plan.ts';
import { type Property, parseProperties } from '../config/properties/parse.ts';
import { agentScope } from '../engine/scope.ts';
import { createAgent as startable } from '../engine/start.ts';
import type { AgentHandle } from '../engine/status.ts';
import { tryOut } from '../engine/trial.ts';

export interface ConfigurationSettings {
  /** Text of a flume.conf: Java properties, of one agent or several. */
  readonly config: string;
  /** The agent to run: the first part of its keys, `a1`. */
  readonly name: string;
  /** What findings call the text; default `flume.conf`. */
  readonly fileName?: string;
  /** What `-Dkey=value` sets on the command line: `millrace.workers.max` and values for `${sys:…}`. */
  readonly systemProperties?: Readonly<Record<string, string>>;
  /** Environment for `${env:…}` and the env filter; default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Folders of plug-ins that a `type` may name. */
  readonly pluginPaths?: readonly string[];
  /** Folder that relative `file:` plug-ins are looked up in after the working directory. */
  readonly confDir?: string;
}

export interface AgentSettings extends ConfigurationSettings {
  /** Receives every log record, `debug` and `trace` included; default: none is kept. */
  readonly log?: (record: LogRecord) => void;
  /** What `-Xmx` sets on the command line: the base of channels' default `byteCapacity`, in bytes. */
  readonly heapBytes?: number;
}

export interface CheckedConfiguration {
  /**
   * Everything that was found, in the order of the text; an `error` need not keep the agent from running
   * without the part.
   */
  readonly findings: readonly Finding[];
  /** Names of the agents in the text that have something to run. */
  readonly agents: readonly string[];
  /** Whether the named agent would start. */
  readonly runnable: boolean;
}

export interface Agent extends AgentHandle {
  /**
   * What was found in the configuration. Flume leaves out a part that is wrong and
   * runs the rest; so does this.
   */
  readonly findings: readonly Finding[];
  /**
   * Resolves when every component runs or has failed for the first time; `status()`
   * tells which. Call it once.
   */
  start(): Promise<void>;
  /** As in AgentHandle; the deadline is a minute unless given, in milliseconds. */
  stop(deadlineMs?: number): Promise<boolean>;
}

/** Finds what is wrong in a configuration without running any of it. */
export async function checkConfiguration(settings: ConfigurationSettings): Promise<CheckedConfiguration> {
  const { properties, result } = await planOf(settings);
  const { agents, plan, fatal } = result;
  if (plan === null || fatal !== null) return { findings: result.findings, agents, runnable: false };
  const tried = await tryOut(plan, placesOf(settings), properties);
  return { findings: [...result.findings, ...tried.findings], agents, runnable: true };
}

/**
 * Makes an agent, not started yet.
 * @throws MillraceError when nothing of the named agent can run.
 */
export async function createAgent(settings: AgentSettings): Promise<Agent> {
  const { plan, fatal, findings } = (await planOf(settings)).result;
  if (fatal !== null) throw fatal;
  if (plan === null) {
    const cause = findings.find((finding) => finding.severity === 'error');
    throw new MillraceError(
      cause?.code ?? 'CONF_AGENT_INVALID',
      cause?.text ?? `Agent ${settings.name} has nothing that could run`,
      cause ?? {},
    );
  }
  const agent = startable(plan, {
    log: settings.log ?? (() => {}),
    systemProperties: settings.systemProperties ?? {},
    heapBytes: settings.heapBytes ?? null,
    ...placesOf(settings),
  });
  return {
    agentName: agent.agentName,
    findings,
    start: () => agent.start(),
    stop: (deadlineMs = DRAIN_MS_DEFAULT) => agent.stop(deadlineMs),
    status: () => agent.status(),
    counterGroups: () => agent.counterGroups(),
    progress: () => agent.progress(),
  };
}

function placesOf(settings: ConfigurationSettings): {
  readonly pluginPaths: readonly string[];
  readonly confDir: string | null;
} {
  return {
    pluginPaths: settings.pluginPaths ?? [],
    confDir: settings.confDir === undefined ? null : resolve(settings.confDir),
  };
}

async function planOf(
  settings: ConfigurationSettings,
): Promise<{ readonly properties: ReadonlyMap<string, Property>; readonly result: PlanResult }> {
  const places = placesOf(settings);
  const { properties, findings } = parseProperties(settings.config, settings.fileName ?? 'flume.conf');
  const scope = agentScope({
    ...places,
    systemProperties: settings.systemProperties ?? {},
    classPath: places.confDir === null ? [] : [places.confDir],
    env: settings.env ?? process.env,
  });
  const result = await planAgent(properties, settings.name, scope);
  return { properties, result: { ...result, findings: [...findings, ...result.findings] } };
}
