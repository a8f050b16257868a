/** Connections between our two ends, plain and TLS, and what is said when one cannot stand. */
import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { MillraceError } from '../../../src/base/errors.ts';
import { parseOptions } from '../../../src/component/options/parse.ts';
import { serverTlsOptions } from '../../../src/component/tls/options.ts';
import { createListener } from '../../../src/component/tls/server.ts';
import { until } from '../../kit/until.ts';
import { contextOf, dialer, firstText, greet, HOST, listen, store } from './kit.ts';

const STORES: readonly string[] = [
  'server-ec.pem',
  'server-rsa.pem',
  'encrypted.pem',
  'rsa.jks',
  'keytool.p12',
  'keytool-legacy.p12',
  'openssl.p12',
  'openssl-legacy.p12',
];
const TRUST_STORES: readonly string[] = [
  'ca.pem',
  'trust.jks',
  'trust.p12',
  'trust-legacy.p12',
  'trust-openssl.p12',
  'trust-openssl-legacy.p12',
];

async function refusal(connecting: Promise<unknown>): Promise<MillraceError> {
  return await connecting.then(
    () => assert.fail('it connected'),
    (error: MillraceError) => error,
  );
}

/** A server that does what a test says with each connection; its port. */
async function server(t: TestContext, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const made: Server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    onConnection(socket);
  });
  t.after(() => {
    made.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => made.listen(0, HOST, resolve));
  return (made.address() as { port: number }).port;
}

describe('connections', { concurrency: 4 }, () => {
  test('without ssl they are plain, and accept may refuse them', async (t) => {
    let refuses = false;
    const { port } = await listen(t, { ssl: 'false' }, {}, () => !refuses);
    const made = await dialer(t, { ssl: 'false' });
    const socket = await made.connect(HOST, port, 5000);
    assert.ok(!('encrypted' in socket));
    socket.destroy();
    assert.equal(await greet(made, port), 'hello');
    refuses = true;
    assert.equal(await greet(made, port).catch(() => ''), '');
  });

  for (const name of STORES) {
    test(`a server with ${name} serves`, async (t) => {
      const { port } = await listen(t, store('keystore', name));
      assert.equal(await greet(await dialer(t), port), 'hello');
    });
  }

  for (const name of TRUST_STORES) {
    test(`a client with ${name} trusts it`, async (t) => {
      const { port } = await listen(t);
      assert.equal(await greet(await dialer(t, store('truststore', name)), port), 'hello');
    });
  }

  test('two kinds of key serve clients of both, also with a password of their own', async (t) => {
    const { port } = await listen(t, { ...store('keystore', 'two.jks'), 'key-password': 'keypass' });
    for (const [suite, kind] of [
      ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'CN=server-rsa'],
      ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'CN=server-ec'],
    ] as const) {
      const made = await dialer(t, { 'include-cipher-suites': suite });
      const socket = (await made.connect(HOST, port, 5000)) as TLSSocket;
      assert.equal(socket.getPeerX509Certificate()?.subject, kind);
      assert.equal(socket.getCipher().standardName, suite);
      socket.destroy();
    }
  });

  test('a server’s own certificate may stand in the trust store, as in Java', async (t) => {
    const { port } = await listen(t);
    assert.equal(await greet(await dialer(t, store('truststore', 'server-ec.pem')), port), 'hello');
  });

  test('a certificate of another authority is refused by name, unless all are trusted', async (t) => {
    const { port } = await listen(t, store('keystore', 'stranger.pem'));
    const error = await refusal((await dialer(t)).connect(HOST, port, 5000));
    assert.equal(error.code, 'SINK_FAILED');
    assert.match(
      error.message,
      /^sink k1 cannot connect to 127\.0\.0\.1:\d+: its certificate is not trusted/,
    );
    assert.match(error.detail.remedy!, /truststore/);
    const trusting = await dialer(t, { 'trust-all-certs': 'true' });
    assert.equal(await greet(trusting, port), 'hello');
    assert.match(trusting.log.texts('warn').join(), /trust-all-certs/);
  });

  test('a certificate whose time is over is told so, trusted or not', async (t) => {
    const { port } = await listen(t, store('keystore', 'expired.pem'));
    const error = await refusal(
      (await dialer(t, store('truststore', 'expired.pem'))).connect(HOST, port, 5000),
    );
    assert.match(error.message, /its certificate has expired \(CERT_HAS_EXPIRED\)/);
    assert.match(error.detail.remedy!, /renew the certificate there, and see that the clock here is right/);
  });

  test('without a trust store, the authorities of this host are asked', async (t) => {
    const { port } = await listen(t);
    const made = await dialer(t, {}, {}, { ssl: 'true' });
    assert.match((await refusal(made.connect(HOST, port, 5000))).message, /not trusted/);
  });

  test('the name in the certificate counts only with verify-hostname', async (t) => {
    const { port } = await listen(t, store('keystore', 'elsewhere.pem'));
    assert.equal(await greet(await dialer(t), port, 'localhost'), 'hello');
    const strict = await dialer(t, { 'verify-hostname': 'true' });
    const error = await refusal(strict.connect('localhost', port, 5000));
    assert.match(error.message, /its certificate is not for this host: .*elsewhere\.example/);
    const { port: rightPort } = await listen(t);
    assert.equal(await greet(strict, rightPort), 'hello');
  });

  test('nobody listens: refused, with host and port', async (t) => {
    const { port, close } = await listen(t);
    await close();
    const error = await refusal((await dialer(t)).connect(HOST, port, 5000));
    assert.match(error.message, new RegExp(`cannot connect to ${HOST}:${port}: connection refused`));
  });

  test('a peer that does not speak TLS is named so', async (t) => {
    const port = await server(t, (socket) => socket.end('220 mail.example ready\r\n'));
    const error = await refusal((await dialer(t)).connect(HOST, port, 5000));
    assert.match(error.message, /the peer does not speak TLS/);
    assert.match(error.detail.remedy!, /ssl = false here/);
  });

  test('a peer that says nothing, or goes away, in the handshake', async (t) => {
    const silent = await server(t, (socket) => socket.resume());
    const made = await dialer(t);
    const error = await refusal(made.connect(HOST, silent, 100));
    assert.match(error.message, /no answer within 100 ms in the TLS handshake/);
    const leaving = await server(t, (socket) => socket.once('data', () => socket.destroy()));
    assert.match((await refusal(made.connect(HOST, leaving, 5000))).message, /lost in the TLS handshake/);
  });

  test('close ends what is still being connected, and what is begun later', async (t) => {
    const silent = await server(t, (socket) => socket.resume());
    const made = await dialer(t);
    const connecting = refusal(made.connect(HOST, silent, 60_000));
    await until(
      'the connection stands',
      () => new Promise<boolean>((resolve) => setImmediate(resolve, true)),
    );
    made.close();
    assert.match((await connecting).message, /being stopped/);
    assert.match((await refusal(made.connect(HOST, silent, 60_000))).message, /being stopped/);
  });

  test('what lies between TCP and TLS ends with them, and when it is closed', async (t) => {
    const beneath: Duplex[] = [];
    const through = (tcp: Socket) => {
      const [here, there] = duplexPair();
      tcp.pipe(there).pipe(tcp);
      beneath.push(here);
      return here;
    };
    const { port, sockets } = await listen(t);
    const made = await dialer(t);
    const socket = await made.connect(HOST, port, 5000, through);
    assert.equal(await firstText(socket), 'hello');
    socket.destroy();
    await until('the layer beneath is gone', () => beneath[0]!.destroyed);
    const silent = await server(t, (one) => sockets.push(one.resume()));
    const connecting = refusal(made.connect(HOST, silent, 60_000, through));
    await until('the connection stands', () => sockets.length === 2);
    made.close();
    assert.match((await connecting).message, /being stopped/);
    await until('the connection has gone', () => sockets[1]!.closed && beneath[1]!.destroyed);
  });

  test('a port in use is told as by every source', async (t) => {
    const { port } = await listen(t);
    const { values } = parseOptions(serverTlsOptions, {}, { component: 'x' });
    const listener = await createListener(contextOf('r1'), values, { onConnection() {} });
    const error = await refusal(listener.listen(HOST, port));
    assert.equal(error.code, 'SOURCE_FAILED');
    assert.match(error.message, /source r1 cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/);
  });
});

describe('versions and cipher suites', { concurrency: 4 }, () => {
  const protocolOf = async (t: TestContext, port: number, properties: Readonly<Record<string, string>>) => {
    const socket = (await (await dialer(t, properties)).connect(HOST, port, 5000)) as TLSSocket;
    const protocol = socket.getProtocol();
    socket.destroy();
    return protocol;
  };

  test('both sides agree on the newest, and on what is left by include and exclude', async (t) => {
    const { port } = await listen(t);
    assert.equal(await protocolOf(t, port, {}), 'TLSv1.3');
    assert.equal(await protocolOf(t, port, { 'exclude-protocols': 'TLSv1.3' }), 'TLSv1.2');
    assert.equal(await protocolOf(t, port, { 'include-protocols': 'TLSv1.2' }), 'TLSv1.2');
    const old = await dialer(t, { 'include-protocols': 'TLSv1.1' });
    const error = await refusal(old.connect(HOST, port, 5000));
    assert.match(error.message, /no version of TLS suits both sides/);
  });

  test('old versions come by name, also with a gap on the server, and with a warning', async (t) => {
    const { port, log } = await listen(t, { 'include-protocols': 'TLSv1.1 TLSv1.3' });
    assert.match(log.texts('warn').join(), /TLSv1\.1 can be broken/);
    assert.equal(await protocolOf(t, port, { 'include-protocols': 'TLSv1.1' }), 'TLSv1.1');
    assert.equal(await protocolOf(t, port, {}), 'TLSv1.3');
    const only = await dialer(t, { 'include-protocols': 'TLSv1.2' });
    await refusal(only.connect(HOST, port, 5000));
    await until('the server told why', () => /no version that is enabled/.test(log.texts('warn').join()));
  });

  test('a client keeps the newer part of a gap, and says so', async (t) => {
    const { port } = await listen(t);
    const made = await dialer(t, { 'include-protocols': 'TLSv1.1 TLSv1.3' });
    assert.match(made.log.texts('warn').join(), /only TLSv1\.3 is used/);
    assert.equal(await greet(made, port), 'hello');
  });

  test('a suite that only one side has', async (t) => {
    const { port, log } = await listen(t, {
      'include-cipher-suites': 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    });
    const made = await dialer(t, { 'exclude-cipher-suites': '.*_AES_256_GCM_SHA384' });
    assert.match((await refusal(made.connect(HOST, port, 5000))).message, /it refused the handshake/);
    await until('the server told why', () => /no cipher suite suits/.test(log.texts('warn').join()));
    const socket = (await (await dialer(t)).connect(HOST, port, 5000)) as TLSSocket;
    assert.equal(socket.getCipher().standardName, 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384');
    socket.destroy();
  });
});

describe('client certificates', { concurrency: 4 }, () => {
  const asking = (auth: string) => ({ 'client-auth': auth, ...store('truststore', 'trust.jks') });
  const certificate = store('keystore', 'client.p12');
  const stranger = store('keystore', 'stranger.pem');
  /** A refusal of TLS 1.3 comes after the client's side of the handshake. */
  const isServed = async (t: TestContext, port: number, properties: Readonly<Record<string, string>>) =>
    (await greet(await dialer(t, properties), port).catch(() => '')) === 'hello';

  test('need: only clients whose certificate is trusted', async (t) => {
    const { port, log, clock } = await listen(t, asking('need'));
    assert.equal(await isServed(t, port, certificate), true);
    assert.equal(await isServed(t, port, {}), false);
    await until('it is told', () => /sent no certificate/.test(log.texts('warn').join()));
    clock.nowMs += 60_000;
    assert.equal(await isServed(t, port, stranger), false);
    await until('it is told', () => /certificate is not trusted/.test(log.texts('warn').join()));
  });

  test('want: also clients without one, but not with one that is not trusted', async (t) => {
    const { port, log } = await listen(t, asking('want'));
    assert.equal(await isServed(t, port, certificate), true);
    assert.equal(await isServed(t, port, {}), true);
    assert.equal(await isServed(t, port, stranger), false);
    await until('it is told', () => /certificate is not trusted/.test(log.texts('warn').join()));
  });

  test('none: nobody is asked', async (t) => {
    const { port, sockets } = await listen(t);
    assert.equal(await isServed(t, port, certificate), true);
    assert.equal((sockets[0] as TLSSocket).getPeerX509Certificate(), undefined);
  });
});
