import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../../../src/base/log.ts';
import { parseOptions } from '../../../src/component/options/parse.ts';
import { locate, openFileSystem } from '../../../src/sinks/hdfs/file-system/open.ts';
import { WebHdfsFileSystem } from '../../../src/sinks/hdfs/file-system/webhdfs.ts';
import declaration from '../../../src/sinks/hdfs/index.ts';
import { type HdfsSettings, settingsOf } from '../../../src/sinks/hdfs/settings.ts';
import type { Properties } from '../../kit/part.ts';
import { refusalOf } from '../../kit/part.ts';
import { SinkRig } from '../../kit/sink.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

const PATH = { 'hdfs.path': 'hdfs://nn:8020/flume' };
const warnings: string[] = [];

function settings(properties: Properties): HdfsSettings {
  warnings.length = 0;
  const { values } = parseOptions(declaration.options, { ...PATH, ...properties }, { component: 'sink k1' });
  return settingsOf(values, 'sink k1', (text) => void warnings.push(text));
}

test('defaults are Flume’s', () => {
  const made = settings({});
  const { count, bodyBytes, intervalMs, idleMs, minBodyBytes, minReplicas } = made.rolls;
  assert.deepEqual(
    [count, bodyBytes, intervalMs, idleMs, minBodyBytes, minReplicas],
    [10, 1024, 30_000, 0, 0, 0],
  );
  assert.deepEqual(made.names, { inUsePrefix: '', inUseSuffix: '.tmp', suffix: '' });
  assert.deepEqual(made.form, { type: 'SequenceFile', codec: null, value: 'bytes' });
  assert.equal(made.filePrefix, 'FlumeData');
  assert.equal(made.batchSize, 100);
  assert.equal(made.openFilesMax, 5000);
  assert.equal(made.commitIntervalMs, 1000);
  assert.equal(made.concurrency, 10);
  assert.equal(made.callTimeoutMs, 30_000);
  assert.equal(made.finishTries, Number.POSITIVE_INFINITY);
  assert.equal(made.retryMs, 180_000);
  assert.equal(made.rounding, null);
  assert.equal(made.stateDirectory, join(homedir(), '.flume', 'hdfs-sink'));
  assert.deepEqual(warnings, []);
});

test('a take is as large as commitEvents says, unless files are rolled by count or size', () => {
  const of = (count: string, size: string, more: Properties = {}) =>
    settings({ 'hdfs.rollCount': count, 'hdfs.rollSize': size, ...more }).takeEvents;
  assert.equal(of('0', '0'), 65_536);
  assert.equal(of('0', '128MiB'), 65_536);
  assert.equal(of('10', '1024'), 100);
  assert.equal(of('5000', '0'), 5000);
  assert.equal(of('0', '64000'), 1000);
  assert.equal(of('0', '0', { 'hdfs.commitEvents': '20000' }), 20_000);
  assert.equal(of('0', '0', { 'hdfs.commitEvents': '1', 'hdfs.batchSize': '500' }), 500);
});

test('small commits are a second apart on a cluster, and not at all on a local disk', () => {
  const of = (path: string, more: Properties = {}) =>
    settings({ 'hdfs.path': path, ...more }).commitIntervalMs;
  assert.equal(of('webhdfs://nn/x'), 1000);
  assert.equal(of('file:///x/%Y'), 0);
  assert.equal(of('file:///x', { 'hdfs.commitInterval': '2s' }), 2000);
  assert.equal(of('hdfs://nn/x', { 'hdfs.commitInterval': '-1' }), 0);
});

test('closeTries and retryInterval', () => {
  assert.equal(settings({ 'hdfs.retryInterval': '0' }).finishTries, 1);
  assert.match(warnings[0]!, /hdfs\.retryInterval is 0 or less/);
  assert.equal(settings({ 'hdfs.retryInterval': '-1', 'hdfs.closeTries': '7' }).finishTries, 1);
  assert.equal(settings({ 'hdfs.closeTries': '0' }).finishTries, Number.POSITIVE_INFINITY);
  assert.equal(settings({ 'hdfs.closeTries': '-4' }).finishTries, Number.POSITIVE_INFINITY);
  assert.equal(settings({ 'hdfs.closeTries': '3' }).finishTries, 3);
});

test('what cannot work is refused, with the option and the remedy', async () => {
  const directory = temporaryDirectory();
  const cases: readonly (readonly [Properties, string, RegExp])[] = [
    [{ 'hdfs.fileType': 'CompressedStream' }, 'hdfs.fileType', /It's essential to set compress codec/],
    [
      { 'hdfs.fileType': 'datastream', 'hdfs.codeC': 'gzip' },
      'hdfs.codeC',
      /does NOT support compressed output/,
    ],
    [{ 'hdfs.codeC': 'lzop' }, 'hdfs.codeC', /lzop is not part of Hadoop/],
    [{ 'hdfs.codeC': 'nope' }, 'hdfs.codeC', /Unsupported compression codec nope/],
    [{ 'hdfs.writeFormat': 'com.example.Builder' }, 'hdfs.writeFormat', /write Writable or Text/],
    [
      { 'hdfs.round': 'true', 'hdfs.roundValue': '0' },
      'hdfs.roundValue',
      /Round value must be > 0 and <= 60/,
    ],
    [
      { 'hdfs.round': 'true', 'hdfs.roundValue': '25', 'hdfs.roundUnit': 'hour' },
      'hdfs.roundValue',
      /must be > 0 and <= 24/,
    ],
    [{ 'hdfs.kerberosPrincipal': 'a@B' }, 'hdfs.kerberosPrincipal', /set hdfs\.kerberosKeytab/],
    [{ 'hdfs.kerberosKeytab': '/k' }, 'hdfs.kerberosKeytab', /set hdfs\.kerberosPrincipal/],
    [
      {
        'hdfs.kerberosPrincipal': 'user1/localhost@EXAMPLE.COM',
        'hdfs.kerberosKeytab': '/usr/lib/flume/none',
      },
      'hdfs.kerberosKeytab',
      /Keytab is not a readable file/,
    ],
    [
      { 'hdfs.kerberosPrincipal': 'user1/localhost@EXAMPLE.COM', 'hdfs.kerberosKeytab': directory },
      'hdfs.kerberosKeytab',
      /Keytab is not a readable file/,
    ],
    [{ 'hdfs.path': 's3a://bucket/x' }, 'hdfs.path', /the scheme s3a is not known/],
    [{ 'hdfs.path': 'flume/events' }, 'hdfs.path', /it is no absolute path/],
  ];
  for (const [properties, option, text] of cases) {
    const error = await refusalOf(() => SinkRig.create(declaration, { ...PATH, ...properties }));
    assert.equal(error.code, 'CONF_OPTION_VALUE');
    assert.equal(error.detail.option, option);
    const { remedy } = error.detail;
    assert.match(`${error.message} (${remedy})`, text);
    assert.ok(remedy && !error.message.includes(remedy), 'the remedy is told beside the text');
  }
});

test('%[name] of another name is refused at the start', async () => {
  const rig = await SinkRig.create(declaration, {
    'hdfs.path': 'file:///x/%[abcdefg]',
    'hdfs.recoverInUse': 'false',
  });
  await assert.rejects(Promise.resolve(rig.sink.start?.()), /%\[abcdefg\]/);
});

test('with commit records no more is held than they have room for', () => {
  const exact = { 'hdfs.delivery': 'exactly-once', 'hdfs.maxHeldEvents': '200000' };
  assert.equal(settings(exact).heldMax.events, 100_000);
  assert.match(warnings[0]!, /hdfs\.maxHeldEvents = 200000: .* 100000 are held at most/);
  assert.equal(settings({ ...exact, 'hdfs.delivery': 'at-least-once' }).heldMax.events, 200_000);
  assert.deepEqual(warnings, []);
});

test('what Flume passes over is told', () => {
  settings({ 'hdfs.timeZone': 'Mars/Olympus' });
  assert.match(warnings[0]!, /Mars\/Olympus is no time zone: GMT is used/);
  assert.equal(settings({ 'hdfs.round': 'true', 'hdfs.roundUnit': 'day' }).rounding, null);
  assert.match(warnings[0]!, /times are not rounded/);
  assert.deepEqual(
    settings({ 'hdfs.round': 'true', 'hdfs.roundUnit': 'Hour', 'hdfs.roundValue': '6' }).rounding,
    {
      unit: 'hour',
      value: 6,
    },
  );
});

test('Kerberos goes to the file system', () => {
  const keytab = join(temporaryDirectory(), 'k');
  writeFileSync(keytab, '');
  const { fileSystem } = settings({ 'hdfs.kerberosPrincipal': 'a@B', 'hdfs.kerberosKeytab': keytab });
  assert.deepEqual(fileSystem.kerberos, { principal: 'a@B', keytab });
});

test('codecs: the extension of files, unless a suffix is given', () => {
  const suffix = (properties: Properties) => settings(properties).names.suffix;
  assert.equal(suffix({ 'hdfs.codeC': 'gzip' }), '.gz');
  assert.equal(suffix({ 'hdfs.codeC': 'BZip2Codec', 'hdfs.fileType': 'CompressedStream' }), '.bz2');
  assert.equal(suffix({ 'hdfs.codeC': 'org.apache.hadoop.io.compress.SnappyCodec' }), '.snappy');
  assert.equal(suffix({ 'hdfs.codeC': 'DEFAULT', 'hdfs.fileSuffix': '.z' }), '.z');
});

test('paths: the scheme and authority, and what is behind', () => {
  assert.deepEqual(locate('/a//b/'), { root: '', path: '/a/b' });
  assert.deepEqual(locate('file:/a'), { root: 'file://', path: '/a' });
  assert.deepEqual(locate('FILE:///a/'), { root: 'file://', path: '/a' });
  assert.deepEqual(locate('hdfs://nn:8020'), { root: 'hdfs://nn:8020', path: '/' });
  assert.deepEqual(locate('hdfs:///a'), { root: 'hdfs://', path: '/a' });
  assert.deepEqual(locate('swebhdfs://h:9871/a b/c:d'), { root: 'swebhdfs://h:9871', path: '/a b/c:d' });
});

test('a path without scheme: fs.defaultFS of core-site.xml, else the local disk, as in Hadoop', async () => {
  const directory = temporaryDirectory();
  const core = (value: string) =>
    writeFileSync(
      join(directory, 'core-site.xml'),
      `<configuration><property><name>fs.defaultFS</name><value>${value}</value></property></configuration>`,
    );
  const opened = (more: Properties) =>
    openFileSystem({ ...settings(more).fileSystem, log: silentLogger, root: '' });
  assert.equal((await opened({ 'hdfs.hadoopConfDir': directory })).root, 'file://');
  core('file:///');
  assert.equal((await opened({ 'hdfs.hadoopConfDir': directory })).root, 'file://');
  core('hdfs://nn:8020');
  const remote = await opened({ 'hdfs.hadoopConfDir': directory });
  assert.ok(remote instanceof WebHdfsFileSystem);
  await remote.close();
  const named = await opened({ 'hdfs.nameNodes': 'nn1:9870 nn2:9870' });
  assert.ok(named instanceof WebHdfsFileSystem);
  await named.close();
});
