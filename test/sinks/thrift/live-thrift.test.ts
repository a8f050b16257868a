/**
 * Thrift hops between Millrace and Java Flume 1.11, both ways, over both protocols and with TLS: every line
 * that goes in comes out, in order, with its headers.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type AgentKind, freePort, startAgent, stopAgent } from '../../../benchmarks/agents.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';

const STORES = join(import.meta.dirname, '../../fixtures/tls');
const START_MS_MAX = 60_000;
const LINES = Array.from({ length: 20_000 }, (_, n) => `line ${n} grüße ${'x'.repeat(n % 300)}`);

const SENDER = (lines: number, hop: number, more: string) => `
  a1.sources = r1
  a1.channels = c1
  a1.sinks = k1
  a1.sources.r1.type = netcat
  a1.sources.r1.bind = 127.0.0.1
  a1.sources.r1.port = ${lines}
  a1.sources.r1.ack-every-event = false
  a1.sources.r1.interceptors = i1
  a1.sources.r1.interceptors.i1.type = static
  a1.sources.r1.interceptors.i1.key = tier
  a1.sources.r1.interceptors.i1.value = edge
  a1.sources.r1.channels = c1
  a1.channels.c1.type = memory
  a1.channels.c1.capacity = 100000
  a1.channels.c1.transactionCapacity = 1000
  a1.sinks.k1.type = thrift
  a1.sinks.k1.hostname = localhost
  a1.sinks.k1.port = ${hop}
  a1.sinks.k1.batch-size = 500
  a1.sinks.k1.channel = c1
  ${more}`;

const RECEIVER = (hop: number, out: string, more: string) => `
  a1.sources = r1
  a1.channels = c1
  a1.sinks = k1
  a1.sources.r1.type = thrift
  a1.sources.r1.bind = localhost
  a1.sources.r1.port = ${hop}
  a1.sources.r1.channels = c1
  a1.channels.c1.type = memory
  a1.channels.c1.capacity = 100000
  a1.channels.c1.transactionCapacity = 1000
  a1.sinks.k1.type = file_roll
  a1.sinks.k1.sink.directory = ${out}
  a1.sinks.k1.sink.rollInterval = 0
  a1.sinks.k1.sink.batchSize = 1000
  a1.sinks.k1.sink.serializer = header_and_text
  a1.sinks.k1.channel = c1
  ${more}`;

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, 'localhost');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function start(t: TestContext, kind: AgentKind, conf: string, port: number): Promise<void> {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'flume.conf');
  writeFileSync(file, conf.replaceAll(/^ +/gm, ''));
  const agent = await startAgent(kind, { conf: file, name: 'a1', env: {}, log: join(directory, 'log') });
  t.after(() => stopAgent(agent));
  await until(`${kind} listens`, () => canConnect(port), START_MS_MAX);
}

const TLS = {
  sink: `a1.sinks.k1.ssl = true
    a1.sinks.k1.truststore = ${STORES}/trust.jks
    a1.sinks.k1.truststore-password = changeit
    a1.sinks.k1.truststore-type = JKS`,
  source: `a1.sources.r1.ssl = true
    a1.sources.r1.keystore = ${STORES}/rsa.jks
    a1.sources.r1.keystore-password = changeit
    a1.sources.r1.keystore-type = JKS`,
};

const WAYS: readonly (readonly [from: AgentKind, to: AgentKind])[] = [
  ['flume', 'millrace'],
  ['millrace', 'flume'],
];
const FORMS: readonly (readonly [what: string, sink: string, source: string])[] = [
  ['the compact protocol', '', ''],
  ['the binary protocol', 'a1.sinks.k1.protocol = binary', 'a1.sources.r1.protocol = binary'],
  ['TLS', TLS.sink, TLS.source],
];

describe('thrift beside Java Flume 1.11', { timeout: 300_000 }, () => {
  for (const [from, to] of WAYS) {
    for (const [what, sink, source] of FORMS) {
      test(`from ${from} to ${to} over ${what}`, async (t) => {
        const out = join(temporaryDirectory(t), 'out');
        mkdirSync(out);
        const [lines, hop] = [await freePort(), await freePort()];
        await start(t, to, RECEIVER(hop, out, source), hop);
        await start(t, from, SENDER(lines, hop, sink), lines);
        const socket = connect(lines, '127.0.0.1');
        t.after(() => socket.destroy());
        for (const line of LINES) socket.write(`${line}\n`);
        const written = () =>
          readdirSync(out)
            .map((name) => readFileSync(join(out, name), 'utf8'))
            .join('');
        const last = `${LINES.at(-1)}\n`;
        await until('the last line is there', () => written().endsWith(last), START_MS_MAX);
        const found = written().split('\n').slice(0, -1);
        assert.deepEqual(
          found,
          LINES.map((line) => `{tier=edge} ${line}`),
        );
      });
    }
  }
});
