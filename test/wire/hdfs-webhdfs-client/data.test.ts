/** Files: the second step of CREATE, APPEND and OPEN. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import type { ClientSettings, WebHdfsClient } from '../../../src/wire/hdfs-webhdfs-client/index.ts';
import { until } from '../../kit/until.ts';
import { bytesOf, failureOf, get, put } from './files.ts';
import { type Asked, clientOf, deadPort, json, remote, ScriptedServer } from './servers.ts';

type Data = (asked: Asked, answer: ServerResponse) => void;

/** A NameNode that sends everything to a DataNode with that script. */
async function cluster(
  t: TestContext,
  data: Data,
  settings: Partial<ClientSettings> = {},
): Promise<{ client: WebHdfsClient; name: ScriptedServer; data: ScriptedServer }> {
  const dataNode = await ScriptedServer.start(t, data);
  const nameNode = await ScriptedServer.start(t, ({ path, query }, answer) => {
    answer.writeHead(307, { location: `${dataNode.url}${path}?op=${query.get('op')}&token=x` }).end();
  });
  return { client: clientOf(t, nameNode.url, settings), name: nameNode, data: dataNode };
}

const created: Data = (_, answer) => answer.writeHead(201).end();

describe('writing', () => {
  test('both steps, and what they carry', async (t) => {
    const { client, name, data } = await cluster(t, created);
    await put(client, '/a b', 'hello', {
      overwrite: true,
      permission: '600',
      replication: 2,
      blockSize: 4,
      bufferSize: 8,
    });
    const [first] = name.asked;
    assert.deepEqual(Object.fromEntries(first!.query), {
      op: 'CREATE',
      overwrite: 'true',
      permission: '600',
      replication: '2',
      blocksize: '4',
      buffersize: '8',
      'user.name': 'root',
    });
    assert.deepEqual([first!.method, first!.body.length], ['PUT', 0]);
    const [second] = data.asked;
    assert.equal(second!.body.toString(), 'hello');
    assert.equal(second!.headers['content-type'], 'application/octet-stream');
    assert.equal(second!.query.get('token'), 'x');
    assert.equal(client.counters.bytesWritten, 5);
  });

  test('shared memory, many writes under way, pieces of all sizes', async (t) => {
    const { client, data } = await cluster(t, created);
    const writer = await client.create('/a');
    const wanted: Buffer[] = [];
    const writes: Promise<void>[] = [];
    for (let n = 0; n < 50; n++) {
      const piece = new Uint8Array(new SharedArrayBuffer(n * 1000)).fill(n);
      wanted.push(Buffer.from(piece));
      writes.push(writer.write(piece));
    }
    assert.ok(writer.pendingBytes > 0);
    await writer.end();
    await Promise.all(writes);
    assert.equal(writer.pendingBytes, 0);
    assert.ok(data.asked[0]!.body.equals(Buffer.concat(wanted)));
  });

  test('a write resolves no sooner than the peer takes bytes: that is the back-pressure', async (t) => {
    const { client, name, data } = await cluster(t, created);
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const slow = await slowServer(t, gate);
    name.script = (_, answer) => answer.writeHead(307, { location: `${slow.url}/a` }).end();
    const writer = await client.create('/a');
    const piece = new Uint8Array(1024 * 1024);
    let taken = 0;
    const all = (async () => {
      for (let n = 0; n < 64; n++) {
        await writer.write(piece);
        taken += 1;
      }
      await writer.end();
    })();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(taken < 64, `${taken} MiB were taken by one who does not read`);
    assert.equal(writer.pendingBytes, piece.length);
    open();
    await all;
    assert.equal(slow.bytes(), 64 * piece.length);
    assert.equal(data.asked.length, 0);
  });

  test('a refusal in the middle of the bytes fails the writes, and the end', async (t) => {
    const { client, name } = await cluster(t, created);
    const refusing = await refusingServer(t);
    name.script = (_, answer) => answer.writeHead(307, { location: `${refusing}/a` }).end();
    const writer = await client.create('/a');
    const failure = await failureOf(
      (async () => {
        for (;;) await writer.write(new Uint8Array(100_000));
      })(),
    );
    assert.ok(failure.isQuota || failure.exception === 'ConnectionLost', failure.message);
    assert.equal(failure.outcome, 'unknown');
    assert.equal(await failureOf(writer.end()), failure);
    assert.equal(await failureOf(writer.done), failure);
    await assert.rejects(writer.write(bytesOf('x')), failure);
  });

  test('an error of the opening is refused, whatever was sent meanwhile', async (t) => {
    const exists: Data = (_, answer) =>
      remote(
        answer,
        403,
        'org.apache.hadoop.fs.FileAlreadyExistsException',
        '/a already exists\n\tat org.x.Y(Z.java:1)',
      );
    const { client } = await cluster(t, exists);
    const failure = await failureOf(put(client, '/a', 'hello'));
    assert.deepEqual([failure.outcome, failure.reason], ['refused', '/a already exists']);
  });

  test('no answer after the last byte', async (t) => {
    const { client } = await cluster(t, () => {}, { deadlines: { closeMs: 30 } });
    const failure = await failureOf(put(client, '/a', 'hello'));
    assert.deepEqual([failure.exception, failure.outcome], ['DeadlineExceeded', 'unknown']);
    assert.match(failure.reason, /after the last byte/);
  });

  test('abort ends what waits, and the peer sees it', async (t) => {
    const { client, data } = await cluster(t, () => {});
    const writer = await client.create('/a');
    const end = writer.end();
    await until('it was asked', () => data.asked.length === 1);
    writer.abort('enough');
    const failure = await failureOf(end);
    assert.deepEqual([failure.exception, failure.reason, failure.outcome], ['Aborted', 'enough', 'unknown']);
  });

  test("the caller's deadline is for the opening only", async (t) => {
    const { client, data } = await cluster(t, created);
    const writer = await client.create('/a', { deadlineMs: 200 });
    await new Promise((resolve) => setTimeout(resolve, 250));
    await writer.write(bytesOf('late'));
    await writer.end();
    assert.equal(data.asked[0]!.body.toString(), 'late');
  });
});

describe('DataNodes', () => {
  test('one that is not there is named to the NameNode, which chooses another', async (t) => {
    const { client, name, data } = await cluster(t, created);
    const dead = `http://127.0.0.1:${await deadPort()}`;
    const toData = name.script;
    name.script = (asked, answer, request) => {
      if (asked.query.has('excludedatanodes')) toData(asked, answer, request);
      else answer.writeHead(307, { location: `${dead}/a` }).end();
    };
    await put(client, '/a', 'hello');
    assert.deepEqual([name.asked.length, data.asked.length, client.counters.failovers], [2, 1, 1]);
    assert.equal(name.asked[1]!.query.get('excludedatanodes'), '127.0.0.1');
  });

  test('a NameNode that knows no other: no endless asking', async (t) => {
    const { client, name } = await cluster(t, created);
    const dead = `http://127.0.0.1:${await deadPort()}`;
    name.script = (_, answer) => answer.writeHead(307, { location: `${dead}/a` }).end();
    const failure = await failureOf(put(client, '/a', 'hello'));
    assert.ok(failure.isConnectFailure && failure.outcome === 'refused', failure.message);
    assert.equal(name.asked.length, 2);
  });

  for (const [location, reason] of [
    ['', /no address/],
    ['ftp://host/a', /not HTTP/],
  ] as const) {
    test(`a redirect to '${location}' is refused`, async (t) => {
      const { client, name } = await cluster(t, created);
      name.script = (_, answer) => answer.writeHead(307, { location }).end();
      const failure = await failureOf(put(client, '/a', 'hello'));
      assert.equal(failure.exception, 'UnexpectedAnswer');
      assert.ok(location === '' || reason.test(failure.reason), failure.reason);
    });
  }

  test('a server that does not redirect', async (t) => {
    const { client, name } = await cluster(t, created);
    name.script = (_, answer) => json(answer, { Location: 'http://x/' });
    assert.match((await failureOf(put(client, '/a', 'hello'))).reason, /where 307/);
  });
});

describe('reading', () => {
  test('ranges, and leaving early', async (t) => {
    const { client, name } = await cluster(t, (_, answer) => answer.end('x'.repeat(1_000_000)));
    const reader = await client.open('/a', { offset: 5, length: 7 });
    assert.equal(reader.length, 1_000_000);
    assert.deepEqual([name.asked[0]!.query.get('offset'), name.asked[0]!.query.get('length')], ['5', '7']);
    for await (const chunk of reader) {
      assert.ok(chunk.length > 0);
      break;
    }
  });

  test('a connection that is lost in the middle is no end', async (t) => {
    const { client } = await cluster(t, (_, answer) => {
      answer.writeHead(200, { 'content-length': 100 }).write('half');
      setImmediate(() => answer.destroy());
    });
    const failure = await failureOf(get(client, '/a'));
    assert.equal(failure.exception, 'ConnectionLost');
  });

  test('bytes that stay away', async (t) => {
    const settings = { deadlines: { idleMs: 30 } };
    const { client } = await cluster(t, (_, answer) => answer.writeHead(200).write('half'), settings);
    const failure = await failureOf(get(client, '/a'));
    assert.equal(failure.exception, 'DeadlineExceeded');
  });

  test('an error of the DataNode', async (t) => {
    const { client } = await cluster(t, (_, answer) =>
      remote(
        answer,
        403,
        'org.apache.hadoop.hdfs.CannotObtainBlockLengthException',
        'Cannot obtain block length',
      ),
    );
    assert.equal((await failureOf(get(client, '/a'))).exception, 'CannotObtainBlockLengthException');
  });
});

/** Reads nothing before `gate` opens. */
async function slowServer(
  t: TestContext,
  gate: Promise<void>,
): Promise<{ url: string; bytes: () => number }> {
  const { createServer } = await import('node:http');
  let bytes = 0;
  const server = createServer(async (request, answer) => {
    await gate;
    for await (const chunk of request) bytes += (chunk as Buffer).length;
    answer.writeHead(201).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, bytes: () => bytes };
}

/** Takes some bytes, then says that there is no room, and closes. */
async function refusingServer(t: TestContext): Promise<string> {
  const { createServer } = await import('node:net');
  const body = JSON.stringify({
    RemoteException: {
      exception: 'DSQuotaExceededException',
      javaClassName: 'org.apache.hadoop.hdfs.protocol.DSQuotaExceededException',
      message: 'The DiskSpace quota of /q is exceeded',
    },
  });
  const server = createServer((socket) => {
    let bytes = 0;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes > 200_000 && socket.writable) {
        socket.end(
          `HTTP/1.1 403 Forbidden\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
        );
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}
