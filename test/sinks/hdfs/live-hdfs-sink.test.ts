/**
 * The sink on a real HDFS whose daemons die while takes are written: each event stands in one finished
 * file.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import declaration from '../../../src/sinks/hdfs/index.ts';
import { WebHdfsClient } from '../../../src/wire/hdfs-webhdfs-client/index.ts';
import { batchOf } from '../../kit/editor.ts';
import type { Properties } from '../../kit/part.ts';
import { SinkRig } from '../../kit/sink.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';
import { FAST_FAILURES, HdfsCluster } from '../../peers/hdfs/cluster.ts';

const PATIENCE_MS = 120_000;

describe('the hdfs sink on a real HDFS', { timeout: 300_000 }, () => {
  let cluster: HdfsCluster;
  let client: WebHdfsClient;
  before(async () => {
    cluster = await HdfsCluster.start({ hdfs: FAST_FAILURES });
    client = new WebHdfsClient({ uri: cluster.url, credentials: { kind: 'simple', user: 'root' } });
  });
  after(async () => {
    client?.close();
    await cluster?.remove();
  });

  async function sinkOf(directory: string, properties: Properties = {}): Promise<SinkRig> {
    const rig = await SinkRig.create(declaration, {
      'hdfs.path': `hdfs://127.0.0.1:${cluster.rpcPort}/${directory}/%{host}`,
      'hdfs.hadoopConfDir': cluster.configuration,
      'hdfs.user': 'root',
      'hdfs.fileType': 'DataStream',
      'hdfs.rollInterval': '0',
      'hdfs.rollSize': '0',
      'hdfs.rollCount': '50',
      'hdfs.retryInterval': '1',
      'hdfs.commitInterval': '0',
      'hdfs.callTimeout': '5000',
      'hdfs.stateDir': temporaryDirectory(),
      ...properties,
    });
    rig.clock.nowMs = Date.now();
    await rig.sink.start?.();
    return rig;
  }

  /** 20 events to each of two hosts. */
  const take = (n: number) =>
    batchOf(Array.from({ length: 40 }, (_, i) => [{ host: i % 2 === 0 ? 'a' : 'b' }, `${n}-${i}`] as const));
  const bodies = (takes: number) =>
    Array.from({ length: takes }, (_, n) => Array.from({ length: 40 }, (_, i) => `${n}-${i}`)).flat();

  /** As the runner: again until it is delivered. */
  const deliver = (rig: SinkRig, n: number) =>
    until(
      `take ${n} is delivered`,
      () =>
        Promise.resolve(rig.sink.process(take(n))).then(
          () => true,
          () => false,
        ),
      PATIENCE_MS,
    );

  async function paths(directory: string): Promise<string[]> {
    const found: string[] = [];
    for (const host of ['a', 'b']) {
      for await (const { path } of client.list(`/${directory}/${host}`)) found.push(path);
    }
    return found;
  }

  async function files(directory: string): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const path of await paths(directory)) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of await client.open(path)) chunks.push(chunk);
      found.set(path, Buffer.concat(chunks).toString());
    }
    return found;
  }

  async function assertEachOnce(directory: string, takes: number): Promise<void> {
    const found = await files(directory);
    assert.deepEqual(
      [...found.keys()].filter((path) => path.endsWith('.tmp')),
      [],
    );
    const lines = [...found.values()].flatMap((text) => text.split('\n').slice(0, -1));
    assert.deepEqual(lines.sort(), bodies(takes).sort());
  }

  /** Until only the files are in use that the sink goes on with: one for each host. */
  const settled = (directory: string) =>
    until(
      `the other files of ${directory} are finished`,
      async () => (await paths(directory)).filter((path) => path.endsWith('.tmp')).length <= 2,
      PATIENCE_MS,
    );

  test('takes go to files by header, rolled and renamed; what is committed can be read at once', async () => {
    const rig = await sinkOf('plain');
    for (let n = 0; n < 6; n++) await rig.sink.process(take(n));
    await settled('plain');
    const lines = [...(await files('plain')).values()].join('').split('\n').slice(0, -1);
    assert.deepEqual(lines.sort(), bodies(6).sort());
    await rig.sink.stop?.();
    await assertEachOnce('plain', 6);
    assert.equal((await files('plain')).size, 6);
  });

  for (const daemon of ['dataNode', 'nameNode'] as const) {
    test(`${daemon} killed between takes, and back: nothing is lost, doubled or left in use`, async () => {
      const rig = await sinkOf(daemon);
      for (let n = 0; n < 3; n++) await rig.sink.process(take(n));
      await cluster[daemon].end();
      await assert.rejects(Promise.resolve(rig.sink.process(take(3))));
      cluster[daemon].start();
      await cluster.ready();
      for (let n = 3; n < 6; n++) await deliver(rig, n);
      await settled(daemon);
      await rig.sink.stop?.();
      await assertEachOnce(daemon, 6);
    });
  }

  test('DataNode killed in the middle of a take', async () => {
    const rig = await sinkOf('middle', { 'hdfs.rollCount': '0' });
    await rig.sink.process(take(0));
    const large = batchOf(
      ...Array.from({ length: 20 }, () =>
        Array.from({ length: 100 }, () => [{ host: 'a' }, 'x'.repeat(20_000)] as const),
      ),
    );
    const writing = Promise.resolve(rig.sink.process(large));
    writing.catch(() => {});
    await cluster.dataNode.end();
    // It may have been quicker than the signal; what it said then must hold.
    const wasDelivered = await writing.then(
      () => true,
      () => false,
    );
    cluster.dataNode.start();
    await cluster.ready();
    await deliver(rig, 1);
    await settled('middle');
    await rig.sink.stop?.();
    const found = await files('middle');
    assert.ok([...found.keys()].every((path) => !path.endsWith('.tmp')));
    const lines = [...found.values()].flatMap((text) => text.split('\n').slice(0, -1));
    const isLarge = (line: string) => line.startsWith('x');
    assert.deepEqual(lines.filter((line) => !isLarge(line)).sort(), bodies(2).sort());
    assert.equal(lines.filter(isLarge).length, wasDelivered ? 2000 : 0);
  });

  test('an agent that was killed: the next one cuts its files to the last commit and renames them', async () => {
    const state = temporaryDirectory();
    const killed = await sinkOf('killed', { 'hdfs.rollCount': '0', 'hdfs.stateDir': state });
    for (let n = 0; n < 2; n++) await killed.sink.process(take(n));
    // The request of a take that was under way got this far.
    for (const path of (await files('killed')).keys()) {
      const writer = await client.append(path);
      await writer.write(Buffer.from('half of an ev'));
      await writer.end();
    }
    const next = await sinkOf('killed', { 'hdfs.rollCount': '0', 'hdfs.stateDir': state });
    for (let n = 2; n < 4; n++) await next.sink.process(take(n));
    await settled('killed');
    await next.sink.stop?.();
    await assertEachOnce('killed', 4);
    assert.equal((await files('killed')).size, 4);
  });
});
