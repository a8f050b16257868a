/**
 * Millrace as a library: checks a configuration, and runs an agent inside the caller's process.
 *
 *     import { createAgent } from 'millrace';
 *
 *     const agent = await createAgent({ config: readFileSync('flume.conf', 'utf8'), name: 'a1' });
 *     await agent.start();
 *     …
 *     await agent.stop();
 *
 * `EmbeddedAgent` is Flume's: a program puts events by calls, and Avro sinks send them on.
 *
 * The agent's sources, channels and sinks run in worker threads. Signals, log files, the metrics server and
 * the reload of a changed file belong to the command line (`flume-ng agent`); an embedding program does what
 * it needs of that itself.
 */
import { readFileSync } from 'node:fs';

export type { ErrorCode, ErrorDetail } from './base/errors.ts';
export { MillraceError } from './base/errors.ts';
export type { Finding, Severity } from './base/finding.ts';
export type { LogLevel, LogRecord } from './base/log.ts';
export type { FlumeEvent } from './component/flume-event.ts';
export type { ProgressRow, ProgressTable } from './component/progress.ts';
export { EmbeddedAgent, type EmbeddedAgentSettings } from './embedded/agent.ts';
export type { EmbeddedProperties } from './embedded/configuration.ts';
export {
  type Agent,
  type AgentSettings,
  type CheckedConfiguration,
  type ConfigurationSettings,
  checkConfiguration,
  createAgent,
} from './embedded/create.ts';
export type { AgentHandle, ComponentState, ComponentStatus, CounterGroup } from './engine/status.ts';
export { metricsJson } from './watch/metrics/json.ts';

/** The version of this package. */
export const version: string = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
