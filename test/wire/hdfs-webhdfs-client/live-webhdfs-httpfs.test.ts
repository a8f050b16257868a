/** The same client through a real HttpFS gateway. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { WebHdfsClient } from '../../../src/wire/hdfs-webhdfs-client/index.ts';
import { until } from '../../kit/until.ts';
import { HdfsCluster } from '../../peers/hdfs/cluster.ts';
import { HttpFs } from '../../peers/hdfs/httpfs.ts';
import { append, bytesOf, failureOf, get, put } from './files.ts';

const MIB = 1024 * 1024;

describe('HttpFS', { timeout: 300_000 }, () => {
  let cluster: HdfsCluster;
  let gateway: HttpFs;
  let client: WebHdfsClient;
  before(async () => {
    cluster = await HdfsCluster.start();
    gateway = await HttpFs.start(cluster);
    client = new WebHdfsClient({
      uri: `${gateway.url}/webhdfs/v1/logs`,
      credentials: { kind: 'simple', user: 'root' },
    });
  });
  after(async () => {
    client?.close();
    await gateway?.remove();
    await cluster?.remove();
  });

  test('create, append, read', async () => {
    await put(client, '/a', 'one ');
    await append(client, '/a', 'two');
    assert.equal(await get(client, '/a'), 'one two');
    assert.equal(await get(client, '/a', { offset: 2, length: 3 }), 'e t');
    await put(client, '/empty', '');
    assert.equal((await client.getFileStatus('/empty')).length, 0);
  });

  test('16 MiB there and back', async () => {
    const piece = new Uint8Array(MIB).fill(0x61);
    const writer = await client.create('/large');
    for (let n = 0; n < 16; n++) await writer.write(piece);
    await writer.end();
    let bytes = 0;
    for await (const chunk of await client.open('/large')) bytes += chunk.length;
    assert.equal(bytes, 16 * MIB);
  });

  test('names with blanks, signs, escapes and other scripts', async () => {
    for (const name of ['a b+c;é&=#', 'a?b', '100%', 'a%20b', '日本']) {
      await put(client, `/names/${name}`, name);
      assert.equal(await get(client, `/names/${name}`), name);
    }
  });

  test('directories, listings, summaries, checksums, blocks', async () => {
    await client.mkdirs('/dir/a', { permission: '750' });
    await put(client, '/dir/a/f', 'abc');
    await client.setPermission('/dir/a/f', '600');
    await client.setTimes('/dir/a/f', { modificationTime: 1000 });
    assert.equal(await client.setReplication('/dir/a/f', 2), true);
    const status = await client.getFileStatus('/dir/a/f');
    assert.deepEqual([status.permission, status.replication, status.modificationTime], ['600', 2, 1000]);
    const names: string[] = [];
    for await (const { path } of client.list('/dir')) names.push(path);
    assert.deepEqual(names, ['/dir/a']);
    assert.equal((await client.listStatus('/dir/a'))[0]!.path, '/dir/a/f');
    assert.equal((await client.getContentSummary('/dir')).length, 3);
    assert.match((await client.getFileChecksum('/dir/a/f')).algorithm, /^MD5-of-/);
    const { blocks, isUnderConstruction } = await client.getBlockLocations('/dir/a/f');
    assert.deepEqual([blocks.length, isUnderConstruction], [1, false]);
    assert.equal(await client.getHomeDirectory(), '/user/root');
  });

  test('truncate, concat, rename, delete', async () => {
    await put(client, '/truncate', 'committed, and what was not');
    assert.equal(await client.truncate('/truncate', 9), false);
    await until('the recovery ends', async () => (await get(client, '/truncate')) === 'committed');
    for (const name of ['a', 'b']) await put(client, `/concat/${name}`, 'x'.repeat(MIB), { blockSize: MIB });
    await client.concat('/concat/a', ['/concat/b']);
    assert.equal((await client.getFileStatus('/concat/a')).length, 2 * MIB);
    await client.rename('/concat/a', '/concat/c');
    assert.equal((await failureOf(client.rename('/concat/a', '/concat/d'))).exception, 'RenameRefused');
    assert.equal(await client.delete('/concat', { recursive: true }), true);
    assert.equal(await client.delete('/concat', { recursive: true }), false);
  });

  test('errors keep their names, whatever their status', async () => {
    assert.ok((await failureOf(client.getFileStatus('/none'))).isNotFound);
    assert.ok((await failureOf(get(client, '/none'))).isNotFound);
    const exists = await failureOf(put(client, '/a', 'again'));
    assert.ok(exists.isExists && exists.outcome === 'refused', exists.message);
    const writer = await client.create('/held');
    await writer.write(bytesOf('x'));
    await until('it is there', () => client.findFile('/held'));
    const held = await failureOf(append(client, '/held', 'y'));
    assert.ok(held.isLeaseConflict, held.message);
    await writer.end();
    const alice = new WebHdfsClient({ uri: gateway.url, credentials: { kind: 'simple', user: 'alice' } });
    assert.ok((await failureOf(alice.mkdirs('/x'))).isPermission);
  });
});
