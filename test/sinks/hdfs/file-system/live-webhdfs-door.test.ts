/** The door to a real HDFS: what it promises the sink, kept while daemons die. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { FileSystem, FileSystemError } from '../../../../src/sinks/hdfs/file-system/door.ts';
import { openWebHdfs } from '../../../../src/sinks/hdfs/file-system/webhdfs.ts';
import { until } from '../../../kit/until.ts';
import { FAST_FAILURES, HdfsCluster } from '../../../peers/hdfs/cluster.ts';
import { webHdfsSettings } from './settings.ts';

const text = (content: string) => [new TextEncoder().encode(content)];

describe('the door to HDFS', { timeout: 300_000 }, () => {
  let cluster: HdfsCluster;
  let fileSystem: FileSystem;
  before(async () => {
    cluster = await HdfsCluster.start({ hdfs: FAST_FAILURES });
    fileSystem = openWebHdfs(
      webHdfsSettings({
        root: `hdfs://127.0.0.1:${cluster.rpcPort}`,
        hadoopConfDir: cluster.configuration,
        callTimeoutMs: 10_000,
      }),
    );
  });
  after(async () => {
    await fileSystem?.close();
    await cluster?.remove();
  });

  const read = async (path: string) =>
    (await fetch(`${cluster.url}/webhdfs/v1${path}?op=OPEN&user.name=root`)).text();
  const refusal = (kind: string) => (error: FileSystemError) => error.kind === kind;
  /** As the sink does: again while it is said to be worth it. */
  const recover = (path: string, length: number | null): Promise<string> =>
    until<string | null>(
      `${path} is recovered`,
      () =>
        fileSystem.recover(path, length).catch((error: FileSystemError) => {
          assert.equal(error.kind, 'unavailable', error.message);
          return null;
        }),
      120_000,
    );

  test('create, commit, go on, close, rename', async () => {
    const file = await fileSystem.create('/flow/2024/a.tmp');
    await file.write([...text('one '), ...text('two ')]);
    assert.equal(file.committed, 0);
    await file.commit();
    assert.equal(file.committed, 8);
    assert.equal(await read('/flow/2024/a.tmp'), 'one two ');
    await file.commit();
    await file.write([new Uint8Array(100_000).fill(0x61), ...text('!')]);
    await file.close();
    assert.equal(file.committed, 100_009);
    assert.equal((await fileSystem.status('/flow/2024/a.tmp'))!.length, 100_009);
    assert.equal(await fileSystem.replicas('/flow/2024/a.tmp'), 1);
    await fileSystem.rename('/flow/2024/a.tmp', '/flow/2024/a');
    assert.equal(await fileSystem.status('/flow/2024/a.tmp'), null);
    assert.deepEqual(
      (await fileSystem.list('/flow/2024')).map(({ path, isDirectory }) => [path, isDirectory]),
      [['/flow/2024/a', false]],
    );
    assert.deepEqual(await fileSystem.list('/flow/none'), []);
    assert.equal(await fileSystem.delete('/flow/2024/a'), true);
    assert.equal(await fileSystem.delete('/flow/2024/a'), false);
    await assert.rejects(fileSystem.delete('/flow/2024'), refusal('other'));
  });

  test('a file without bytes exists when it is closed', async () => {
    const file = await fileSystem.create('/empty');
    await file.close();
    assert.equal((await fileSystem.status('/empty'))!.length, 0);
    assert.equal(await fileSystem.replicas('/empty'), null);
  });

  test('many small views arrive in order', async () => {
    const file = await fileSystem.create('/small');
    const lines = Array.from({ length: 20_000 }, (_, n) => `${n}\n`);
    await file.write(lines.flatMap(text));
    await file.close();
    assert.equal(await read('/small'), lines.join(''));
  });

  test('it neither overwrites nor renames over', async () => {
    for (const path of ['/there', '/other']) {
      const file = await fileSystem.create(path);
      await file.write(text(path));
      await file.close();
    }
    const again = (async () => {
      const file = await fileSystem.create('/there');
      await file.write(text('x'));
      await file.commit();
    })();
    await assert.rejects(again, refusal('exists'));
    const open = await fileSystem.create('/open');
    await open.write([new Uint8Array(100_000)]);
    await until('it is there', () => fileSystem.status('/open'));
    const second = await fileSystem.create('/open');
    await assert.rejects(
      second.write(text('x')).then(() => second.commit()),
      refusal('exists'),
    );
    await open.close();
    await assert.rejects(fileSystem.rename('/other', '/there'), refusal('exists'));
    await assert.rejects(fileSystem.rename('/none', '/x'), refusal('missing'));
    assert.equal(await read('/there'), '/there');
  });

  test('what was not committed is cut off', async () => {
    const file = await fileSystem.create('/cut');
    await file.write(text('committed'));
    await file.commit();
    await file.write([new Uint8Array(300_000)]);
    file.abandon();
    file.abandon();
    await assert.rejects(file.write(text('x')));
    assert.equal(await recover('/cut', file.committed), '/cut.cut');
    assert.equal(await read('/cut.cut'), 'committed');
    assert.equal(await fileSystem.recover('/none', 3), null);
    // Asked again, as after a crash of the sink in between.
    await assert.rejects(fileSystem.recover('/cut', 100), refusal('other'));
    assert.equal(await fileSystem.recover('/cut', 0).catch(() => recover('/cut', 0)), '/cut.cut');
  });

  test('a file before its first commit is cut to nothing, or kept', async () => {
    for (const [path, length, wanted] of [
      ['/first-cut', 0, 0],
      ['/first-kept', null, 200_000],
    ] as const) {
      const file = await fileSystem.create(path);
      await file.write([new Uint8Array(200_000)]);
      await until('it is there', () => fileSystem.status(path));
      file.abandon();
      const at = await recover(path, length);
      assert.equal((await fileSystem.status(at))!.length, wanted);
    }
  });

  test('the DataNode dies in the middle of a request', async () => {
    const file = await fileSystem.create('/dead');
    await file.write(text('committed'));
    await file.commit();
    await file.write([new Uint8Array(300_000)]);
    await until('it is open', async () => (await read('/dead')).length > 0);
    await cluster.dataNode.end('SIGKILL');
    await assert.rejects(file.commit(), (error: FileSystemError) => error.kind === 'unavailable');
    file.abandon();
    cluster.dataNode.start();
    await cluster.ready();
    assert.equal(await read(await recover('/dead', file.committed)), 'committed');
  });

  test('the NameNode dies in the middle of a request', async () => {
    const file = await fileSystem.create('/restart');
    await file.write(text('committed'));
    await file.commit();
    await file.write([new Uint8Array(300_000)]);
    await cluster.nameNode.end('SIGKILL');
    await assert.rejects(file.commit());
    file.abandon();
    await assert.rejects(fileSystem.recover('/restart', 9), refusal('unavailable'));
    cluster.nameNode.start();
    await cluster.ready();
    assert.equal(await read(await recover('/restart', file.committed)), 'committed');
  });
});
