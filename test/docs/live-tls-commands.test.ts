/** The commands of tls.md make stores with which its configurations work; needs openssl and keytool. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { RpcClient, RpcError } from '../../src/client.ts';
import { Collected, type Flow, runFlow } from '../kit/flow.ts';
import { blocksOf, clientProperties, codeIn, completed, isAgents, pageOf } from './kit.ts';

const execute = promisify(execFile);
const EVENTS = 50;
const page = pageOf('tls');
const configurations = blocksOf(page, 'properties');
const [receiver, sender, asking, showing] = configurations.filter(isAgents) as [
  string,
  string,
  string,
  string,
];
const client = clientProperties(configurations.find((block) => !isAgents(block))!);
const SEQUENCE = `sources.r1.type = seq\nsources.r1.totalEvents = ${EVENTS}\nsources.r1.batchSize = 10`;

describe('the commands of tls.md', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-tls-'));
  const shell = (script: string) =>
    execFileSync('sh', ['-euc', script], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const here = (text: string) => text.replaceAll('/etc/millrace/tls', folder);

  before(() => {
    const scripts = blocksOf(page, 'sh');
    for (const script of scripts) shell(script);
    // "Make sender.pem like collector.pem above": the second half of the first block, without the authority.
    const again = scripts[0]!.slice(scripts[0]!.indexOf('# A key and certificate'));
    shell(again.replaceAll(/collector(?!\.example)/g, 'sender'));
  });

  after(() => rmSync(folder, { recursive: true }));

  async function listen(
    t: TestContext,
    block: string,
  ): Promise<{ flow: Flow; collected: Collected; port: number }> {
    const collected = new Collected(t);
    const sink = collected.sink('k1', 'c1');
    const conf = completed(block, { source: '', sink }).replace('port = 4141', 'port = 0');
    const flow = await runFlow(t, here(conf));
    return { flow, collected, port: await flow.port('r1') };
  }

  const send = (t: TestContext, block: string, port: number) =>
    runFlow(t, here(completed(block, { source: SEQUENCE, sink: '' }).replace('4141', String(port))));

  test('a hop', async (t) => {
    const { collected, port } = await listen(t, receiver);
    await send(t, sender, port);
    await collected.untilCount(EVENTS);
  });

  test('a hop with a client certificate; without one the sender is refused, and why is told', async (t) => {
    const { flow, collected, port } = await listen(t, asking);
    await send(t, sender, port);
    await flow.untilLogged(/the peer sent no certificate, and client-auth is need/);
    assert.equal(collected.events.length, 0);
    await send(t, showing, port);
    await collected.untilCount(EVENTS);
  });

  test('a client', async (t) => {
    const { collected, port } = await listen(t, receiver);
    const properties = Object.fromEntries(
      Object.entries(client).map(([key, value]) => [key, here(value).replace('4141', String(port))]),
    );
    const trusting = await RpcClient.open(properties);
    t.after(() => trusting.close());
    await trusting.append({ body: 'one' });
    await collected.untilCount(1);
    const wary = { ...properties, truststore: join(folder, 'own-trust.jks') };
    await assert.rejects(
      RpcClient.open(wary),
      (error) => error instanceof RpcError && /its certificate is not trusted/.test(error.message),
    );
  });

  for (const [what, own] of [
    ['the PKCS #12 store', { keystore: 'collector.p12', type: 'PKCS12', truststore: 'trust.p12' }],
    ['keytool’s own', { keystore: 'own.jks', type: 'JKS', truststore: 'own-trust.jks' }],
  ] as const) {
    test(`${what} does as well`, async (t) => {
      const password = 'changeit';
      const { collected, port } = await listen(
        t,
        receiver
          .replace('collector.pem', own.keystore)
          .replace(
            'keystore-type = PEM',
            `keystore-type = ${own.type}\na2.sources.r1.keystore-password = ${password}`,
          ),
      );
      await send(
        t,
        sender
          .replace('ca.pem', own.truststore)
          .replace(
            'truststore-type = PEM',
            `truststore-type = ${own.type}\na1.sinks.k1.truststore-password = ${password}`,
          ),
        port,
      );
      await collected.untilCount(EVENTS);
    });
  }

  test('openssl s_client trusts the source', async (t) => {
    const { port } = await listen(t, receiver);
    const [command] = codeIn(page).filter((code) => code.startsWith('openssl s_client'));
    const { stdout } = await execute('sh', ['-c', command!.replace('4141', String(port))], { cwd: folder });
    assert.match(stdout, /Verify return code: 0 \(ok\)/);
  });
});
