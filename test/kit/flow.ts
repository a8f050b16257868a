/**
 * Runs an agent inside the test's process: the real supervisor and real worker threads, from the text of a
 * flume.conf. Parts of `plugins/` stand for the outside: a channel whose mood a test sets, a sink that tells
 * what it was handed, a source that puts what a test says.
 */
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import type { Finding } from '../../src/base/finding.ts';
import type { LogRecord } from '../../src/base/log.ts';
import { planAgent } from '../../src/config/plan/plan.ts';
import type { AgentPlan } from '../../src/config/plan/types.ts';
import { parseProperties } from '../../src/config/properties/parse.ts';
import { agentScope } from '../../src/engine/scope.ts';
import { createAgent } from '../../src/engine/start.ts';
import type { Agent } from '../../src/engine/supervisor/agent.ts';
import type { CollectedEvent } from './plugins/collector.ts';
import { until } from './until.ts';

type Kind = 'source' | 'channel' | 'sink';

const PLUGINS = new URL('./plugins/', import.meta.url);

/** `type =` of a plug-in of this kit. */
export function kitPlugin(name: string): string {
  return new URL(`${name}.ts`, PLUGINS).href;
}

export function kitPluginPath(name: string): string {
  return fileURLToPath(kitPlugin(name));
}

/** Lines of flume.conf for a netcat source on this host; `Flow.port` tells its port when it is 0. */
export function netcatSource(port: number | string = 0, name = 'r1', channel = 'c1'): string {
  return `
    sources.${name}.type = netcat
    sources.${name}.bind = 127.0.0.1
    sources.${name}.port = ${port}
    sources.${name}.channels = ${channel}`;
}

/** Lines of flume.conf: source r1 (netcat), channel c1 (memory), and sink k1, which tells `collected`. */
export function collectedLines(collected: Collected): string {
  return `sources = r1
    channels = c1
    sinks = k1
    ${netcatSource()}
    channels.c1.type = memory
    ${collected.sink('k1', 'c1')}`;
}

export interface Planned {
  readonly plan: AgentPlan | null;
  readonly findings: readonly Finding[];
  readonly fatal: Error | null;
}

/** Plans the text of a flume.conf. Keys are written without the agent's name: `sources = r1`. */
export async function planText(
  conf: string,
  name = 'a1',
  systemProperties: Readonly<Record<string, string>> = {},
): Promise<Planned> {
  const lines = conf.split('\n').map((line) => line.trim());
  const text = lines
    .map((line) => (line === '' || line.startsWith('#') ? line : `${name}.${line}`))
    .join('\n');
  const { properties } = parseProperties(text, 'test.conf');
  const scope = agentScope({ pluginPaths: [], confDir: null, classPath: [], systemProperties });
  return await planAgent(properties, name, scope);
}

export class Flow {
  readonly logs: LogRecord[] = [];
  readonly agent: Agent;
  #stopped: Promise<boolean> | null = null;

  constructor(plan: AgentPlan, systemProperties: Readonly<Record<string, string>>) {
    this.agent = createAgent(plan, {
      log: (record) => this.logs.push(record),
      systemProperties,
      heapBytes: null,
      pluginPaths: [],
      confDir: null,
    });
  }

  /** A counter of a component; 0 while there is no such component. */
  counter(kind: Kind, name: string, counter: string): number {
    const group = this.agent
      .counterGroups()
      .find((one) => one.type === kind.toUpperCase() && one.name === name);
    return group?.values().get(counter) ?? 0;
  }

  status(kind: Kind, name: string) {
    return this.agent.status().find((one) => one.kind === kind && one.name === name)!;
  }

  logged(text: string | RegExp): LogRecord | undefined {
    return this.logs.find((record) => {
      const line = `${record.text} ${record.error ?? ''}`;
      return typeof text === 'string' ? line.includes(text) : text.test(line);
    });
  }

  untilLogged(text: string | RegExp): Promise<LogRecord> {
    return until(`a log line with ${text}`, () => this.logged(text));
  }

  /** The port that a source with `port = 0` listens on. */
  async port(source: string): Promise<number> {
    const thread = `SourceRunner-${source}`;
    const pattern = /(?:serverSocket:.*\[|listens on ).*:(\d+)\]?$/;
    return await until(`source ${source} listens`, () => {
      const found = this.logs.findLast((record) => record.thread === thread && pattern.test(record.text));
      return found === undefined ? null : Number(pattern.exec(found.text)![1]);
    });
  }

  stop(deadlineMs = 10_000): Promise<boolean> {
    this.#stopped ??= this.agent.stop(deadlineMs);
    return this.#stopped;
  }
}

/** Starts an agent; it is stopped when the test ends, if it was not before. */
export async function runFlow(
  t: Pick<TestContext, 'after'>,
  conf: string,
  systemProperties: Readonly<Record<string, string>> = {},
): Promise<Flow> {
  const { plan, findings, fatal } = await planText(conf, 'a1', systemProperties);
  const wrong = findings.filter((finding) => finding.severity === 'error');
  if (plan === null || fatal !== null || wrong.length > 0) {
    throw new Error(
      `the configuration does not plan: ${[fatal?.message, ...wrong.map((one) => one.text)].join('; ')}`,
    );
  }
  const flow = new Flow(plan, systemProperties);
  t.after(() => flow.stop(2000));
  await flow.agent.start();
  return flow;
}

/** What the sink plug-in `collector` told, in order. Take the topic into its option `topic`. */
export class Collected {
  readonly events: CollectedEvent[] = [];
  readonly topic: string;
  readonly #channel: BroadcastChannel;

  constructor(t: Pick<TestContext, 'after'>) {
    this.topic = `collected-${process.pid}-${nextTopic++}`;
    this.#channel = new BroadcastChannel(this.topic);
    this.#channel.onmessage = (message) => {
      const { data } = message as unknown as { data: Collected['events'] };
      this.events.push(...data);
    };
    t.after(() => this.#channel.close());
  }

  get bodies(): string[] {
    return this.events.map((event) => event.body);
  }

  /** Lines of flume.conf for a sink `name` that collects from `channel`. */
  sink(name: string, channel: string, batchSize = 100): string {
    return `
      sinks.${name}.type = ${kitPlugin('collector')}
      sinks.${name}.topic = ${this.topic}
      sinks.${name}.batchSize = ${batchSize}
      sinks.${name}.channel = ${channel}`;
  }

  async untilCount(count: number): Promise<void> {
    await until(`${count} collected events (now ${this.events.length})`, () => this.events.length >= count);
  }
}

let nextTopic = 1;

export type Mood = 'accept' | 'refuse' | 'alternate' | 'stall' | 'throw';

/** Sets the mood of channels of the plug-in `moody`. */
export class MoodyChannel {
  readonly topic: string;
  readonly #channel: BroadcastChannel;
  #moodSeen: Mood | null = null;
  /** Puts that stand unanswered in the channel. */
  held = 0;

  constructor(t: Pick<TestContext, 'after'>) {
    this.topic = `moody-${process.pid}-${nextTopic++}`;
    this.#channel = new BroadcastChannel(this.topic);
    this.#channel.onmessage = (message) => {
      const { data } = message as unknown as { data: { mood: Mood; held: number } };
      this.#moodSeen = data.mood;
      this.held = data.held;
    };
    t.after(() => this.#channel.close());
  }

  channel(name: string, mood: Mood = 'accept'): string {
    return `
      channels.${name}.type = ${kitPlugin('moody')}
      channels.${name}.topic = ${this.topic}
      channels.${name}.mood = ${mood}`;
  }

  /** Resolves once the channel has taken the mood over. */
  async set(mood: Mood): Promise<void> {
    this.#moodSeen = null;
    this.#channel.postMessage({ set: mood });
    await until(`the channel's mood becomes ${mood}`, () => this.#moodSeen === mood);
  }
}
