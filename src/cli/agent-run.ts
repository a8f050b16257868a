/**
 * One life of the agent process: metrics server, configuration, agent, reload, signals, end.
 *
 * First SIGINT or SIGTERM: sources stop, channels drain within a deadline, everything ends, exit 0. A second:
 * end at once.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../base/errors.ts';
import type { Finding } from '../base/finding.ts';
import type { LogLevel } from '../base/log.ts';
import { findingLine } from '../config/lint/report.ts';
import { type PlanResult, planAgent } from '../config/plan/plan.ts';
import type { AgentPlan } from '../config/plan/types.ts';
import { ConfigurationSources } from '../config/properties/load.ts';
import { type Property, parseProperties } from '../config/properties/parse.ts';
import { agentScope } from '../engine/scope.ts';
import type { EngineSettings } from '../engine/settings.ts';
import { createAgent } from '../engine/start.ts';
import type { Agent } from '../engine/supervisor/agent.ts';
import type { LogWriter } from '../watch/log/writer.ts';
import { MetricsServer } from '../watch/metrics/server.ts';
import { EXIT } from './command.ts';
import type { Environment } from './environment.ts';

export interface AgentRunSettings {
  readonly name: string;
  readonly files: readonly string[];
  readonly uris: readonly string[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly pollSeconds: number | null;
  readonly backupDirectory: string | null;
  readonly reload: boolean;
  readonly engine: EngineSettings;
  readonly environment: Environment;
  readonly writer: LogWriter;
  readonly log: (level: LogLevel, text: string, error?: string) => void;
}

/**
 * One request to stop may come twice: `timeout` and npm signal both the process and its group, and a terminal
 * does so beside them.
 */
const SAME_SIGNAL_MS = 10;
const POLL_MS = 30_000;
const POLL_MS_HTTP = 300_000;

export class AgentRun {
  readonly #settings: AgentRunSettings;
  readonly #sources: ConfigurationSources;
  #agent: Agent | null = null;
  #metrics: MetricsServer | null = null;
  #poll: NodeJS.Timeout | null = null;
  /** When the first signal came. */
  #signalledMs: number | null = null;
  #finish: (code: number) => void = () => {};

  constructor(settings: AgentRunSettings) {
    this.#settings = settings;
    this.#sources = new ConfigurationSources({ ...settings, classPath: settings.environment.classPath });
  }

  async run(): Promise<number> {
    const finished = new Promise<number>((resolve) => {
      this.#finish = resolve;
    });
    process.on('SIGINT', () => this.#signal('SIGINT', 130));
    process.on('SIGTERM', () => this.#signal('SIGTERM', 143));
    const { log } = this.#settings;
    try {
      await this.#startMetrics();
      // A signal ends a start that hangs, too: on a server that does not answer, on a component that waits.
      const code = await Promise.race([this.#firstStart(), finished]);
      if (code !== null) return code;
    } catch (error) {
      log('error', 'A fatal error occurred while running. Exception follows.', stackOf(error));
      await this.#end();
      return EXIT.fatal;
    }
    this.#watch();
    return await finished;
  }

  /** Null when the agent runs, or idles as Flume does for an unknown name; else the exit code. */
  async #firstStart(): Promise<number | null> {
    const { log, uris, files } = this.#settings;
    if (files.length + uris.length === 0) {
      log(
        'error',
        'A fatal error occurred while running. Exception follows.',
        'No configuration: give --conf-file FILE or --conf-uri URI',
      );
      await this.#end();
      return EXIT.usage;
    }
    log('info', 'Configuration provider starting');
    for (const name of this.#sources.names) log('info', `Reloading configuration file:${name}`);
    const properties = await this.#load();
    if (properties === null) {
      const text = 'No configuration could be found';
      log('error', 'A fatal error occurred while running. Exception follows.', text);
      await this.#end();
      return EXIT.fatal;
    }
    const result = await this.#plan(properties);
    if (result.fatal !== null) {
      log('error', 'A fatal error occurred while running. Exception follows.', result.fatal.message);
      await this.#end();
      return EXIT.config;
    }
    if (result.plan !== null && !this.#ending) await this.#start(result.plan);
    return null;
  }

  async #startMetrics(): Promise<void> {
    const { environment, log } = this.#settings;
    const type = environment.systemProperties['flume.monitoring.type'];
    if (type === undefined) return;
    if (type.toLowerCase() !== 'http' && !type.endsWith('.HTTPMetricsServer')) {
      log(
        'error',
        `Monitoring type ${type} is not available in this version; use -Dflume.monitoring.type=http. The agent runs without`,
      );
      return;
    }
    this.#metrics = new MetricsServer({
      port: this.#settings.engine['flume.monitoring.port'],
      agent: () => this.#agent,
      onError: (text) => log('error', text),
    });
    await this.#metrics.start();
    const listening = this.#metrics.port;
    if (listening > 0) log('info', `Metrics are served on port ${listening} (/metrics, /status, /healthz)`);
  }

  /** Null when no source gave any property and there is no backup. */
  async #load(): Promise<ReadonlyMap<string, Property> | null> {
    const { properties, findings, lost } = await this.#sources.load();
    this.#report(findings);
    if (lost.length > 0) throw new LostSources(lost);
    if (properties.size > 0) {
      this.#backUp(properties);
      return properties;
    }
    return this.#readBackup();
  }

  #backupFile(): string | null {
    const { backupDirectory, name } = this.#settings;
    return backupDirectory === null ? null : join(backupDirectory, `.${name}.properties`);
  }

  #backUp(properties: ReadonlyMap<string, Property>): void {
    const file = this.#backupFile();
    if (file === null) return;
    const escaped = (text: string) =>
      text
        .replace(/[\\=:#! ]/g, '\\$&')
        .replaceAll('\n', '\\n')
        .replaceAll('\r', '\\r')
        .replaceAll('\t', '\\t');
    try {
      mkdirSync(this.#settings.backupDirectory!, { recursive: true });
      const lines = [...properties.values()].map(({ key, value }) => `${escaped(key)}=${escaped(value)}\n`);
      writeFileSync(file, lines.join(''), { mode: 0o600 });
    } catch (error) {
      this.#settings.log('warn', `The configuration could not be kept in ${file}: ${messageOf(error)}`);
    }
  }

  #readBackup(): ReadonlyMap<string, Property> | null {
    const file = this.#backupFile();
    if (file === null) return null;
    try {
      const { properties } = parseProperties(readFileSync(file, 'utf8'), file);
      this.#settings.log(
        'warn',
        `No configuration source could be read: the last good one is used (${file})`,
      );
      return properties.size > 0 ? properties : null;
    } catch {
      return null;
    }
  }

  async #plan(properties: ReadonlyMap<string, Property>): Promise<PlanResult> {
    const { name, environment, log } = this.#settings;
    const result = await planAgent(properties, name, agentScope(environment));
    this.#report(result.findings);
    log(
      'info',
      `Post-validation flume configuration contains configuration for agents: [${result.agents.join(', ')}]`,
    );
    for (const unit of result.plan?.units ?? []) {
      if (unit.kind === 'group') for (const sink of unit.sinks) log('info', `Processing:${sink.name}`);
    }
    return result;
  }

  #report(findings: readonly Finding[]): void {
    const levels = { error: 'error', warning: 'warn', info: 'info' } as const;
    for (const finding of findings) this.#settings.log(levels[finding.severity], findingLine(finding));
  }

  async #start(plan: AgentPlan): Promise<void> {
    this.#logWiring(plan);
    const { environment, writer } = this.#settings;
    this.#agent = createAgent(plan, { ...environment, log: writer.write });
    await this.#agent.start();
  }

  #logWiring(plan: AgentPlan): void {
    for (const channel of plan.units) {
      if (channel.kind !== 'channel') continue;
      const users = plan.units.flatMap((unit) => {
        if (unit.kind === 'source')
          return unit.channels.some((one) => one.name === channel.name) ? [unit.name] : [];
        if (unit.kind === 'channel') return [];
        return unit.sinks.filter((sink) => sink.channel === channel.name).map((sink) => sink.name);
      });
      this.#settings.log('info', `Channel ${channel.name} connected to [${users.join(', ')}]`);
    }
  }

  #watch(): void {
    const { reload, pollSeconds, uris } = this.#settings;
    if (!reload || this.#ending) return;
    const usual = uris.some((uri) => uri.startsWith('http')) ? POLL_MS_HTTP : POLL_MS;
    const ms = pollSeconds === null ? usual : pollSeconds * 1000;
    let busy = false;
    this.#poll = setInterval(() => {
      if (busy || this.#ending) return;
      busy = true;
      void this.#lookForChange().finally(() => {
        busy = false;
      });
    }, ms);
  }

  /** A changed configuration that cannot be used leaves the running one alone. */
  async #lookForChange(): Promise<void> {
    const { log } = this.#settings;
    try {
      if (!(await this.#sources.changed())) return;
      for (const name of this.#sources.names) log('info', `Reloading configuration file:${name}`);
      const properties = await this.#load();
      if (properties === null)
        return log('error', 'The changed configuration has no properties: the running one is kept');
      const result = await this.#plan(properties);
      if (result.fatal !== null) {
        return log(
          'error',
          `The changed configuration cannot be used; the running one is kept: ${result.fatal.message}`,
        );
      }
      if (this.#ending) return;
      if (result.plan === null) {
        const { name } = this.#settings;
        return log(
          'error',
          `The changed configuration has nothing of agent ${name} that can run: the running one is kept`,
        );
      }
      if (this.#agent === null) await this.#start(result.plan);
      else await this.#agent.reload(result.plan);
    } catch (error) {
      if (error instanceof LostSources) return log('error', error.message);
      log('error', 'The changed configuration could not be taken over', stackOf(error));
    }
  }

  #signal(signal: string, code: number): void {
    const { log } = this.#settings;
    const nowMs = Date.now();
    if (this.#signalledMs !== null) {
      if (nowMs - this.#signalledMs < SAME_SIGNAL_MS) return;
      log('warn', `${signal} again: ending at once`);
      process.exit(code);
    }
    this.#signalledMs = nowMs;
    const seconds = this.#drainMs / 1000;
    log('info', `${signal}: stopping; sources first, then up to ${seconds} s for channels to be emptied`);
    void this.#end().then(() => this.#finish(EXIT.ok));
  }

  get #ending(): boolean {
    return this.#signalledMs !== null;
  }

  get #drainMs(): number {
    return this.#settings.engine['millrace.drain.seconds'] * 1000;
  }

  async #end(): Promise<void> {
    if (this.#poll !== null) clearInterval(this.#poll);
    try {
      await this.#agent?.stop(this.#drainMs);
    } catch (error) {
      this.#settings.log('error', 'The agent did not stop cleanly', stackOf(error));
    }
    await this.#metrics?.stop();
  }
}

/** A part of the configuration cannot be read for now: without it components would be taken for deleted. */
class LostSources extends Error {
  constructor(names: readonly string[]) {
    super(`The changed configuration cannot be read whole (${names.join(', ')}): the running one is kept`);
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
