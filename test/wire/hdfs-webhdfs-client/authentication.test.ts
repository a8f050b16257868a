/** Who the client says it is, to whom, and how it goes on when that expires. */
import assert from 'node:assert/strict';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { kerberosTickets } from '../../../src/wire/hdfs-webhdfs-client/authentication/ticket-kerberos.ts';
import {
  type ClientSettings,
  type Credentials,
  WebHdfsClient,
} from '../../../src/wire/hdfs-webhdfs-client/index.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { failureOf, put } from './files.ts';
import { clientOf, json, remote, type Script, ScriptedServer } from './servers.ts';

const TLS = join(import.meta.dirname, '../../fixtures/tls');
const home = { Path: '/user/x' };

async function asked(
  t: TestContext,
  settings: Partial<ClientSettings>,
  script?: Script,
): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(t, script ?? ((_, answer) => json(answer, home)));
  await clientOf(t, server.url, settings).getHomeDirectory();
  return server;
}

/** A server of the kind that wants SPNEGO: a token once, its cookie afterwards. */
async function negotiating(t: TestContext): Promise<ScriptedServer & { expire(): void }> {
  let cookie = 1;
  const seen = new Set<string>();
  const server = await ScriptedServer.start(t, ({ headers }, answer) => {
    const { authorization = '' } = headers;
    if (headers.cookie === `hadoop.auth="u=alice&e=9999999999999&s=${cookie}"`) return json(answer, home);
    if (authorization.startsWith('Negotiate ') && !seen.has(authorization)) {
      seen.add(authorization);
      answer.setHeader('set-cookie', `hadoop.auth="u=alice&e=9999999999999&s=${cookie}"; Path=/; HttpOnly`);
      return json(answer, home);
    }
    answer.setHeader('www-authenticate', 'Negotiate');
    answer.setHeader('set-cookie', 'hadoop.auth=; Path=/; HttpOnly');
    answer.writeHead(401).end('<html><title>Error 401 Authentication required</title></html>');
  });
  return Object.assign(server, { expire: () => (cookie += 1) });
}

/** A command that prints another token each time. */
const tokens = (text = 'Negotiate '): Credentials => ({
  kind: 'command',
  command: [
    process.execPath,
    '-e',
    `process.stdout.write(${JSON.stringify(text)} + Buffer.from('token for {host} ' + process.pid).toString('base64'))`,
  ],
});

describe('simple', () => {
  test('the user of the option, of HADOOP_USER_NAME, or of the process', async (t) => {
    const given = await asked(t, { credentials: { kind: 'simple', user: 'a&b' }, proxyUser: 'bob' });
    assert.equal(given.asked[0]!.query.get('user.name'), 'a&b');
    assert.equal(given.asked[0]!.query.get('doas'), 'bob');
    const server = await ScriptedServer.start(t, (_, answer) => json(answer, home));
    for (const environment of [{ HADOOP_USER_NAME: 'hadoop' }, {}]) {
      const client = new WebHdfsClient({ uri: server.url, environment });
      t.after(() => client.close());
      await client.getHomeDirectory();
    }
    assert.equal(server.asked[0]!.query.get('user.name'), 'hadoop');
    assert.ok(server.asked[1]!.query.get('user.name')!.length > 0);
  });
});

describe('delegation tokens', () => {
  test('of an option, without a user', async (t) => {
    const server = await asked(t, { credentials: { kind: 'token', token: 'KAAB_w\n' } });
    const { query } = server.asked[0]!;
    assert.deepEqual([query.get('delegation'), query.get('user.name')], ['KAAB_w', null]);
  });

  test('of a file that is replaced, when the old one is refused', async (t) => {
    const file = join(temporaryDirectory(), 'token');
    writeFileSync(file, 'b2xk\n');
    const server = await ScriptedServer.start(t, ({ query }, answer) => {
      if (query.get('delegation') === 'bmV3') return json(answer, home);
      writeFileSync(file, 'bmV3');
      utimesSync(file, 1, 1);
      remote(answer, 403, 'org.apache.hadoop.security.token.SecretManager$InvalidToken', 'token is expired');
    });
    const client = clientOf(t, server.url, { credentials: { kind: 'token-file', file } });
    await client.getHomeDirectory();
    await client.getHomeDirectory();
    assert.deepEqual(
      server.asked.map(({ query }) => query.get('delegation')),
      ['b2xk', 'bmV3', 'bmV3'],
    );
  });

  test('a refused token whose file stays is an error; so is a file without one', async (t) => {
    const file = join(temporaryDirectory(), 'token');
    const server = await ScriptedServer.start(t, (_, answer) =>
      remote(
        answer,
        403,
        'java.lang.SecurityException',
        'Failed to obtain user group information: org.apache.hadoop.security.token.SecretManager$InvalidToken: expired',
      ),
    );
    const client = clientOf(t, server.url, { credentials: { kind: 'token-file', file } });
    const missing = await failureOf(client.getHomeDirectory());
    assert.deepEqual(
      [missing.exception, missing.outcome, missing.isAuthentication],
      ['CredentialsFailure', 'refused', true],
    );
    writeFileSync(file, 'no token at all');
    assert.match((await failureOf(client.getHomeDirectory())).reason, /neither a token/);
    writeFileSync(file, 'b2xk');
    const refused = await failureOf(client.getHomeDirectory());
    assert.ok(refused.isAuthentication && !refused.isRetriable);
    assert.equal(refused.exception, 'InvalidToken');
    assert.equal(server.asked.length, 1);
  });

  test('with a proxy user: refused at once', () => {
    const credentials = { kind: 'token', token: 'x' } as const;
    assert.throws(
      () => new WebHdfsClient({ uri: 'http://h', credentials, proxyUser: 'bob' }),
      /has no effect/,
    );
  });
});

describe('SPNEGO', () => {
  test('a token once, the cookie afterwards; a new token when the cookie is refused', async (t) => {
    const server = await negotiating(t);
    const client = clientOf(t, server.url, { credentials: tokens(), proxyUser: 'bob' });
    await client.getHomeDirectory();
    await client.getHomeDirectory();
    server.expire();
    await client.getHomeDirectory();
    const shown = server.asked.map(({ headers }) => (headers.cookie === undefined ? 'token' : 'cookie'));
    assert.deepEqual(shown, ['token', 'cookie', 'cookie', 'token']);
    assert.equal(server.asked[0]!.query.get('doas'), 'bob');
  });

  test('a command that brings the cookie itself, as curl does, is run once for all who wait', async (t) => {
    const server = await negotiating(t);
    const file = join(temporaryDirectory(), 'runs');
    const headers = [
      'HTTP/1.1 401 Authentication required',
      'Set-Cookie: hadoop.auth=; Path=/; HttpOnly',
      'HTTP/1.1 200 OK',
      'Set-Cookie: hadoop.auth="u=alice&e=9999999999999&s=1"; Path=/; HttpOnly',
    ];
    const code = `fs.appendFileSync(${JSON.stringify(file)}, '{url} '); console.log(${JSON.stringify(headers.join('\r\n'))})`;
    const client = clientOf(t, server.url, {
      credentials: { kind: 'command', command: [process.execPath, '-e', code] },
    });
    await Promise.all([client.getHomeDirectory(), client.getHomeDirectory(), client.getHomeDirectory()]);
    assert.equal(readFileSync(file, 'utf8'), `${server.url}/webhdfs/v1/?op=GETHOMEDIRECTORY `);
    assert.equal(server.asked.length, 3);
  });

  for (const [name, command, reason] of [
    ['fails', [process.execPath, '-e', 'console.error("no ticket"); process.exit(1)'], /failed: no ticket/],
    ['prints something else', [process.execPath, '-e', 'console.log("hello")'], /printed neither/],
    ['is not there', ['/no/such/program'], /ENOENT/],
  ] as const) {
    test(`a command that ${name}`, async (t) => {
      const server = await negotiating(t);
      const client = clientOf(t, server.url, { credentials: { kind: 'command', command } });
      const failure = await failureOf(client.getHomeDirectory());
      assert.deepEqual([failure.exception, failure.outcome], ['CredentialsFailure', 'refused']);
      assert.match(failure.reason, reason);
    });
  }

  test('without credentials of that kind the error names the ways', async (t) => {
    const failure = await failureOf(clientOf(t, (await negotiating(t)).url).getHomeDirectory());
    assert.ok(failure.isAuthentication && failure.status === 401);
    assert.match(failure.reason, /Kerberos \(SPNEGO\): give it a delegation token/);
  });

  test('the npm package: asked for a token of the server; without it the error names the other ways', async (t) => {
    const asked: unknown[] = [];
    const module = {
      GSS_MECH_OID_SPNEGO: 6,
      initializeClient: async (service: string, options: object) => {
        asked.push(service, options);
        return { step: async () => 'VE9LRU4=' };
      },
    };
    const tickets = kerberosTickets({ kind: 'kerberos', principal: 'alice' }, async () => module);
    assert.deepEqual(await tickets({ host: 'nn', port: 1, secure: false }), { token: 'VE9LRU4=' });
    assert.deepEqual(asked, ['HTTP@nn', { mechOID: 6, principal: 'alice' }]);
    const server = await negotiating(t);
    const failure = await failureOf(
      clientOf(t, server.url, {
        credentials: { kind: 'kerberos', service: 'millrace-test' },
      }).getHomeDirectory(),
    );
    assert.equal(failure.exception, 'CredentialsFailure');
    assert.match(
      failure.reason,
      /npm install kerberos.*delegation token.*ticket command|no Kerberos ticket for millrace-test/,
    );
  });

  test('credentials do not go to another server', async (t) => {
    const data = await ScriptedServer.start(t, (_, answer) => answer.writeHead(201).end());
    const name = await negotiating(t);
    const { script } = name;
    name.script = (asked, answer, request) => {
      if (asked.query.get('op') !== 'CREATE') return script(asked, answer, request);
      const target = asked.query.has('data') ? name : data;
      answer.writeHead(307, { location: `${target.url}/a?delegation=x` }).end();
    };
    const client = clientOf(t, name.url, { credentials: tokens('') });
    await client.getHomeDirectory();
    await put(client, '/a', 'hello');
    const { headers } = data.asked[0]!;
    assert.deepEqual([headers.cookie, headers.authorization], [undefined, undefined]);
  });
});

describe('TLS', () => {
  async function secure(t: TestContext, location?: string): Promise<string> {
    const read = (file: string) => readFileSync(join(TLS, file));
    const server = createServer(
      { key: read('server-rsa.pem'), cert: read('server-rsa.pem') },
      (_, answer) => {
        if (location === undefined) return json(answer, home);
        answer.writeHead(307, { location }).end();
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return `swebhdfs://localhost:${(server.address() as { port: number }).port}`;
  }

  test('with the authority that signed the certificate', async (t) => {
    const tls = { ca: readFileSync(join(TLS, 'ca.pem')) };
    assert.equal(await clientOf(t, await secure(t), { tls }).getHomeDirectory(), '/user/x');
  });

  test('a certificate of nobody we know: nothing was asked', async (t) => {
    const failure = await failureOf(clientOf(t, await secure(t)).getHomeDirectory());
    assert.ok(failure.isConnectFailure && failure.outcome === 'refused', failure.message);
    assert.match(failure.code ?? '', /CERT|VERIFY|SIGNED/);
  });

  test('a redirect to a server without it is refused', async (t) => {
    const tls = { ca: readFileSync(join(TLS, 'ca.pem')) };
    const client = clientOf(t, await secure(t, 'http://localhost:1/a'), { tls });
    assert.match((await failureOf(put(client, '/a', 'secret'))).reason, /unencrypted/);
  });
});
