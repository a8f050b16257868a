/** `millrace status`: what a running agent tells, as text and as JSON. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { progressTable } from '../../../src/component/progress.ts';
import { MetricsServer } from '../../../src/watch/metrics/server.ts';
import { runFlow } from '../../kit/flow.ts';
import { runMillrace } from '../../kit/process.ts';
import { until } from '../../kit/until.ts';

const COUNTER = new URL('../../kit/plugins/counter-source.ts', import.meta.url).href;

/** A server that answers /status with `body`; its port. */
async function answering(t: TestContext, body: string): Promise<number> {
  const server = createServer((_request, response) => response.end(body));
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return (server.address() as { port: number }).port;
}

function status(t: TestContext, port: number, ...more: string[]) {
  return runMillrace(t, ['status', '--port', String(port), ...more]);
}

const well = { state: 'running', reason: null, restarts: 0, worker: 'w' };

describe('millrace status', () => {
  test('shows an agent: its components, and what they tell', async (t) => {
    const flow = await runFlow(
      t,
      `sources = r1
       channels = c1
       sinks = k1
       sources.r1.type = ${COUNTER}
       sources.r1.events = 70
       sources.r1.channels = c1
       channels.c1.type = memory
       sinks.k1.type = null
       sinks.k1.channel = c1`,
    );
    await until('all are put', () => flow.counter('channel', 'c1', 'EventPutSuccessCount') === 70);
    const server = new MetricsServer({
      port: 0,
      host: 'localhost',
      agent: () => flow.agent,
      onError: () => {},
    });
    await server.start();
    t.after(() => server.stop());
    const { ended, stdout } = await status(t, server.port);
    assert.deepEqual(stdout.trimEnd().split('\n').sort(), [
      '    70   70',
      '    put  of',
      '  counts:',
      'agent a1',
      'channel c1  running',
      'sink k1     running',
      'source r1   running',
    ]);
    assert.equal(ended, 0);
    const json = JSON.parse((await status(t, server.port, '--json')).stdout) as {
      components: { name: string; progress?: unknown }[];
    };
    const r1 = json.components.find(({ name }) => name === 'r1')!;
    assert.deepEqual(r1.progress, [{ title: 'counts', rows: [{ put: 70, of: 70 }], omitted: 0 }]);
  });

  test('says why something is not well, how much is left out, and ends with 1', async (t) => {
    const table = progressTable(
      'files',
      Array.from({ length: 202 }, (_, n) => n),
      (n) => ({
        name: `f${n}`,
        'lag bytes': n * 1000,
        error: null,
      }),
    );
    const components = [
      { ...well, kind: 'source', name: 'r1', progress: [table, progressTable('buckets', [], () => ({}))] },
      { ...well, kind: 'sink', name: 'k1', state: 'degraded', reason: 'no room', restarts: 2 },
    ];
    const { ended, stdout } = await status(
      t,
      await answering(t, JSON.stringify({ agent: 'a1', components })),
    );
    assert.equal(ended, 1);
    assert.match(stdout, /^source r1 {2}running$/m);
    assert.match(stdout, /^ {4}name +lag bytes +error\n {4}f0 +0 +-\n {4}f1 +1,000 +-$/m);
    assert.match(stdout, /^ {4}… and 2 more$/m);
    assert.match(stdout, /^ {2}buckets: none$/m);
    assert.match(stdout, /^sink k1 {4}degraded {2}restarted 2 times; no room$/m);
  });

  test('nobody answers, or somebody else: one line with a remedy, exit 1', async (t) => {
    const nobody = await status(t, 1);
    assert.equal(nobody.ended, 1);
    assert.match(
      nobody.stderr,
      /^Error: http:\/\/localhost:1\/status: .* \(start the agent with -Dflume\.monitoring/,
    );
    for (const body of ['<html>', '{}']) {
      const other = await status(t, await answering(t, body));
      assert.equal(other.ended, 1);
      assert.match(other.stderr, /^Error: http.*\n$/);
    }
  });
});
