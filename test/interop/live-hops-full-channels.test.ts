/** A channel on the other side that has no room: batches are refused, kept, and delivered when it has. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { freePort } from '../../benchmarks/agents.ts';
import { RpcClient } from '../../src/client.ts';
import { runFlow } from '../kit/flow.ts';
import { temporaryDirectory } from '../kit/temporary.ts';
import { until } from '../kit/until.ts';
import { assertArrived, assertArrivedAnyhow, linesOf, numberedEvents } from './events.ts';
import { component, JavaAgent, memoryChannel, PATIENCE_MS } from './java-agent.ts';
import { Receiver } from './receiver.ts';

const EVENTS = 2000;
/** Events that the channel with too little room takes. */
const SMALL = 500;
const BATCH = 100;
const TYPES = ['avro', 'thrift'] as const;

const each = (prefix: string) => TYPES.map((type) => `${prefix}${type}`).join(' ');
const port = (ports: ReadonlyMap<string, number>, type: string) => ports.get(type)!;

function sourceLines(type: string, name: string, at: number): string {
  const lines = [`type = ${type}`, 'bind = 127.0.0.1', `port = ${at}`, `channels = c${type}`];
  return component(`sources.${name}`, lines);
}

function sinkLines(type: string, at: number): string {
  const lines = [`type = ${type}`, 'hostname = 127.0.0.1', `port = ${at}`, `channel = c${type}`];
  return component(`sinks.k${type}`, [...lines, `batch-size = ${BATCH}`]);
}

/** Sources and sinks of both types, with a channel between each two. */
function relayConf(
  capacity: number,
  inPorts: ReadonlyMap<string, number>,
  outPorts: ReadonlyMap<string, number>,
): string {
  const parts = TYPES.map((type) => {
    const source = sourceLines(type, `r${type}`, port(inPorts, type));
    const channel = `${memoryChannel(`c${type}`, capacity)}\n channels.c${type}.keep-alive = 1`;
    return source + channel + sinkLines(type, port(outPorts, type));
  });
  return `sources = ${each('r')}\nchannels = ${each('c')}\nsinks = ${each('k')}\n${parts.join('\n')}`;
}

async function freePorts(): Promise<ReadonlyMap<string, number>> {
  const ports = new Map<string, number>();
  for (const type of TYPES) ports.set(type, await freePort());
  return ports;
}

async function feed(at: number, type: string): Promise<void> {
  const client = await RpcClient.open({ 'client.type': type, hosts: 'h', 'hosts.h': `127.0.0.1:${at}` });
  await client.appendBatch(numberedEvents(EVENTS));
  client.close();
}

describe('a full channel', { timeout: 150_000 }, () => {
  const expected = linesOf(numberedEvents(EVENTS));

  test("of Java Flume: Millrace's sinks roll back and deliver later, nothing is lost or doubled", async (t) => {
    const [javaPorts, endPorts] = [await freePorts(), await freePorts()];
    const java = await JavaAgent.start(t, {
      // Nobody listens behind it yet.
      conf: relayConf(SMALL, javaPorts, endPorts),
      ports: [...javaPorts.values()],
    });
    const ourPorts = new Map(TYPES.map((type) => [type, 0]));
    const sender = await runFlow(t, relayConf(10_000, ourPorts, javaPorts));
    for (const type of TYPES) await feed(await sender.port(`r${type}`), type === 'avro' ? 'default' : type);
    for (const type of TYPES) {
      const failed = () => sender.counter('sink', `k${type}`, 'EventWriteFail');
      await until(`Java Flume refuses over ${type}`, () => failed() > 0, PATIENCE_MS);
      const delivered = sender.counter('sink', `k${type}`, 'EventDrainSuccessCount');
      assert.equal(delivered, SMALL);
      assert.equal(sender.counter('channel', `c${type}`, 'ChannelSize'), EVENTS - SMALL);
      assert.equal(await java.counter(`CHANNEL.c${type}`, 'EventPutSuccessCount'), SMALL);
    }
    const receivers = await Promise.all(
      TYPES.map((type) => Receiver.start(t, { source: [`type = ${type}`], port: port(endPorts, type) })),
    );
    // Batches that were under way with a refused one may be before it.
    for (const receiver of receivers) assertArrivedAnyhow(await receiver.arrived(EVENTS), expected);
    for (const type of TYPES) {
      const empty = () => sender.counter('channel', `c${type}`, 'ChannelSize') === 0;
      await until(`the channel before ${type} is empty`, empty);
    }
  });

  test("of Millrace: Java's sinks retry, nothing is lost or doubled", async (t) => {
    const javaPorts = await freePorts();
    const gate = join(temporaryDirectory(), 'open');
    const receivers = new Map<string, Receiver>();
    for (const type of TYPES) {
      receivers.set(
        type,
        await Receiver.start(t, {
          source: [`type = ${type}`],
          capacity: SMALL,
          sink: [`after = ${gate}`],
        }),
      );
    }
    const endPorts = new Map([...receivers].map(([type, receiver]) => [type, receiver.port]));
    const java = await JavaAgent.start(t, {
      conf: relayConf(10_000, javaPorts, endPorts),
      ports: [...javaPorts.values()],
    });
    for (const type of TYPES) await feed(port(javaPorts, type), type === 'avro' ? 'default' : type);
    for (const [type, receiver] of receivers) {
      const failed = () => java.counter(`SINK.k${type}`, 'EventWriteFail');
      await until(`Millrace refuses over ${type}`, async () => (await failed()) > 0, PATIENCE_MS);
      const accepted = receiver.flow.counter('source', 'r1', 'EventAcceptedCount');
      assert.equal(accepted, SMALL);
      assert.equal(receiver.count, 0);
    }
    writeFileSync(gate, '');
    for (const receiver of receivers.values()) assertArrived(await receiver.arrived(EVENTS), expected);
  });
});
