/** Each flow: its configuration plans without a finding, and its load is what the flow says. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join, resolve } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { confOf, FLOWS, type Flow, LINES_FILE } from '../../benchmarks/flows/index.ts';
import { planAgent } from '../../src/config/plan/plan.ts';
import { parseProperties } from '../../src/config/properties/parse.ts';
import { registry } from '../../src/registry.ts';

const BENCHMARKS = resolve(import.meta.dirname, '../../benchmarks');
/** What a measurement sets for the flow. */
const ENV = {
  BENCH_PORT: '4141',
  BENCH_DIR: '/tmp/out',
  BENCH_FILE: '/tmp/lines',
  BENCH_HDFS: 'hdfs://nn:8020',
  BENCH_TLS: '/tmp/tls',
};

describe('benchmarks: flows', () => {
  test('each has a folder, and each folder is a flow', () => {
    const folders = readdirSync(join(BENCHMARKS, 'flows'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    assert.deepEqual(folders.sort(), FLOWS.map((flow) => flow.name).sort());
  });

  for (const flow of FLOWS) {
    test(`${flow.name} plans agent b1 without a finding`, async () => {
      const { properties, findings } = parseProperties(readFileSync(confOf(flow), 'utf8'), 'flow.conf');
      assert.deepEqual(findings, []);
      const scope = { registry, env: ENV, systemProperties: {}, classPath: [], plugin: async () => null };
      const planned = await planAgent(properties, 'b1', scope);
      assert.deepEqual(planned.findings, []);
      assert.equal(planned.fatal, null);
      assert.deepEqual(planned.plan?.units.map((unit) => unit.kind).sort(), ['channel', 'group', 'source']);
      for (const { value } of properties.values()) {
        for (const [, name] of value.matchAll(/\$\{env:(\w+)\}/g)) assert.ok(Object.hasOwn(ENV, name!), name);
      }
    });
  }

  test('what a measurement reads of the metrics, channel c1, is in each', () => {
    for (const flow of FLOWS) {
      assert.match(readFileSync(confOf(flow), 'utf8'), /^b1\.channels = c1$/m, flow.name);
    }
  });

  test('the file of lines holds as many lines as the flow that reads it expects', () => {
    const finite = FLOWS.filter((flow) => flow.events !== null);
    assert.ok(finite.length > 0);
    for (const flow of finite) {
      assert.equal(flow.events, LINES_FILE.bytes / LINES_FILE.lineBytes);
      assert.equal(flow.eventBytes, LINES_FILE.lineBytes - 1);
    }
  });

  test('every load script that is named is there', () => {
    for (const { name, load } of FLOWS) {
      if (load !== null) assert.ok(existsSync(join(BENCHMARKS, 'load', load[0]!)), name);
    }
  });
});

const LINES_MIN = 12_000;
const REQUESTS_MIN = 3;

describe('benchmarks: loads', () => {
  test('tcp-lines sends lines of the flow’s size, without end', async (t) => {
    const flow = flowOf('netcat-mem-null');
    const received = Promise.withResolvers<Buffer>();
    const server = createServer((socket) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > LINES_MIN * (flow.eventBytes + 1)) received.resolve(Buffer.concat(chunks));
      });
    });
    const { load } = await under(t, server, flow);
    const lines = (await received.promise).toString().split('\n');
    lines.pop();
    assert.ok(lines.length >= LINES_MIN);
    for (const line of lines) assert.equal(line.length, flow.eventBytes);
    assert.equal(load.exitCode, null);
  });

  test('http-json posts batches of the flow’s size, one after another', async (t) => {
    const flow = flowOf('http-mem-null');
    const bodies: string[] = [];
    const enough = Promise.withResolvers<void>();
    const server = createHttpServer((request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        assert.equal(request.headers['content-type'], 'application/json');
        bodies.push(body);
        response.end();
        // Four connections: more requests than these are later ones of theirs.
        if (bodies.length >= REQUESTS_MIN + 4) enough.resolve();
      });
    });
    await under(t, server, flow);
    await enough.promise;
    const events = JSON.parse(bodies.at(-1)!) as { headers: Record<string, string>; body: string }[];
    assert.equal(events.length, Number(flow.load![1]));
    for (const event of events) {
      assert.equal(event.body.length, flow.eventBytes);
      assert.deepEqual(event.headers, { host: 'bench' });
    }
  });

  test('a load ends with exit code 1 when nobody listens, so that a measurement notices', async (t) => {
    const flow = flowOf('netcat-mem-null');
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const load = startLoad(t, flow, port);
    const [code] = await once(load, 'exit');
    assert.equal(code, 1);
  });
});

function flowOf(name: string): Flow {
  return FLOWS.find((flow) => flow.name === name)!;
}

function startLoad(t: TestContext, flow: Flow, port: number): ChildProcess {
  const [script, ...args] = flow.load!;
  const path = join(BENCHMARKS, 'load', script!);
  const load = spawn(process.execPath, [path, ...args, String(port)], { stdio: 'ignore' });
  const exited = once(load, 'exit');
  t.after(async () => {
    load.kill('SIGKILL');
    await exited;
  });
  return load;
}

/** Starts the flow's load on a server of this test. */
async function under(t: TestContext, server: Server, flow: Flow): Promise<{ load: ChildProcess }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { load: startLoad(t, flow, (server.address() as AddressInfo).port) };
}
