/** Http over TLS: the options of all spellings, client certificates, globals, errors. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, renameSync } from 'node:fs';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { runFlow } from '../../kit/flow.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';
import { RawClient } from '../raw-client.ts';
import { jsonEvents, runHttp } from './http.ts';

function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));
}

const CA = readFileSync(fixture('ca.pem'));
const CLIENT = readFileSync(fixture('client.pem'));
const TLS = { ssl: true, keystore: fixture('keytool.p12'), 'keystore-password': 'changeit' };

interface Seen {
  readonly status: number;
  readonly protocol: string | null;
  readonly subject: string | undefined;
}

/** One request over a connection of its own. */
function post(port: number, body: string, options: RequestOptions = {}): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const headers = { connection: 'close', 'content-length': Buffer.byteLength(body) };
    const all = { host: '127.0.0.1', port, method: 'POST', ca: CA, agent: false, headers, ...options };
    const out = httpsRequest(all, (response) => {
      const socket = response.socket as TLSSocket;
      const seen = { protocol: socket.getProtocol(), subject: socket.getPeerX509Certificate()?.subject };
      response.resume().once('end', () => resolve({ status: response.statusCode!, ...seen }));
    });
    out.once('error', reject).end(body);
  });
}

describe('http over TLS', { concurrency: 4 }, () => {
  test('requests of one connection and of several are served, large ones, too', async (t) => {
    const { port, collected } = await runHttp(t, TLS);
    const many = jsonEvents(20_000);
    const answers = await Promise.all([
      post(port, many),
      ...Array.from({ length: 10 }, () => post(port, jsonEvents(1))),
    ]);
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.equal(answers[0]!.protocol, 'TLSv1.3');
    await collected.untilCount(20_010);
  });

  test('the spellings of Flume 1.5', async (t) => {
    const { port } = await runHttp(t, {
      enableSSL: true,
      keystore: fixture('rsa.jks'),
      keystorePassword: 'changeit',
      excludeProtocols: 'TLSv1.3',
    });
    const { status, protocol, subject } = await post(port, jsonEvents(1));
    assert.deepEqual([status, protocol, subject], [200, 'TLSv1.2', 'CN=server-rsa']);
  });

  test('SslContextFactory: protocols, suites and client certificates stand above', async (t) => {
    const { port, flow } = await runHttp(t, {
      ...TLS,
      'exclude-protocols': 'TLSv1.2',
      'SslContextFactory.excludeProtocols': 'TLSv1.3 TLSv1.1',
      'SslContextFactory.includeCipherSuites': 'TLS_ECDHE_ECDSA_.*',
      'SslContextFactory.needClientAuth': true,
      'SslContextFactory.wantClientAuth': true,
      'SslContextFactory.keyStorePath': '/nowhere',
      truststore: fixture('trust.jks'),
      'truststore-password': 'changeit',
    });
    const client = { key: CLIENT, cert: CLIENT };
    const { status, protocol, subject } = await post(port, jsonEvents(1), client);
    assert.deepEqual([status, protocol, subject], [200, 'TLSv1.2', 'CN=server-ec']);
    await assert.rejects(post(port, jsonEvents(1)));
    await flow.untilLogged('SslContextFactory.keyStorePath has no effect');
  });

  test('-Djavax.net.ssl.keyStore reaches the source; its own options stand above', async (t) => {
    const globals = {
      'javax.net.ssl.keyStore': fixture('rsa.jks'),
      'javax.net.ssl.keyStorePassword': 'changeit',
      'flume.ssl.include.protocols': 'TLSv1.2,TLSv1.3',
      'flume.ssl.exclude.protocols': 'TLSv1.3',
    };
    const { port } = await runHttp(t, { ssl: true }, undefined, globals);
    const { subject, protocol } = await post(port, jsonEvents(1));
    assert.deepEqual([subject, protocol], ['CN=server-rsa', 'TLSv1.2']);
    const own = await runHttp(
      t,
      { ssl: true, keystore: fixture('openssl-ec.p12'), 'exclude-protocols': 'SSLv3' },
      undefined,
      globals,
    );
    const second = await post(own.port, jsonEvents(1));
    assert.deepEqual([second.subject, second.protocol], ['CN=server-ec', 'TLSv1.3']);
  });

  test('a key store that is missing or wrong is told, and tried again', async (t) => {
    const run = (lines: string) =>
      runFlow(
        t,
        `sources = r1
         channels = c1
         sources.r1.type = http
         sources.r1.port = 0
         sources.r1.bind = 127.0.0.1
         sources.r1.ssl = true
         ${lines}
         sources.r1.channels = c1
         channels.c1.type = memory`,
      );
    await (await run('')).untilLogged('source r1: keystore must be specified when SSL is enabled');
    const noPassword = await run(`sources.r1.keystore = ${fixture('rsa.jks')}`);
    await noPassword.untilLogged('source r1: keystore-password must be specified when SSL is enabled');
    const path = join(temporaryDirectory(), 'late.p12');
    const late = await run(`sources.r1.keystore = ${path}\nsources.r1.keystore-password = changeit`);
    await late.untilLogged(`source r1 configured with invalid keystore: ${path}`);
    copyFileSync(fixture('keytool.p12'), path);
    assert.equal((await post(await late.port('r1'), jsonEvents(1))).status, 200);
  });

  test('plain requests get no answer, and others are served', async (t) => {
    const { port, flow } = await runHttp(t, TLS);
    const client = new RawClient(port);
    client.send('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n');
    await client.untilEnded();
    await flow.untilLogged(/TLS handshake with 127\.0\.0\.1 failed: the peer does not speak TLS/);
    assert.equal((await post(port, jsonEvents(1))).status, 200);
  });

  test('a request that is too slow ends in time, as without TLS', async (t) => {
    const { port } = await runHttp(t, { ...TLS, requestTimeout: 1000 });
    const out = httpsRequest({ host: '127.0.0.1', port, method: 'POST', ca: CA, agent: false });
    const answered = new Promise<number>((resolve, reject) => {
      out.once('response', (response) => resolve(response.resume().statusCode!)).once('error', reject);
    });
    out.setHeader('content-length', 100);
    out.write('[');
    assert.equal(await answered, 408);
  });

  test('a renewed key store is used without a restart', async (t) => {
    const path = join(temporaryDirectory(), 'server.pem');
    copyFileSync(fixture('server-ec.pem'), path);
    const { port } = await runHttp(t, { ssl: true, keystore: path, 'keystore-type': 'PEM' });
    assert.equal((await post(port, jsonEvents(1))).subject, 'CN=server-ec');
    copyFileSync(fixture('renewed.pem'), `${path}.new`);
    renameSync(`${path}.new`, path);
    await until('it is used', async () => (await post(port, jsonEvents(1))).subject === 'CN=renewed');
  });

  test('stopping ends connections that clients keep open', async (t) => {
    const { port, flow } = await runHttp(t, TLS);
    const idle = httpsRequest({
      host: '127.0.0.1',
      port,
      method: 'POST',
      ca: CA,
      agent: false,
      headers: { connection: 'keep-alive' },
    });
    const answered = new Promise<void>((resolve) =>
      idle.once('response', (response) => response.resume().once('end', resolve)),
    );
    idle.end(jsonEvents(1));
    await answered;
    const closed = new Promise((resolve) => idle.socket!.once('close', resolve));
    assert.equal(await flow.stop(), true);
    await closed;
  });
});
