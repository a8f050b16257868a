/**
 * Hops between Millrace and Java Flume, each side each: what an operator sees who swaps one of two agents.
 */
import { FLOWS } from './flows/index.ts';
import { measure } from './measure.ts';
import { short, spreadOf } from './statistics.ts';

const SIDES = ['flume', 'millrace'] as const;
const HOPS = ['avro-hop', 'thrift-hop'];

export async function mixed(runs: number, seconds: number): Promise<string> {
  const lines: string[] = [];
  for (const name of HOPS) {
    const flow = FLOWS.find((one) => one.name === name)!;
    for (const sender of SIDES) {
      for (const receiver of SIDES) {
        const rates: number[] = [];
        for (let n = 0; n < runs; n++) {
          const { eventsPerSecond } = await measure(flow, receiver, seconds, sender);
          rates.push(eventsPerSecond);
          const run = `${name} ${n + 1}/${runs} ${sender} to ${receiver}`;
          process.stderr.write(`${run}: ${short(eventsPerSecond)} events/s\n`);
        }
        const { median, min, max } = spreadOf(rates);
        const range = `${short(min)} – ${short(max)} in ${runs} runs`;
        lines.push(`${name}, ${sender} to ${receiver}: ${short(median)} events/s (${range})`);
      }
    }
  }
  return lines.join('\n');
}
