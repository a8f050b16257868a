import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import {
  committed,
  cpuSeconds,
  freePort,
  hasEnded,
  metricsOf,
  residentBytes,
  stopAgent,
} from '../../benchmarks/agents.ts';

async function serving(t: TestContext, status: number, body: string): Promise<number> {
  const server = createServer((_, response) => response.writeHead(status).end(body)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('benchmarks: agents', () => {
  test('a free port is one that nobody listens on', async () => {
    const socket = connect({ port: await freePort(), host: '127.0.0.1' });
    const [error] = await once(socket, 'error').catch((reason: unknown) => [reason]);
    assert.equal((error as { code: string }).code, 'ECONNREFUSED');
  });

  test('committed takes are read from the metrics of channel c1', async (t) => {
    const metrics = { 'CHANNEL.c1': { EventTakeSuccessCount: '1234', EventTakeAttemptCount: '9999' } };
    assert.equal(await committed(await serving(t, 200, JSON.stringify(metrics))), 1234);
  });

  test('without the channel, or without an agent, nothing is committed', async (t) => {
    assert.equal(await committed(await serving(t, 200, '{}')), 0);
    assert.equal(await committed(await freePort()), 0);
  });

  const unusable: readonly (readonly [string, number, string])[] = [
    ['an error', 503, '{}'],
    ['half a document', 200, '{"CHANNEL.c1":'],
  ];
  for (const [what, status, body] of unusable) {
    test(`${what} in place of metrics is no metrics`, async (t) => {
      assert.equal(await metricsOf(await serving(t, status, body)), null);
    });
  }

  test('CPU time and memory of a process are those that the process knows of itself', () => {
    const { user, system } = process.cpuUsage();
    const before = (user + system) / 1e6;
    const read = cpuSeconds(process.pid);
    const after = process.cpuUsage();
    // The system counts in hundredths of a second, user and system time apart.
    assert.ok(read >= before - 0.03 && read <= (after.user + after.system) / 1e6 + 0.03, `${before} ${read}`);
    const { now, peak } = residentBytes(process.pid);
    assert.ok(peak >= now);
    assert.ok(Math.abs(now / process.memoryUsage.rss() - 1) < 0.2, `${now} ${process.memoryUsage.rss()}`);
  });

  for (const signal of ['SIGKILL', null] as const) {
    const how = signal === null ? 'ended by itself' : `was ended by ${signal}`;
    test(`an agent that ${how} needs no stop: stopping returns`, async () => {
      const child = spawn(process.execPath, ['-e', signal === null ? '' : 'setInterval(() => {}, 1000)']);
      if (signal !== null) child.kill(signal);
      assert.equal(hasEnded(child), false);
      await once(child, 'exit');
      assert.equal(hasEnded(child), true);
      await stopAgent({ process: child, metricsPort: 0, launchedMs: 0, startMs: 0 });
    });
  }

  test('an agent that runs is asked to stop and waited for', async () => {
    const code =
      "process.on('SIGTERM', () => process.exit(7)); setInterval(() => {}, 1000); console.log('up');";
    const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await stopAgent({ process: child, metricsPort: 0, launchedMs: 0, startMs: 0 });
    assert.equal(child.exitCode, 7);
  });
});
