/** An agent with netcat sources r1, r2 … on one channel c1, whose events are collected. */
import type { TestContext } from 'node:test';
import { Collected, type Flow, runFlow } from '../../kit/flow.ts';

export type Options = Readonly<Record<string, string | number | boolean>>;

export interface Netcat {
  readonly flow: Flow;
  readonly collected: Collected;
  /** The port of each source. */
  readonly ports: readonly number[];
  readonly port: number;
}

const MEMORY = `
  channels.c1.type = memory
  channels.c1.capacity = 100000
  channels.c1.transactionCapacity = 100000`;

export async function runNetcat(
  t: Pick<TestContext, 'after'>,
  sources: readonly Options[] = [{}],
  channel = MEMORY,
  /** Whether events are dropped behind the channel, and not kept by this process. */
  drops = false,
): Promise<Netcat> {
  const collected = new Collected(t);
  const names = sources.map((_, n) => `r${n + 1}`);
  const lines = sources.flatMap((options, n) =>
    Object.entries({ type: 'netcat', bind: '127.0.0.1', port: 0, channels: 'c1', ...options }).map(
      ([key, value]) => `sources.${names[n]}.${key} = ${value}`,
    ),
  );
  const flow = await runFlow(
    t,
    `sources = ${names.join(' ')}
     channels = c1
     sinks = k1
     ${lines.join('\n')}
     ${channel}
     ${collected.sink('k1', 'c1', 1000)}
     ${drops ? 'sinks.k1.type = null' : ''}`,
    { 'millrace.workers.max': '1' },
  );
  const ports = await Promise.all(names.map((name) => flow.port(name)));
  return { flow, collected, ports, port: ports[0]! };
}

/** What a full or refusing channel c1 of class `javaClass` makes netcat answer for one line. */
export function refusal(javaClass: string): string {
  return `FAILED: Unable to put event on required channel: ${javaClass}{name: c1}\n`;
}

export function tooLong(characters: number): string {
  return `FAILED: Event exceeds the maximum length (${characters} chars, including newline)\n`;
}

/** The collector tells bodies byte by byte; this is their text. */
export function textOf(body: string): string {
  return Buffer.from(body, 'latin1').toString('utf8');
}
