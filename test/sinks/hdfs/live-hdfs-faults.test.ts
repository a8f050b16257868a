/**
 * What a real HDFS refuses, and a network that breaks in the middle of a block: the take is kept, or the part
 * of it that was refused is held, the operator is told who said what and what to do, and afterwards each
 * event stands in one finished file.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, type TestContext, test } from 'node:test';
import type { HeldPart } from '../../../src/component/sink.ts';
import { fencedPath } from '../../../src/sinks/hdfs/file-system/webhdfs.ts';
import declaration from '../../../src/sinks/hdfs/index.ts';
import { WebHdfsClient } from '../../../src/wire/hdfs-webhdfs-client/index.ts';
import { batchOf } from '../../kit/editor.ts';
import { FaultyProxy } from '../../kit/faulty-proxy.ts';
import type { Properties } from '../../kit/part.ts';
import { SinkRig } from '../../kit/sink.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';
import { FAST_FAILURES, HdfsCluster } from '../../peers/hdfs/cluster.ts';

const PATIENCE_MS = 120_000;
const MIB = 1024 * 1024;

describe('the hdfs sink and a cluster that refuses', { timeout: 300_000 }, () => {
  let cluster: HdfsCluster;
  let client: WebHdfsClient;
  /** Before the DataNode; the NameNode's answers, through another one, lead to it. */
  let network: FaultyProxy;
  let redirects: FaultyProxy;
  /** Of the test. */
  let root: string;
  let tests = 0;

  before(async () => {
    cluster = await HdfsCluster.start({ hdfs: FAST_FAILURES });
    client = new WebHdfsClient({ uri: cluster.url, credentials: { kind: 'simple', user: 'root' } });
    network = await FaultyProxy.before(cluster.dataHttpPort);
    redirects = await FaultyProxy.before(cluster.httpPort, (answer) =>
      answer.replace(`:${cluster.dataHttpPort}/`, `:${network.port}/`),
    );
  });
  beforeEach(async () => {
    root = `/faults/${tests++}`;
    network.heal();
    for (const folder of ['', '/a', '/b']) await client.mkdirs(`${root}${folder}`, { permission: '777' });
  });
  after(async () => {
    await network?.close();
    await redirects?.close();
    client?.close();
    await cluster?.remove();
  });

  const stops = new Map<SinkRig, Promise<void>>();
  function stopped(rig: SinkRig): Promise<void> {
    const known = stops.get(rig) ?? Promise.resolve(rig.sink.stop?.());
    stops.set(rig, known);
    return known;
  }

  async function sinkOf(t: TestContext, properties: Properties = {}, mayHold = false): Promise<SinkRig> {
    const options = {
      'hdfs.path': `hdfs://127.0.0.1:${cluster.rpcPort}${root}/%{host}`,
      'hdfs.hadoopConfDir': cluster.configuration,
      'hdfs.user': 'root',
      'hdfs.fileType': 'DataStream',
      'hdfs.rollInterval': '0',
      'hdfs.rollSize': '0',
      'hdfs.rollCount': '0',
      'hdfs.retryInterval': '1',
      'hdfs.commitInterval': '0',
      'hdfs.callTimeout': '5000',
      'hdfs.stateDir': temporaryDirectory(),
      ...properties,
    };
    const rig = await SinkRig.create(declaration, options, mayHold);
    rig.clock.nowMs = Date.now();
    await rig.sink.start?.();
    t.after(() => stopped(rig));
    return rig;
  }

  /** One event to each host. */
  const take = (body: string, hosts: readonly string[] = ['a', 'b']) =>
    batchOf(hosts.map((host) => [{ host }, `${host} ${body}`] as const));

  async function refused(rig: SinkRig, batch: ReturnType<typeof batchOf>): Promise<string> {
    const error = await Promise.resolve(rig.sink.process(batch)).then(
      () => null,
      (reason: Error) => reason,
    );
    assert.ok(error !== null, 'the take was not refused');
    // Host, path, exception and remedy.
    assert.match(
      error.message,
      /^sink k1 cannot write to hdfs:\/\/127\.0\.0\.1:\d+\/faults\/\d+\/%\{host\}: /,
    );
    assert.match(error.message, / \/faults\/\d+\/[ab]\/FlumeData\.\d+\.tmp at 127\.0\.0\.1:\d+: /);
    assert.match(error.message, /\(.+; the take is kept\)$/);
    return error.message;
  }

  /** What the DataNode says may be lost with the connection; then it is heard the next time. */
  async function told(rig: SinkRig, batch: ReturnType<typeof batchOf>): Promise<string> {
    const text = await refused(rig, batch);
    return /ConnectionLost/.test(text) ? refused(rig, batch) : text;
  }

  async function contents(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const host of ['a', 'b']) {
      for await (const { path } of client.list(`${root}/${host}`)) {
        const chunks: Uint8Array[] = [];
        for await (const chunk of await client.open(path)) chunks.push(chunk);
        found.set(path, Buffer.concat(chunks).toString());
      }
    }
    return found;
  }

  async function inUse(): Promise<string[]> {
    const found: string[] = [];
    for (const host of ['a', 'b']) {
      for await (const { path } of client.list(`${root}/${host}`)) {
        if (path.endsWith('.tmp')) found.push(path);
      }
    }
    return found;
  }

  /** Stops the sink when all files but the open ones are finished, and compares. */
  async function assertEachOnce(rig: SinkRig, lines: readonly string[]): Promise<void> {
    await until('the other files are finished', async () => (await inUse()).length <= 2, PATIENCE_MS);
    await stopped(rig);
    assert.deepEqual(await inUse(), []);
    // Long lines by their beginnings.
    const short = (line: string) => `${line.slice(0, 40)} (${line.length})`;
    const found = [...(await contents()).values()].flatMap((text) => text.split('\n').slice(0, -1));
    assert.deepEqual(found.map(short).sort(), lines.map(short).sort());
  }

  const both = (...bodies: readonly string[]) => bodies.flatMap((body) => [`a ${body}`, `b ${body}`]);

  test('safe mode', async (t) => {
    const rig = await sinkOf(t);
    await rig.sink.process(take('1'));
    await cluster.admin('-safemode', 'enter');
    try {
      const text = await refused(rig, take('2'));
      assert.match(text, /SafeModeException: .*hdfs dfsadmin -safemode leave; the take/s);
    } finally {
      await cluster.admin('-safemode', 'leave');
    }
    await rig.sink.process(take('2'));
    await assertEachOnce(rig, both('1', '2'));
  });

  test('a quota of names in one directory: the other loses and doubles nothing', async (t) => {
    const rig = await sinkOf(t, { 'hdfs.rollCount': '1' });
    await rig.sink.process(take('1'));
    // The directory itself, and the file that is there.
    await client.setQuota(`${root}/b`, { names: 2 });
    const text = await told(rig, take('2'));
    assert.match(text, /\/b\/.*NSQuotaExceededException: .*raise the quota/);
    await rig.sink.process(take('3', ['a']));
    await client.setQuota(`${root}/b`, { names: -1 });
    await rig.sink.process(take('2'));
    await assertEachOnce(rig, [...both('1', '2'), 'a 3']);
  });

  test('a quota of bytes', async (t) => {
    const rig = await sinkOf(t);
    await client.setQuota(`${root}/b`, { bytes: MIB });
    const text = await told(rig, take('1'));
    assert.match(text, /\/b\/.*DSQuotaExceededException: .*raise the quota/);
    await client.setQuota(`${root}/b`, { bytes: -1 });
    await rig.sink.process(take('1'));
    await assertEachOnce(rig, both('1'));
  });

  test('permission denied', async (t) => {
    const rig = await sinkOf(t, { 'hdfs.user': 'alice' });
    await client.setPermission(`${root}/b`, '755');
    const text = await told(rig, take('1'));
    assert.match(text, /\/b\/.*AccessControlException: .*user=alice.*give the user of the agent the right/);
    await client.setPermission(`${root}/b`, '777');
    await rig.sink.process(take('1'));
    await assertEachOnce(rig, both('1'));
  });

  for (const [what, user, refuse, mend] of [
    [
      'no permission',
      'alice',
      () => client.setPermission(`${root}/b`, '755'),
      () => client.setPermission(`${root}/b`, '777'),
    ],
    [
      'a quota of no names',
      'root',
      () => client.setQuota(`${root}/b`, { names: 1 }),
      () => client.setQuota(`${root}/b`, { names: -1 }),
    ],
  ] as const) {
    test(`${what} in one directory: the other one's events flow, and those held follow in order`, async (t) => {
      const rig = await sinkOf(t, { 'hdfs.user': user }, true);
      await refuse();
      const held: HeldPart[] = [];
      for (let n = 1; n <= 5; n++) held.push(...((await rig.sink.process(take(`${n}`))) ?? []));
      const linesOf = async (host: string) => {
        const files = [...(await contents())].filter(([path]) => path.includes(`/${host}/`));
        return files.flatMap(([, text]) => text.split('\n').slice(0, -1));
      };
      assert.deepEqual(await linesOf('a'), ['a 1', 'a 2', 'a 3', 'a 4', 'a 5'], 'they are committed');
      assert.deepEqual(await linesOf('b'), []);
      assert.equal(held.length, 5);
      const table = rig.sink.progress!().find(({ title }) => title === 'held back');
      assert.equal(table!.rows[0]!.events, 5);
      assert.match(String(table!.rows[0]!.bucket), /\/b\/FlumeData$/);
      await mend();
      await Promise.all(held.map(({ delivered }) => delivered));
      assert.deepEqual(await linesOf('b'), ['b 1', 'b 2', 'b 3', 'b 4', 'b 5']);
      await assertEachOnce(rig, both('1', '2', '3', '4', '5'));
    });
  }

  test('a file that another writer opens meanwhile: it is left, and cut when that one is done', async (t) => {
    const rig = await sinkOf(t);
    await rig.sink.process(take('1'));
    const path = [...(await contents()).keys()].find((one) => one.includes('/a/'))!;
    const other = await client.append(path);
    await other.write(Buffer.from('a foreign line\n'));
    await until('it has the file', async () => (await client.getBlockLocations(path)).isUnderConstruction);
    const text = await told(rig, take('2'));
    assert.match(text, /\/a\/.*AlreadyBeingCreatedException: .*another writer/);
    await rig.sink.process(take('2'));
    await other.end();
    await assertEachOnce(rig, both('1', '2'));
  });

  const throughProxies = (t: TestContext, properties: Properties = {}) =>
    sinkOf(t, { 'hdfs.nameNodes': `127.0.0.1:${redirects.port}`, ...properties });
  /** 4 MiB and more, so that a block is under way when the network breaks. */
  const long = (n: number) => `${n} ${'x'.repeat(20_000)}`;
  const large = () =>
    batchOf(
      ...Array.from({ length: 20 }, (_, n) =>
        Array.from({ length: 10 }, (_, i) => [{ host: 'a' }, `a ${long(n * 10 + i)}`] as const),
      ),
    );
  const largeLines = Array.from({ length: 200 }, (_, n) => `a ${long(n)}`);

  test('the network is cut in the middle of a block', async (t) => {
    const rig = await throughProxies(t);
    await rig.sink.process(take('1'));
    network.fault = { kind: 'cut', afterBytes: MIB };
    for (let n = 0; n < 2; n++) assert.match(await refused(rig, large()), /\/a\/.*ConnectionLost: /);
    assert.equal(network.struck, 2);
    network.heal();
    await rig.sink.process(large());
    await assertEachOnce(rig, [...both('1'), ...largeLines]);
  });

  test('the network stalls in the middle of a block: the next file serves, the first is cut later', async (t) => {
    const rig = await throughProxies(t, { 'hdfs.callTimeout': '2000' });
    await rig.sink.process(take('1'));
    const [path] = [...(await contents()).keys()];
    network.fault = { kind: 'stall', afterBytes: MIB };
    assert.match(await refused(rig, large()), /\/a\/.*DeadlineExceeded: .*within 1800 ms/);
    network.fault = { kind: 'none' };
    await rig.sink.process(large());
    // The DataNode has not heard that its writer is gone, and holds the lease.
    const { isUnderConstruction } = await client.getBlockLocations(fencedPath(path!));
    assert.equal(isUnderConstruction, true);
    network.heal();
    await assertEachOnce(rig, [...both('1'), ...largeLines]);
  });

  test('a network that crawls', async (t) => {
    const rig = await throughProxies(t);
    network.fault = { kind: 'slow', bytesPerSecond: 4 * MIB };
    await rig.sink.process(large());
    assert.ok(network.struck > 4);
    await assertEachOnce(rig, largeLines);
  });

  test('no DataNode, and the NameNode knows it', async (t) => {
    const rig = await sinkOf(t);
    await rig.sink.process(take('1'));
    await cluster.dataNode.end();
    await until('the NameNode has noticed', async () => (await liveDataNodes()) === 0, PATIENCE_MS);
    const text = await refused(rig, take('2'));
    assert.match(text, / (APPEND|CREATE) /);
    assert.match(text, /see that DataNodes run|see whether 127\.0\.0\.1:\d+ runs/);
    cluster.dataNode.start();
    await cluster.ready();
    // It is known a moment before it is chosen.
    await until(
      'the take is delivered',
      () =>
        Promise.resolve(rig.sink.process(take('2'))).then(
          () => true,
          () => false,
        ),
      PATIENCE_MS,
    );
    await assertEachOnce(rig, both('1', '2'));
  });

  async function liveDataNodes(): Promise<number> {
    const query = 'qry=Hadoop:service=NameNode,name=FSNamesystemState';
    const { beans } = (await (await fetch(`${cluster.url}/jmx?${query}`)).json()) as {
      beans: readonly { readonly NumLiveDataNodes: number }[];
    };
    return beans[0]!.NumLiveDataNodes;
  }
});
