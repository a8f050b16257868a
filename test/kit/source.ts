/** An agent with one source, r1, on one channel, c1, whose events are collected. */
import type { TestContext } from 'node:test';
import { Collected, type Flow, runFlow } from './flow.ts';

export type SourceOptions = Readonly<Record<string, string | number | boolean>>;

export interface RunningSource {
  readonly flow: Flow;
  readonly collected: Collected;
  readonly port: number;
}

export const MEMORY = `
  channels.c1.type = memory
  channels.c1.capacity = 100000
  channels.c1.transactionCapacity = 100000`;

export interface AroundSource {
  /** Lines of the channel c1. */
  readonly channel?: string;
  /** Events that are collected at a time. */
  readonly batchSize?: number;
  readonly systemProperties?: Readonly<Record<string, string>>;
}

/** @param options of the source; its port is a free one unless they say another. */
export async function runSource(
  t: Pick<TestContext, 'after'>,
  options: SourceOptions,
  { channel = MEMORY, batchSize = 100, systemProperties = {} }: AroundSource = {},
): Promise<RunningSource> {
  const collected = new Collected(t);
  const lines = Object.entries({ port: 0, channels: 'c1', ...options });
  const flow = await runFlow(
    t,
    `sources = r1
     channels = c1
     sinks = k1
     ${lines.map(([key, value]) => `sources.r1.${key} = ${value}`).join('\n')}
     ${channel}
     ${collected.sink('k1', 'c1', batchSize)}`,
    { 'millrace.workers.max': '1', ...systemProperties },
  );
  return { flow, collected, port: await flow.port('r1') };
}
