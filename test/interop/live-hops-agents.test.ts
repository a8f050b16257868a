/**
 * Agents in a row: Millrace, Java Flume, Millrace, once for each way to speak Avro or Thrift. What Java Flume
 * received is compared in between, so that no mistake can undo itself on the way back.
 */
import { describe, test } from 'node:test';
import { freePort } from '../../benchmarks/agents.ts';
import { RpcClient } from '../../src/client.ts';
import { Collected, type Flow, runFlow } from '../kit/flow.ts';
import { until } from '../kit/until.ts';
import { assertArrived, assertArrivedAnyhow, lineOf, linesOf, numberedEvents } from './events.ts';
import { component, fileEnd, JavaAgent, memoryChannel, PATIENCE_MS } from './java-agent.ts';
import { clientTls, serverTls } from './stores.ts';

const EVENTS = 3000;

interface Hop {
  readonly name: string;
  readonly what: string;
  readonly type: 'avro' | 'thrift';
  /** Lines of its sources and sinks, the same for Java Flume and for Millrace. */
  readonly source: readonly string[];
  readonly sink: readonly string[];
  /**
   * Millrace's sink has more than one batch under way, as it does by default: Java's source takes the calls
   * of a connection in many threads, so that batches overtake each other.
   */
  readonly inAnyOrder?: true;
}

const DEFLATE = 'compression-type = deflate';
const HOPS: readonly Hop[] = [
  { name: 'avro', what: 'Avro', type: 'avro', source: [], sink: [] },
  { name: 'avron', what: 'Avro, many calls at once', type: 'avro', source: [], sink: [], inAnyOrder: true },
  {
    name: 'avroz',
    what: 'Avro with deflate',
    type: 'avro',
    source: [DEFLATE],
    sink: [DEFLATE, 'compression-level = 9'],
  },
  {
    name: 'avroj',
    what: 'Avro over TLS, JKS',
    type: 'avro',
    source: serverTls('JKS'),
    sink: clientTls('JKS'),
  },
  {
    name: 'avrop',
    what: 'Avro over TLS, PKCS #12',
    type: 'avro',
    source: serverTls('PKCS12'),
    sink: clientTls('PKCS12'),
  },
  {
    name: 'avrojz',
    what: 'Avro with deflate over TLS',
    type: 'avro',
    source: [DEFLATE, ...serverTls('JKS')],
    sink: [DEFLATE, ...clientTls('PKCS12')],
  },
  { name: 'thrift', what: 'Thrift, compact', type: 'thrift', source: [], sink: [] },
  {
    name: 'thriftb',
    what: 'Thrift, binary',
    type: 'thrift',
    source: ['protocol = binary'],
    sink: ['protocol = binary'],
  },
  {
    name: 'thriftj',
    what: 'Thrift over TLS, JKS',
    type: 'thrift',
    source: serverTls('JKS'),
    sink: clientTls('JKS'),
  },
  {
    name: 'thriftp',
    what: 'Thrift over TLS, PKCS #12, binary',
    type: 'thrift',
    source: [...serverTls('PKCS12'), 'protocol = binary'],
    sink: [...clientTls('PKCS12'), 'protocol = binary'],
  },
];

const names = (prefix: string) => HOPS.map(({ name }) => `${prefix}${name}`).join(' ');

function sourceLines({ type, source }: Hop, name: string, port: number, channels: string): string {
  const all = [`type = ${type}`, 'bind = 127.0.0.1', `port = ${port}`, `channels = ${channels}`, ...source];
  return component(`sources.${name}`, all);
}

function sinkLines({ type, sink }: Hop, name: string, port: number, channel: string): string {
  const all = [
    `type = ${type}`,
    'hostname = 127.0.0.1',
    `port = ${port}`,
    `channel = ${channel}`,
    'batch-size = 250',
  ];
  return component(`sinks.${name}`, [...all, ...sink]);
}

/** Millrace at the end: one source and one collecting sink a hop. */
function receiverConf(ends: ReadonlyMap<string, Collected>): string {
  const parts = HOPS.map((hop) => {
    const { name } = hop;
    const sink = ends.get(name)!.sink(`k${name}`, `c${name}`, 500);
    return sourceLines(hop, `r${name}`, 0, `c${name}`) + memoryChannel(`c${name}`) + sink;
  });
  return `sources = ${names('r')}\nchannels = ${names('c')}\nsinks = ${names('k')}\n${parts.join('\n')}`;
}

/** Java Flume in the middle: what a source receives goes to a file and on to Millrace. */
function javaConf(inPorts: readonly number[], outPorts: readonly number[]): string {
  const parts = HOPS.map((hop, i) => {
    const { name } = hop;
    const channels = memoryChannel(`c${name}`) + memoryChannel(`d${name}`);
    const source = sourceLines(hop, `r${name}`, inPorts[i]!, `c${name} d${name}`);
    const sink = sinkLines(hop, `k${name}`, outPorts[i]!, `c${name}`);
    return source + channels + sink + fileEnd(`f${name}`, `d${name}`);
  });
  const channels = `channels = ${names('c')} ${names('d')}`;
  return `sources = ${names('r')}\n${channels}\nsinks = ${names('k')} ${names('f')}\n${parts.join('\n')}`;
}

/** Millrace at the beginning: every hop gets what its source receives. */
function senderConf(ports: readonly number[]): string {
  const parts = HOPS.map((hop, i) => {
    const { name } = hop;
    const inOrder = hop.type === 'avro' && !hop.inAnyOrder;
    const order = component(`sinks.k${name}`, inOrder ? ['batches-in-flight = 1'] : []);
    return memoryChannel(`c${name}`) + sinkLines(hop, `k${name}`, ports[i]!, `c${name}`) + order;
  });
  return `sources = r1
    channels = ${names('c')}
    sinks = ${names('k')}
    sources.r1.type = avro
    sources.r1.bind = 127.0.0.1
    sources.r1.port = 0
    sources.r1.channels = ${names('c')}
    ${parts.join('\n')}`;
}

describe('Millrace, Java Flume 1.11, Millrace', { timeout: 170_000 }, () => {
  test('every event arrives whole, once and, but where it is said, in order', async (t) => {
    const events = numberedEvents(EVENTS);
    const expected = linesOf(events);
    const ends = new Map(HOPS.map(({ name }) => [name, new Collected(t)]));
    const receiver: Flow = await runFlow(t, receiverConf(ends));
    const outPorts = await Promise.all(HOPS.map(({ name }) => receiver.port(`r${name}`)));
    const inPorts = await Promise.all(HOPS.map(() => freePort()));
    const java = await JavaAgent.start(t, { conf: javaConf(inPorts, outPorts), ports: inPorts });
    const sender = await runFlow(t, senderConf(inPorts));
    const client = await RpcClient.open({ hosts: 'h', 'hosts.h': `127.0.0.1:${await sender.port('r1')}` });
    t.after(() => client.close());
    await client.appendBatch(events);

    for (const { name, what, inAnyOrder } of HOPS) {
      const assertSame = inAnyOrder ? assertArrivedAnyhow : assertArrived;
      await t.test(`${what}: Millrace's sink to Java's source`, async () => {
        assertSame(await java.arrived(`f${name}`, EVENTS), expected);
      });
      await t.test(`${what}: Java's sink to Millrace's source`, async () => {
        const end = ends.get(name)!;
        await until(`${EVENTS} events over ${name}`, () => end.events.length >= EVENTS, PATIENCE_MS);
        const arrived = end.events.map(({ headers, body }) => lineOf(headers, Buffer.from(body, 'latin1')));
        assertSame(arrived, expected);
      });
    }
  });
});
