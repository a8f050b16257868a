/** Two real NameNodes: the active one is found, and found again when it changes. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { WebHdfsClient } from '../../../src/wire/hdfs-webhdfs-client/index.ts';
import { until } from '../../kit/until.ts';
import { HaCluster } from '../../peers/hdfs/ha.ts';
import { append, bytesOf, failureOf, get, put } from './files.ts';

describe('WebHDFS of two NameNodes', { timeout: 300_000 }, () => {
  let cluster: HaCluster;
  before(async () => {
    cluster = await HaCluster.start();
  });
  after(() => cluster?.remove());

  const client = (attempts = 5) =>
    new WebHdfsClient({
      uri: `${cluster.uri}/logs`,
      configuration: [cluster.configuration],
      credentials: { kind: 'simple', user: 'root' },
      retries: { attempts },
    });
  const hostOf = (id: 'nn1' | 'nn2') => new URL(cluster.urlOf(id)).host;

  test('the first call finds the active one, the next ones remember it', async () => {
    await cluster.admin('-failover', 'nn1', 'nn2');
    const one = client();
    await one.mkdirs('/a');
    assert.deepEqual([one.nameNode, one.counters.failovers], [hostOf('nn2'), 1]);
    await put(one, '/a/f', 'x');
    assert.equal(one.counters.failovers, 1);
    await cluster.admin('-failover', 'nn2', 'nn1');
    await append(one, '/a/f', 'y');
    assert.equal(one.nameNode, hostOf('nn1'));
    assert.equal(await get(one, '/a/f'), 'xy');
  });

  test('without an active one: the error says what each of them said', async () => {
    await cluster.admin('-transitionToStandby', 'nn1');
    try {
      const failure = await failureOf(client(0).rename('/a/f', '/a/g'));
      assert.ok(failure.isStandby && failure.isRetriable && failure.outcome === 'refused', failure.message);
      assert.ok(
        failure.message.includes(hostOf('nn1')) && failure.message.includes(hostOf('nn2')),
        failure.message,
      );
    } finally {
      await cluster.admin('-transitionToActive', 'nn1');
    }
  });

  test('the active one is killed in the middle of a file, and the other takes over', async () => {
    const one = client();
    const writer = await one.create('/a/open');
    await writer.write(bytesOf('x'.repeat(100_000)));
    await until('it is there', () => one.findFile('/a/open'));
    await cluster.nameNodes.nn1.end('SIGKILL');
    // Calls wait for the new one by their retries.
    const patient = new WebHdfsClient({
      uri: cluster.uri,
      configuration: [cluster.configuration],
      credentials: { kind: 'simple', user: 'root' },
      retries: { attempts: 100, maxMs: 500 },
    });
    const status = patient.getFileStatus('/a/f');
    await cluster.admin('-failover', 'nn1', 'nn2');
    assert.equal((await status).length, 2);
    assert.equal(patient.nameNode, hostOf('nn2'));
    assert.ok(patient.counters.retries > 0);
    // The DataNode asks the name service, so that the file goes on over the failover.
    await writer.end();
    assert.equal((await get(patient, '/a/open')).length, 100_000);
  });
});
