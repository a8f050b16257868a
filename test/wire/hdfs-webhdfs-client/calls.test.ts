/** What calls repeat and what not, whom they ask, and how long they wait. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HdfsError } from '../../../src/wire/hdfs-webhdfs-client/index.ts';
import { until } from '../../kit/until.ts';
import { failureOf } from './files.ts';
import { clientOf, deadPort, json, remote, ScriptedServer, standby } from './servers.ts';

const status = {
  FileStatus: {
    pathSuffix: '',
    type: 'FILE',
    length: 1,
    modificationTime: 0,
    accessTime: 0,
    blockSize: 1,
    replication: 1,
    owner: 'o',
    group: 'g',
    permission: '644',
  },
};

describe('fail-over', () => {
  test('from a standby to the active one, which is remembered', async (t) => {
    const first = await ScriptedServer.start(t, (_, answer) => standby(answer));
    const second = await ScriptedServer.start(t, (_, answer) => json(answer, status));
    const client = clientOf(t, '/', { nameNodes: [first.url, second.url] });
    await client.getFileStatus('/a');
    await client.getFileStatus('/a');
    assert.deepEqual([first.asked.length, second.asked.length], [1, 2]);
    assert.deepEqual([client.counters.failovers, client.counters.retries], [1, 0]);
    assert.equal(client.nameNode, `127.0.0.1:${second.port}`);
  });

  test('from one that is not there, for a call that may be done once only', async (t) => {
    const second = await ScriptedServer.start(t, (_, answer) => json(answer, { boolean: true }));
    const client = clientOf(t, '/', { nameNodes: [`127.0.0.1:${await deadPort()}`, second.url] });
    await client.rename('/a', '/b');
    assert.deepEqual(second.operations, ['RENAME']);
  });

  test('all in vain: the pauses are counted, and the error says what each said', async (t) => {
    const first = await ScriptedServer.start(t, (_, answer) => standby(answer));
    const dead = `127.0.0.1:${await deadPort()}`;
    const client = clientOf(t, '/', { nameNodes: [dead, first.url] });
    const failure = await failureOf(client.mkdirs('/a'));
    assert.ok(failure.isStandby && failure.isRetriable && failure.outcome === 'refused');
    assert.ok(failure.message.includes(dead) && failure.message.includes('ECONNREFUSED'), failure.message);
    assert.ok(failure.message.includes('StandbyException'), failure.message);
    assert.equal(first.asked.length, 3);
    assert.equal(client.counters.retries, 2);
  });

  test('one that starts asks for patience: it is asked again, not another one', async (t) => {
    const first = await ScriptedServer.start(t, (_, answer) => {
      if (first.asked.length < 3)
        remote(answer, 403, 'org.apache.hadoop.ipc.RetriableException', 'NameNode still not started');
      else json(answer, status);
    });
    const second = await ScriptedServer.start(t, (_, answer) => standby(answer));
    await clientOf(t, '/', { nameNodes: [first.url, second.url] }).getFileStatus('/a');
    assert.deepEqual([first.asked.length, second.asked.length], [3, 0]);
  });
});

describe('repeating', () => {
  test('a lost answer: what is safe is asked again', async (t) => {
    const server = await ScriptedServer.start(t, (_, answer, request) => {
      if (server.asked.length === 1) request.socket.destroy();
      else json(answer, { boolean: true });
    });
    await clientOf(t, server.url).mkdirs('/a');
    assert.equal(server.asked.length, 2);
  });

  for (const name of ['RENAME', 'DELETE', 'CONCAT', 'TRUNCATE']) {
    test(`a lost answer: ${name} is not, and the outcome is unknown`, async (t) => {
      const server = await ScriptedServer.start(t, (_, __, request) => request.socket.destroy());
      const client = clientOf(t, server.url);
      const calls: Readonly<Record<string, () => Promise<unknown>>> = {
        RENAME: () => client.rename('/a', '/b'),
        DELETE: () => client.delete('/a'),
        CONCAT: () => client.concat('/a', ['/b']),
        TRUNCATE: () => client.truncate('/a', 1),
      };
      const failure = await failureOf(calls[name]!());
      assert.deepEqual([failure.exception, failure.outcome], ['ConnectionLost', 'unknown']);
      assert.ok(failure.isRetriable);
      assert.deepEqual(server.operations, [name]);
    });
  }

  test('an overloaded server is asked again whatever the call; an error of the call itself is not', async (t) => {
    const server = await ScriptedServer.start(t, (_, answer) => {
      if (server.asked.length === 1) answer.writeHead(503).end('busy');
      else remote(answer, 403, 'org.apache.hadoop.security.AccessControlException', 'no');
    });
    const failure = await failureOf(clientOf(t, server.url).rename('/a', '/b'));
    assert.ok(failure.isPermission);
    assert.equal(server.asked.length, 2);
  });

  test('connections are kept', async (t) => {
    const ports = new Set<number | undefined>();
    const server = await ScriptedServer.start(t, (_, answer, request) => {
      ports.add(request.socket.remotePort);
      json(answer, status);
    });
    const client = clientOf(t, server.url);
    for (let n = 0; n < 5; n++) await client.getFileStatus('/a');
    assert.equal(ports.size, 1);
  });
});

describe('waiting', () => {
  test('for an answer that does not come: a deadline, and it says which', async (t) => {
    const server = await ScriptedServer.start(t, () => {});
    const client = clientOf(t, server.url, { deadlines: { answerMs: 30 } });
    const failure = await failureOf(client.rename('/a', '/b'));
    assert.deepEqual([failure.exception, failure.outcome], ['DeadlineExceeded', 'unknown']);
    assert.match(failure.message, /no answer within 30 ms/);
  });

  test('for the rest of an answer', async (t) => {
    const server = await ScriptedServer.start(t, (_, answer) => answer.writeHead(200).write('{"Fi'));
    const client = clientOf(t, server.url, { deadlines: { idleMs: 30 }, retries: { attempts: 0 } });
    assert.equal((await failureOf(client.getFileStatus('/a'))).exception, 'DeadlineExceeded');
  });

  test('for a connection: TLS to a server that says nothing', async (t) => {
    const server = await ScriptedServer.start(t, () => {});
    const settings = { deadlines: { connectMs: 30 }, retries: { attempts: 0 } };
    const failure = await failureOf(clientOf(t, server.url.replace('http', 'https'), settings).mkdirs('/a'));
    assert.ok(failure.isConnectFailure && failure.outcome === 'refused', failure.message);
  });

  test('not longer than the caller says, over all attempts', async (t) => {
    const server = await ScriptedServer.start(t, (_, answer) => standby(answer));
    const client = clientOf(t, server.url, { retries: { attempts: 1000, firstMs: 5, maxMs: 5 } });
    const failure = await failureOf(client.mkdirs('/a', { deadlineMs: 50 }));
    assert.ok(failure.isStandby || failure.exception === 'DeadlineExceeded', failure.message);
  });

  test('a client that is closed: calls under way fail, and nothing is asked afterwards', async (t) => {
    const server = await ScriptedServer.start(t, () => {});
    const client = clientOf(t, '/', { nameNodes: [server.url] });
    const failures = [failureOf(client.getFileStatus('/a')), failureOf(client.rename('/a', '/b'))];
    await until('both are asked', () => server.asked.length === 2);
    client.close();
    for (const { exception, outcome } of await Promise.all(failures))
      assert.deepEqual([exception, outcome], ['Aborted', 'unknown']);
    const later = await failureOf(client.getFileStatus('/a'));
    assert.deepEqual([later.exception, later.outcome], ['Aborted', 'refused']);
    assert.equal(server.asked.length, 2);
  });

  test('the caller stops it', async (t) => {
    const stop = new AbortController();
    const server = await ScriptedServer.start(t, () => stop.abort());
    const failure = await failureOf(clientOf(t, server.url).mkdirs('/a', { signal: stop.signal }));
    assert.deepEqual([failure.exception, failure.isRetriable], ['Aborted', false]);
    const before = await failureOf(clientOf(t, server.url).mkdirs('/a', { signal: AbortSignal.abort() }));
    assert.deepEqual([before.exception, before.outcome], ['Aborted', 'refused']);
  });
});

describe('strange answers', () => {
  const strange: readonly (readonly [string, number, string])[] = [
    [
      'HTML of a server without add-opens',
      500,
      '<html><head><title>Error 500 Server Error</title></head></html>',
    ],
    ['no JSON', 200, 'hello'],
    ['JSON of something else', 200, '{"Other":1}'],
    ['a status without its fields', 200, '{"FileStatus":{"type":"FILE"}}'],
    ['a list where an object is', 200, '{"FileStatus":[]}'],
    ['null', 200, 'null'],
    ['an exception without fields', 403, '{"RemoteException":{}}'],
    ['nothing at all', 404, ''],
  ];
  for (const [name, code, body] of strange) {
    test(`${name} is an HdfsError that names the call`, async (t) => {
      const server = await ScriptedServer.start(t, (_, answer) => answer.writeHead(code).end(body));
      const failure = await failureOf(clientOf(t, server.url).getFileStatus('/a'));
      assert.match(failure.message, new RegExp(`^GETFILESTATUS /a at 127.0.0.1:${server.port}: `));
      assert.equal(server.asked.length, 1);
    });
  }

  test('an answer without end is cut off', async (t) => {
    const server = await ScriptedServer.start(t, (_, answer) => {
      const more = () => {
        while (!answer.destroyed && answer.write('x'.repeat(10_000)));
      };
      answer.on('drain', more);
      more();
    });
    const failure = await failureOf(clientOf(t, server.url, { answerBytesMax: 100_000 }).getFileStatus('/a'));
    assert.match(failure.message, /exceeds 100000 bytes/);
  });

  test('paths are encoded, and those that HDFS would not take refused before', async (t) => {
    const server = await ScriptedServer.start(t, (_, answer) => json(answer, status));
    const client = clientOf(t, server.url, { proxyUser: 'a&b' });
    await client.getFileStatus('/a b/%+;?#é');
    const [asked] = server.asked;
    assert.equal(decodeURIComponent(asked!.path), '/webhdfs/v1/a b/%+;?#é');
    assert.equal(asked!.query.get('doas'), 'a&b');
    for (const path of ['', 'a', '/a/../b', '/./a', '/a\0']) {
      await assert.rejects(client.getFileStatus(path), /the path/);
    }
  });

  test('names after which a stranger error is sorted', () => {
    const where = { operation: 'X', path: '/', host: 'h:1', outcome: 'refused' } as const;
    const of = (exception: string, reason = '') =>
      new HdfsError(reason, { ...where, exception, javaClassName: exception });
    assert.ok(of('DSQuotaExceededException').isQuota && of('InvalidToken').isAuthentication);
    assert.ok(
      of('IOException', 'File /a could only be written to 0 of the 1 minReplication nodes').isRetriable,
    );
    assert.ok(!of('IOException').isRetriable && of('UnsupportedOperationException').isUnsupported);
  });
});
