/**
 * The plan: what an agent runs, validated, with nothing in it that cannot be cloned to a worker.
 */

/** A component, a part of one, or a plug-in, by what the registry or the plug-in loader finds it. */
export interface PartSpec {
  readonly name: string;
  /** As written in the configuration. */
  readonly type: string;
  /** The registry's first name for it, or the plug-in's specifier. */
  readonly alias: string;
  /** Relative to the part, substituted and filtered. */
  readonly properties: Readonly<Record<string, string>>;
}

export interface SourceUnit extends PartSpec {
  readonly kind: 'source';
  /** Its counters beside those of every source. */
  readonly counters: readonly string[];
  readonly channels: readonly { readonly name: string; readonly javaClass: string }[];
  readonly interceptors: readonly PartSpec[];
  readonly selector: PartSpec;
}

export interface ChannelUnit extends PartSpec {
  readonly kind: 'channel';
  /** Most events of a transaction; null without a limit. */
  readonly transactionEventsMax: number | null;
  /** Whether its events outlive the process: a stop need not wait until it is empty. */
  readonly durable: boolean;
  /** Its counters beside those of every channel. */
  readonly counters: readonly string[];
}

export interface SinkSpec extends PartSpec {
  readonly channel: string;
  /** Its counters beside those of every sink. */
  readonly counters: readonly string[];
}

export interface GroupUnit {
  readonly kind: 'group';
  readonly name: string;
  readonly sinks: readonly SinkSpec[];
  readonly processor: PartSpec;
}

/** What one worker runs: a source, a channel, or a group of sinks (a sink alone is a group). */
export type Unit = SourceUnit | ChannelUnit | GroupUnit;

export function unitKey(unit: { readonly kind: Unit['kind']; readonly name: string }): string {
  return `${unit.kind} ${unit.name}`;
}

export interface AgentPlan {
  readonly agentName: string;
  readonly units: readonly Unit[];
  /** Components, `source r1` …, for which Flume registers a counter group. */
  readonly registered: readonly string[];
}
