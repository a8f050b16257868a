/** Every operation, and what goes wrong with them, against a real NameNode and DataNode. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HdfsError, WebHdfsClient } from '../../../src/wire/hdfs-webhdfs-client/index.ts';
import { until } from '../../kit/until.ts';
import { FAST_FAILURES, HdfsCluster } from '../../peers/hdfs/cluster.ts';
import { append, bytesOf, failureOf, get, put } from './files.ts';

const MIB = 1024 * 1024;

describe('WebHDFS of a NameNode and a DataNode', { timeout: 300_000 }, () => {
  let cluster: HdfsCluster;
  let client: WebHdfsClient;
  before(async () => {
    cluster = await HdfsCluster.start({ hdfs: { ...FAST_FAILURES, 'dfs.ls.limit': 3 } });
    client = as('root');
  });
  after(async () => {
    client?.close();
    await cluster?.remove();
  });

  const as = (user: string) =>
    new WebHdfsClient({
      uri: `hdfs://127.0.0.1:${cluster.rpcPort}/logs`,
      configuration: [cluster.configuration],
      credentials: { kind: 'simple', user },
      retries: { attempts: 1 },
    });

  test('the address is found through the configuration', () => {
    assert.equal(client.nameNode, `127.0.0.1:${cluster.httpPort}`);
    assert.equal(client.path, '/logs');
  });

  test('create, append, read, read a part', async () => {
    await put(client, '/file/a.log', 'one ');
    await append(client, '/file/a.log', 'two');
    assert.equal(await get(client, '/file/a.log'), 'one two');
    assert.equal(await get(client, '/file/a.log', { offset: 2, length: 3 }), 'e t');
    const status = await client.getFileStatus('/file/a.log');
    assert.deepEqual(
      [status.path, status.type, status.length, status.owner, status.permission],
      ['/file/a.log', 'FILE', 7, 'root', '644'],
    );
  });

  test('an empty file, and one of options', async () => {
    await put(client, '/file/empty', '', { permission: '600', replication: 2, blockSize: MIB });
    const status = await client.getFileStatus('/file/empty');
    assert.deepEqual(
      [status.length, status.permission, status.replication, status.blockSize],
      [0, '600', 2, MIB],
    );
  });

  test('64 MiB out of shared memory in constant memory, with back-pressure', async () => {
    const piece = new Uint8Array(new SharedArrayBuffer(MIB)).fill(0x61);
    const writer = await client.create('/file/large', { overwrite: true });
    let pendingMax = 0;
    for (let n = 0; n < 64; n++) {
      const written = writer.write(piece);
      pendingMax = Math.max(pendingMax, writer.pendingBytes);
      await written;
    }
    await writer.end();
    assert.equal(pendingMax, MIB);
    assert.equal((await client.getFileStatus('/file/large')).length, 64 * MIB);
    let bytes = 0;
    for await (const chunk of await client.open('/file/large')) bytes += chunk.length;
    assert.equal(bytes, 64 * MIB);
  });

  test('names with blanks, signs, escapes and other scripts', async () => {
    for (const name of ['a b+c;é&=#', 'a?b', '100%', 'a%20b', `q'"<>|*!~()[]{}^\`\\`, '日本', 'new\nline']) {
      const path = `/names/${name}`;
      await put(client, path, name);
      assert.equal(await get(client, path), name);
      await client.rename(path, `${path}.done`);
      assert.equal((await client.findFile(`${path}.done`))?.path, `${path}.done`);
    }
  });

  test('listings, whole and in batches', async () => {
    for (let n = 0; n < 8; n++) await put(client, `/list/f${n}`, 'x');
    const wanted = Array.from({ length: 8 }, (_, n) => `/list/f${n}`);
    const found: string[] = [];
    for await (const { path } of client.list('/list')) found.push(path);
    assert.deepEqual(found, wanted);
    assert.deepEqual(
      (await client.listStatus('/list')).map(({ path }) => path),
      wanted,
    );
    assert.deepEqual(
      (await client.listStatus('/list/f1')).map(({ path }) => path),
      ['/list/f1'],
    );
  });

  test('rename says why not', async () => {
    await put(client, '/rename/a', 'a');
    await put(client, '/rename/b', 'b');
    assert.ok((await failureOf(client.rename('/rename/none', '/rename/c'))).isNotFound);
    assert.ok((await failureOf(client.rename('/rename/a', '/rename/b'))).isExists);
    assert.ok((await failureOf(client.rename('/rename/a', '/none/b'))).isNotFound);
    await client.rename('/rename/a', '/rename/b', { overwrite: true });
    assert.equal(await get(client, '/rename/b'), 'a');
  });

  test('directories, times, owner, permission, replication, summaries, checksums', async () => {
    await client.mkdirs('/dir/a/b', { permission: '750' });
    await client.mkdirs('/dir/a/b');
    assert.equal((await client.getFileStatus('/dir/a/b')).permission, '750');
    await put(client, '/dir/a/f', 'abc');
    await client.setPermission('/dir/a/f', '600');
    await client.setOwner('/dir/a/f', { owner: 'alice', group: 'staff' });
    await client.setTimes('/dir/a/f', { modificationTime: 1000 });
    assert.equal(await client.setReplication('/dir/a/f', 3), true);
    assert.equal(await client.setReplication('/dir/a', 3), false);
    const { owner, group, permission, modificationTime, replication } =
      await client.getFileStatus('/dir/a/f');
    assert.deepEqual(
      { owner, group, permission, modificationTime, replication },
      { owner: 'alice', group: 'staff', permission: '600', modificationTime: 1000, replication: 3 },
    );
    const { length, fileCount, directoryCount } = await client.getContentSummary('/dir');
    assert.deepEqual({ length, fileCount, directoryCount }, { length: 3, fileCount: 1, directoryCount: 3 });
    assert.match((await client.getFileChecksum('/dir/a/f')).algorithm, /^MD5-of-/);
    assert.equal(await client.getHomeDirectory(), '/user/root');
    assert.equal((await client.getServerDefaults()).replication, 1);
    assert.equal(await client.getDelegationToken('root'), null);
  });

  test('delete, and what is not there', async () => {
    await put(client, '/delete/a', 'a');
    assert.ok((await failureOf(client.delete('/delete'))).isExists);
    assert.equal(await client.delete('/delete', { recursive: true }), true);
    assert.equal(await client.delete('/delete'), false);
    assert.equal(await client.findFile('/delete'), null);
    assert.ok((await failureOf(get(client, '/delete/a'))).isNotFound);
    assert.ok((await failureOf(append(client, '/delete/a', 'x'))).isNotFound);
  });

  test('concat of full blocks', async () => {
    const block = 'x'.repeat(MIB);
    for (const name of ['a', 'b']) await put(client, `/concat/${name}`, block, { blockSize: MIB });
    await put(client, '/concat/c', 'end', { blockSize: MIB });
    await client.concat('/concat/a', ['/concat/b', '/concat/c']);
    assert.equal((await client.getFileStatus('/concat/a')).length, 2 * MIB + 3);
    assert.equal(await client.findFile('/concat/b'), null);
  });

  test('blocks and their replicas, of a closed and of an open file', async () => {
    await put(client, '/blocks/a', 'x'.repeat(MIB + 1), { blockSize: MIB });
    const { blocks, isUnderConstruction } = await client.getBlockLocations('/blocks/a');
    assert.deepEqual(
      blocks.map(({ offset, length, hosts }) => [offset, length, hosts.length]),
      [
        [0, MIB, 1],
        [MIB, 1, 1],
      ],
    );
    assert.equal(isUnderConstruction, false);
    const writer = await client.append('/blocks/a');
    await writer.write(bytesOf('more'));
    await until('it is open', async () => (await client.getBlockLocations('/blocks/a')).isUnderConstruction);
    await writer.end();
    assert.equal((await client.getBlockLocations('/blocks/a')).isUnderConstruction, false);
  });

  test('truncate inside a block: appends are refused while it is recovered', async () => {
    await put(client, '/truncate', 'committed, and what was not');
    assert.equal(await client.truncate('/truncate', 9), false);
    // Until the last block is recovered its old length is told.
    assert.equal((await client.getBlockLocations('/truncate')).isUnderConstruction, true);
    let refusals = 0;
    await until('the recovery ends', async () => {
      try {
        await append(client, '/truncate', '!');
        return true;
      } catch (error) {
        assert.ok(error instanceof HdfsError && error.isRecovering && error.isLeaseConflict, String(error));
        assert.equal(error.outcome, 'refused');
        refusals += 1;
        await sleep(50);
        return false;
      }
    });
    assert.ok(refusals > 0);
    assert.equal((await client.getFileStatus('/truncate')).length, 10);
    assert.equal(await get(client, '/truncate'), 'committed!');
  });

  test('a file that another writer has open', async () => {
    const writer = await client.create('/open');
    await writer.write(bytesOf('first'));
    await until('it is there', () => client.findFile('/open'));
    for (const second of [() => append(client, '/open', 'second'), () => put(client, '/open', 'second')]) {
      const failure = await failureOf(second());
      assert.ok(
        failure.isLeaseConflict && failure.isRetriable && failure.outcome === 'refused',
        failure.message,
      );
    }
    await writer.end();
    assert.equal(await get(client, '/open'), 'first');
    await append(client, '/open', ' second');
    assert.equal(await get(client, '/open'), 'first second');
  });

  test('a writer that goes away leaves what the DataNode has, closed', async () => {
    const writer = await client.create('/dropped');
    await writer.write(bytesOf('x'.repeat(200_000)));
    await until('it is there', () => client.findFile('/dropped'));
    writer.abort();
    const failure = await failureOf(writer.end());
    assert.deepEqual([failure.exception, failure.outcome], ['Aborted', 'unknown']);
    await until('it is closed', async () => {
      const { isUnderConstruction } = await client.getBlockLocations('/dropped');
      return isUnderConstruction === false;
    });
  });

  test('a file that is deleted under its writer', async () => {
    const writer = await client.create('/deleted');
    await writer.write(bytesOf('x'));
    await until('it is there', () => client.findFile('/deleted'));
    await client.delete('/deleted');
    const failure = await failureOf(writer.end());
    assert.ok(failure.isNotFound && failure.outcome === 'unknown', failure.message);
  });

  test('an existing file', async () => {
    await put(client, '/exists', 'a');
    const failure = await failureOf(put(client, '/exists', 'b'));
    assert.ok(failure.isExists && !failure.isRetriable, failure.message);
    assert.equal(failure.outcome, 'refused');
    assert.doesNotMatch(failure.message, /\tat /);
    assert.match(failure.trace ?? '', /^at org\.apache\.hadoop/);
    assert.ok((await failureOf(put(client, '/exists/below', 'b'))).isExists);
  });

  test('permission denied, at the NameNode and at the DataNode; acting for another user', async () => {
    await client.mkdirs('/private', { permission: '700' });
    const alice = as('alice');
    for (const call of [
      () => alice.mkdirs('/private/x'),
      () => put(alice, '/private/x', 'x'),
      () => alice.listStatus('/private'),
    ]) {
      const failure = await failureOf(call());
      assert.ok(failure.isPermission && !failure.isRetriable, failure.message);
    }
    const credentials = { kind: 'simple', user: 'root' } as const;
    const proxy = new WebHdfsClient({ uri: cluster.url, credentials, proxyUser: 'alice' });
    assert.ok((await failureOf(proxy.mkdirs('/private/x'))).isPermission);
    assert.equal(await proxy.getHomeDirectory(), '/user/alice');
    const refused = new WebHdfsClient({
      uri: cluster.url,
      credentials: { kind: 'simple', user: 'alice' },
      proxyUser: 'bob',
    });
    assert.match((await failureOf(refused.getHomeDirectory())).reason, /not allowed to impersonate bob/);
  });

  test('quotas of names and of bytes', async () => {
    await client.mkdirs('/quota');
    await client.setQuota('/quota', { names: 2 });
    await put(client, '/quota/a', 'a');
    for (const call of [() => client.mkdirs('/quota/b'), () => put(client, '/quota/b', 'b')]) {
      const failure = await failureOf(call());
      assert.ok(failure.isQuota && !failure.isRetriable, failure.message);
    }
    await client.setQuota('/quota', { names: -1, bytes: 3 * MIB });
    const writer = await client.create('/quota/large', { blockSize: MIB });
    const piece = new Uint8Array(MIB);
    const failure = await failureOf(
      (async () => {
        for (let n = 0; n < 16; n++) await writer.write(piece);
        await writer.end();
      })(),
    );
    assert.equal(failure.outcome, 'unknown');
    assert.ok(failure.isQuota || failure.exception === 'ConnectionLost', failure.message);
  });

  test('safe mode', async () => {
    await cluster.admin('-safemode', 'enter');
    try {
      assert.equal(await get(client, '/open'), 'first second');
      for (const call of [() => client.mkdirs('/safe'), () => put(client, '/safe', 'x')]) {
        const failure = await failureOf(call());
        assert.ok(failure.isSafeMode && failure.isRetriable, failure.message);
      }
    } finally {
      await cluster.admin('-safemode', 'leave');
    }
    await put(client, '/safe', 'x');
  });

  test('the NameNode is killed, then comes back', async () => {
    const writer = await client.create('/restart');
    await writer.write(bytesOf('x'.repeat(100_000)));
    await until('it is there', () => client.findFile('/restart'));
    await cluster.nameNode.end('SIGKILL');
    const failure = await failureOf(client.getFileStatus('/open'));
    assert.ok(
      failure.isConnectFailure && failure.isRetriable && failure.outcome === 'refused',
      failure.message,
    );
    const lost = await failureOf(writer.end());
    assert.equal(lost.outcome, 'unknown');
    cluster.nameNode.start();
    await cluster.ready();
    assert.equal(await get(client, '/open'), 'first second');
  });

  test('the DataNode is killed in the middle of a file, then comes back', async () => {
    const writer = await client.create('/dead');
    await writer.write(bytesOf('x'.repeat(200_000)));
    await until('it is there', () => client.findFile('/dead'));
    await cluster.dataNode.end('SIGKILL');
    const lost = await failureOf(writer.end());
    assert.deepEqual([lost.exception, lost.outcome], ['ConnectionLost', 'unknown']);
    const failure = await failureOf(put(client, '/nowhere', 'x'));
    assert.ok(failure.isRetriable && failure.outcome === 'refused', failure.message);
    cluster.dataNode.start();
    await cluster.ready();
    await until(
      'it takes files again',
      () =>
        put(client, '/again', 'x', { overwrite: true }).then(
          () => true,
          () => false,
        ),
      60_000,
    );
    // The lease ends by itself, here after five seconds, and the file is closed.
    await until(
      'the file of the dead writer is closed',
      async () => (await client.getBlockLocations('/dead')).isUnderConstruction === false,
      60_000,
    );
    await append(client, '/dead', 'y');
  });
});
