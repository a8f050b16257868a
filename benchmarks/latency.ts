/**
 * How long a single event waits for its acknowledgement under light load: append after append, a pause
 * between them, to the avro source of Millrace and of Java Flume (memory channel, null sink), by Java's
 * client and by Millrace's.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RpcClient } from '../src/client.ts';
import { numberedEvents, writeEvents } from '../test/interop/events.ts';
import { JavaRpcClient } from '../test/peers/rpc/index.ts';
import { type AgentKind, freePort, startAgent, stopAgent } from './agents.ts';
import { median } from './statistics.ts';

const APPENDS = 3000;
const PAUSE_MS = 1;
/** The first of each agent's rounds warms both sides up and does not count. */
const ROUNDS = 4;
const LISTENS_MS_MAX = 20_000;

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Sends the events one by one; resolves with the time of each in ms. */
interface Sender {
  readonly name: string;
  send(port: number): Promise<readonly number[]>;
  end(): void;
}

function javaSender(directory: string): Sender {
  const file = join(directory, 'events');
  writeEvents(file, numberedEvents(APPENDS));
  const client = new JavaRpcClient();
  return {
    name: "Java's client",
    send: async (port) => {
      const properties = { hosts: 'h', 'hosts.h': `127.0.0.1:${port}` };
      const answer = await client.send({ events: file, single: true, pauseMs: PAUSE_MS, properties });
      if (answer.nanoseconds?.length !== APPENDS) throw new Error(answer.error ?? 'appends are missing');
      return answer.nanoseconds.map((time) => time / 1e6);
    },
    end: () => client.end(),
  };
}

function ownSender(): Sender {
  const events = numberedEvents(APPENDS);
  return {
    name: "Millrace's client",
    send: async (port) => {
      const client = await RpcClient.open({ hosts: 'h', 'hosts.h': `127.0.0.1:${port}` });
      const times: number[] = [];
      try {
        for (const event of events) {
          const begunMs = performance.now();
          await client.append(event);
          times.push(performance.now() - begunMs);
          await sleep(PAUSE_MS);
        }
      } finally {
        client.close();
      }
      return times;
    },
    end: () => {},
  };
}

/** A line for each client and agent: the median over the rounds of p50 and p99. */
export async function latency(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const senders = [javaSender(directory), ownSender()];
  const lines: string[] = [];
  try {
    for (const kind of ['millrace', 'flume'] as const) {
      await withSource(kind, directory, async (port) => {
        for (const sender of senders) lines.push(`latency ${kind}: ${await measured(sender, port)}`);
      });
    }
  } finally {
    for (const sender of senders) sender.end();
    rmSync(directory, { recursive: true, force: true });
  }
  return lines.join('\n');
}

async function measured(sender: Sender, port: number): Promise<string> {
  const [p50, p99]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const times = [...(await sender.send(port))].sort((a, b) => a - b);
    if (round === 0) continue;
    p50.push(times[Math.floor(times.length / 2)]!);
    p99.push(times[Math.floor(times.length * 0.99)]!);
  }
  const text = `p50 ${median(p50).toFixed(2)} ms, p99 ${median(p99).toFixed(2)} ms`;
  return `append by ${sender.name} acknowledged after ${text} (${APPENDS} appends, ${ROUNDS - 1} rounds)`;
}

async function withSource(
  kind: AgentKind,
  directory: string,
  use: (port: number) => Promise<void>,
): Promise<void> {
  const port = await freePort();
  const conf = join(directory, `${kind}.conf`);
  writeFileSync(
    conf,
    `b1.sources = r1
b1.channels = c1
b1.sinks = k1
b1.sources.r1.type = avro
b1.sources.r1.bind = 127.0.0.1
b1.sources.r1.port = ${port}
b1.sources.r1.channels = c1
b1.channels.c1.type = memory
b1.channels.c1.capacity = 10000
b1.sinks.k1.type = null
b1.sinks.k1.channel = c1
`,
  );
  const agent = await startAgent(kind, { conf, name: 'b1', env: {}, log: join(directory, `${kind}.log`) });
  try {
    await listening(port);
    await use(port);
  } finally {
    await stopAgent(agent);
  }
}

/** The metrics of Java Flume answer before its sources listen. */
async function listening(port: number): Promise<void> {
  const endMs = performance.now() + LISTENS_MS_MAX;
  while (performance.now() < endMs) {
    const open = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1').once('error', () => done(false));
      socket.once('connect', () => {
        socket.destroy();
        done(true);
      });
    });
    if (open) return;
    await sleep(20);
  }
  throw new Error(`nothing listens on ${port}`);
}
