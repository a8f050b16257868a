/** swebhdfs: whom the sink trusts, and certificates that are wrong or change while it runs. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../../../src/base/log.ts';
import type { FileSystem, FileSystemError } from '../../../../src/sinks/hdfs/file-system/door.ts';
import { openWebHdfs } from '../../../../src/sinks/hdfs/file-system/webhdfs.ts';
import { tlsOf } from '../../../../src/sinks/hdfs/file-system/webhdfs-tls.ts';
import { temporaryDirectory } from '../../../kit/temporary.ts';
import { webHdfsSettings } from './settings.ts';

const FIXTURES = join(import.meta.dirname, '../../../fixtures/tls');
const fixture = (name: string) => readFileSync(join(FIXTURES, name));

/** NameNode and DataNode in one, with a certificate that may be replaced. */
async function clusterOf(t: TestContext, certificate: string): Promise<{ server: Server; root: string }> {
  const server = createServer(
    { key: fixture(certificate), cert: fixture(certificate) },
    (request, answer) => {
      request.resume();
      request.once('end', () => {
        const url = new URL(request.url!, 'https://any');
        if (request.method === 'GET') return answer.writeHead(404).end();
        if (url.searchParams.has('data')) return answer.writeHead(201).end();
        answer.writeHead(307, { location: `${request.url}&data=true` }).end();
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, root: `swebhdfs://localhost:${(server.address() as { port: number }).port}` };
}

function replaceCertificate(server: Server, name: string): void {
  server.setSecureContext({ key: fixture(name), cert: fixture(name) });
  server.closeAllConnections();
}

function configurationOf(properties: Readonly<Record<string, string>>): string {
  const directory = temporaryDirectory();
  const entries = Object.entries(properties).map(
    ([name, value]) => `<property><name>ssl.client.${name}</name><value>${value}</value></property>`,
  );
  writeFileSync(join(directory, 'ssl-client.xml'), `<configuration>${entries.join('')}</configuration>`);
  return directory;
}

function open(t: TestContext, root: string, hadoopConfDir: string): FileSystem {
  const fileSystem = openWebHdfs(webHdfsSettings({ root, hadoopConfDir, callTimeoutMs: 1000 }));
  t.after(() => fileSystem.close());
  return fileSystem;
}

async function write(fileSystem: FileSystem): Promise<void> {
  const file = await fileSystem.create('/a');
  await file.write([Buffer.from('secret')]);
  await file.close();
}

async function failureOf(fileSystem: FileSystem): Promise<FileSystemError> {
  const error = await write(fileSystem).then(
    () => null,
    (reason: FileSystemError) => reason,
  );
  assert.ok(error !== null, 'it succeeded');
  return error;
}

const STORES = [
  { 'truststore.location': join(FIXTURES, 'trust.jks'), 'truststore.password': 'changeit' },
  {
    'truststore.location': join(FIXTURES, 'trust.p12'),
    'truststore.password': 'changeit',
    'truststore.type': 'pkcs12',
  },
  { 'truststore.location': join(FIXTURES, 'ca.pem'), 'truststore.type': 'PEM' },
];

for (const store of STORES) {
  test(`the trust store of ssl-client.xml: ${store['truststore.location'].slice(-4)}`, async (t) => {
    const { root } = await clusterOf(t, 'server-rsa.pem');
    await write(open(t, root, configurationOf(store)));
  });
}

const trusting = () => configurationOf(STORES[2]!);

test('a certificate of an authority that nobody named: unavailable, with the remedy', async (t) => {
  const { root } = await clusterOf(t, 'server-rsa.pem');
  const error = await failureOf(open(t, root, temporaryDirectory()));
  assert.equal(error.kind, 'unavailable');
  assert.match(error.message, /^CREATE \/a at localhost:\d+: ConnectFailure: .*certificate/);
  assert.match(error.remedy!, /trust store of ssl-client\.xml/);
});

test('a certificate for another host', async (t) => {
  const { root } = await clusterOf(t, 'elsewhere.pem');
  const error = await failureOf(open(t, root, trusting()));
  assert.match(error.message, /elsewhere\.example/);
  assert.match(error.remedy!, /name the server as its certificate does/);
});

test('certificates change while the sink runs: a renewed one is taken, a stranger’s is not', async (t) => {
  const { server, root } = await clusterOf(t, 'server-rsa.pem');
  const fileSystem = open(t, root, trusting());
  await write(fileSystem);
  replaceCertificate(server, 'renewed.pem');
  await write(fileSystem);
  replaceCertificate(server, 'stranger.pem');
  const error = await failureOf(fileSystem);
  assert.equal(error.kind, 'unavailable');
  assert.match(error.remedy!, /trust store/);
  replaceCertificate(server, 'renewed.pem');
  await write(fileSystem);
});

test('a server without TLS', async (t) => {
  const { createServer: createPlain } = await import('node:http');
  const server = createPlain((_, answer) => answer.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const root = `swebhdfs://127.0.0.1:${(server.address() as { port: number }).port}`;
  const error = await failureOf(open(t, root, trusting()));
  assert.match(error.remedy!, /it does not speak TLS there/);
});

test('a trust store that cannot be used says so, and is tried again', async (t) => {
  const { root } = await clusterOf(t, 'server-rsa.pem');
  const file = join(temporaryDirectory(), 'trust.pem');
  const fileSystem = open(
    t,
    root,
    configurationOf({ 'truststore.location': file, 'truststore.type': 'PEM' }),
  );
  const error = await failureOf(fileSystem);
  assert.match(error.message, /sink k1 configured with invalid truststore: .*trust\.pem .*cannot be read/);
  assert.match(error.remedy!, /give the path of a file/);
  writeFileSync(file, fixture('ca.pem'));
  await write(fileSystem);
});

test('a trust store that changes is read again', async () => {
  const file = join(temporaryDirectory(), 'trust.pem');
  writeFileSync(file, fixture('other-ca.pem'));
  const hadoopConfDir = configurationOf({ 'truststore.location': file, 'truststore.type': 'PEM' });
  const tls = tlsOf({ component: 'sink k1', log: silentLogger, hadoopConfDir }, 0);
  const first = (await tls()).secureContext;
  assert.equal((await tls()).secureContext, first);
  writeFileSync(file, fixture('ca.pem'));
  assert.notEqual((await tls()).secureContext, first);
});

test('a type of store that is not known is refused, with the file that names it', async () => {
  const hadoopConfDir = configurationOf({
    'truststore.location': join(FIXTURES, 'ca.pem'),
    'truststore.type': 'bcfks',
  });
  const tls = tlsOf({ component: 'sink k1', log: silentLogger, hadoopConfDir });
  await assert.rejects(tls(), /ssl\.client\.truststore\.type = bcfks in .*ssl-client\.xml is not known/);
});
