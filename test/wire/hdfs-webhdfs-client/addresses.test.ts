/** From the URI of a user to the addresses that are asked. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  HadoopConfiguration,
  HdfsSettingsError,
  resolveCluster,
  WebHdfsClient,
} from '../../../src/wire/hdfs-webhdfs-client/index.ts';

function configurationOf(properties: Readonly<Record<string, string>>): HadoopConfiguration {
  const configuration = new HadoopConfiguration({});
  const text = Object.entries(properties).map(
    ([name, value]) => `<property name="${name}" value="${value}"/>`,
  );
  configuration.add(`<configuration>${text.join('')}</configuration>`, 'hdfs-site.xml');
  return configuration;
}

const NOTHING = new HadoopConfiguration({});
const SINGLE = configurationOf({
  'fs.defaultFS': 'hdfs://master:8020',
  'dfs.namenode.http-address': '0.0.0.0:50070',
});
const HA = configurationOf({
  'fs.defaultFS': 'hdfs://logs',
  'dfs.nameservices': 'logs, archive',
  'dfs.ha.namenodes.logs': 'a,b',
  'dfs.namenode.rpc-address.logs.a': 'one:8020',
  'dfs.namenode.http-address.logs.a': 'one:9000',
  'dfs.namenode.https-address.logs.a': 'one:9443',
  'dfs.namenode.rpc-address.logs.b': 'two:8020',
  'dfs.namenode.rpc-address.archive': 'old:8020',
  'dfs.namenode.http-address.archive': 'old:50070',
});
const SECURE = configurationOf({
  'dfs.http.policy': 'HTTPS_ONLY',
  'dfs.namenode.rpc-address': 'master:8020',
  'dfs.namenode.https-address': 'master:9443',
});

const found: readonly (readonly [string, HadoopConfiguration, readonly string[], string])[] = [
  ['hdfs://nn/', NOTHING, ['http://nn:9870'], '/'],
  ['hdfs://nn:8020/a/b', NOTHING, ['http://nn:9870'], '/a/b'],
  ['hdfs://user@nn:9000', NOTHING, ['http://nn:9870'], '/'],
  ['hdfs://[::1]:8020/a', NOTHING, ['http://::1:9870'], '/a'],
  ['hdfs://MASTER:8020/a', SINGLE, ['http://MASTER:50070'], '/a'],
  ['hdfs://master:9999/a', SINGLE, ['http://master:9870'], '/a'],
  ['hdfs:///a', SINGLE, ['http://master:50070'], '/a'],
  ['/a/%20', SINGLE, ['http://master:50070'], '/a/%20'],
  ['hdfs://logs/a', HA, ['http://one:9000', 'http://two:9870'], '/a'],
  ['/a', HA, ['http://one:9000', 'http://two:9870'], '/a'],
  ['webhdfs://logs/a', HA, ['http://one:9000', 'http://two:9870'], '/a'],
  ['swebhdfs://logs/a', HA, ['https://one:9443', 'https://two:9871'], '/a'],
  ['hdfs://two:8020/a', HA, ['http://two:9870'], '/a'],
  ['hdfs://archive/a', HA, ['http://old:50070'], '/a'],
  ['hdfs://master:8020/a', SECURE, ['https://master:9443'], '/a'],
  ['webhdfs://nn:1234/a', NOTHING, ['http://nn:1234'], '/a'],
  ['swebhdfs://nn/a', NOTHING, ['https://nn:9871'], '/a'],
  ['http://nn:9870', NOTHING, ['http://nn:9870'], '/'],
  ['http://gw:14000/webhdfs/v1/a', NOTHING, ['http://gw:14000'], '/a'],
  ['https://gw/webhdfs/v1', NOTHING, ['https://gw:443'], '/'],
];

describe('addresses', () => {
  for (const [uri, configuration, wanted, path] of found) {
    test(`${uri} → ${wanted.join(', ')}`, () => {
      const cluster = resolveCluster(uri, configuration);
      const urls = cluster.endpoints.map(
        ({ secure, host, port }) => `http${secure ? 's' : ''}://${host}:${port}`,
      );
      assert.deepEqual(urls, wanted);
      assert.equal(cluster.path, path);
    });
  }

  test('a gateway may have a prefix of its own', () => {
    const { endpoints, path } = resolveCluster('https://knox:8443/gateway/default/webhdfs/v1/logs', NOTHING);
    assert.equal(endpoints[0]!.prefix, '/gateway/default/webhdfs/v1');
    assert.equal(path, '/logs');
  });

  test('what was assumed is said, with the port of Hadoop 2', () => {
    assert.match(resolveCluster('hdfs://nn:8020', NOTHING).origin, /9870 is assumed.*Hadoop 2: 50070/);
    assert.equal(resolveCluster('hdfs://master:8020', SINGLE).origin, 'hdfs-site.xml');
  });

  const refused: readonly (readonly [string, HadoopConfiguration, RegExp])[] = [
    ['a/b', NOTHING, /neither a URI nor an absolute path/],
    ['/a', NOTHING, /names no cluster/],
    ['/a', configurationOf({ 'fs.defaultFS': 'file:///' }), /names no cluster/],
    ['s3a://bucket/a', NOTHING, /scheme s3a/],
    ['hdfs://nn:0/a', NOTHING, /not HOST or HOST:PORT/],
    ['hdfs://nn:x/a', NOTHING, /not HOST or HOST:PORT/],
    ['http://nn:9870/a', NOTHING, /webhdfs\/v1/],
    ['webhdfs:///a', NOTHING, /names no host/],
    ['hdfs://x/a', configurationOf({ 'dfs.nameservices': 'x', 'dfs.ha.namenodes.x': 'a' }), /address\.x\.a/],
  ];
  for (const [uri, configuration, reason] of refused) {
    test(`${uri} is refused: ${reason.source}`, () => {
      assert.throws(
        () => resolveCluster(uri, configuration),
        (error) => error instanceof HdfsSettingsError && reason.test(error.message),
      );
    });
  }

  test('an option of addresses goes before everything', () => {
    const nameNodes = ['one:1', 'https://two:2', 'three'];
    const client = new WebHdfsClient({ uri: 'hdfs://any/logs', nameNodes, environment: {} });
    assert.deepEqual(client.addresses.nameNodes, ['one:1', 'two:2', 'three:9870']);
    assert.equal(client.path, '/logs');
  });
});
