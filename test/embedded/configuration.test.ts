/** Properties of an embedded agent: what Flume takes and refuses, and the flume.conf that they mean. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MillraceError } from '../../src/base/errors.ts';
import { parseProperties } from '../../src/config/properties/parse.ts';
import { configurationOf, type EmbeddedProperties } from '../../src/embedded/configuration.ts';

const PLUGIN = { file: 'file:///opt/source.js', topic: 't' };
const LEAST: EmbeddedProperties = {
  'channel.type': 'memory',
  'channel.capacity': 200,
  sinks: 'sink1 sink2',
  'sink1.type': 'avro',
  'sink2.type': 'AVRO',
  'sink1.hostname': 'collector1.apache.org',
  'sink1.port': 5564,
  'sink2.hostname': 'collector2.apache.org',
  'sink2.port': '5565',
  'processor.type': 'load_balance',
  'source.interceptors': 'i1',
  'source.interceptors.i1.type': 'static',
};

function parsed(properties: EmbeddedProperties): Record<string, string> {
  const text = configurationOf('a 1', properties, PLUGIN);
  const { properties: found, findings } = parseProperties(text, 'flume.conf');
  assert.deepEqual(findings, []);
  return Object.fromEntries(
    [...found].map(([key, value]) => [key, typeof value === 'string' ? value : value.value]),
  );
}

describe('properties of an embedded agent', () => {
  test('become a flume.conf with Flume’s internal names', () => {
    assert.deepEqual(parsed(LEAST), {
      'a 1.sources': 'source-a 1',
      'a 1.channels': 'channel-a 1',
      'a 1.sinks': 'sink1 sink2',
      'a 1.sinkgroups': 'sink-group-a 1',
      'a 1.sources.source-a 1.type': 'file:///opt/source.js',
      'a 1.sources.source-a 1.topic': 't',
      'a 1.sources.source-a 1.channels': 'channel-a 1',
      'a 1.sources.source-a 1.interceptors': 'i1',
      'a 1.sources.source-a 1.interceptors.i1.type': 'static',
      'a 1.channels.channel-a 1.type': 'memory',
      'a 1.channels.channel-a 1.capacity': '200',
      'a 1.sinkgroups.sink-group-a 1.sinks': 'sink1 sink2',
      'a 1.sinkgroups.sink-group-a 1.processor.type': 'load_balance',
      'a 1.sinks.sink1.channel': 'channel-a 1',
      'a 1.sinks.sink2.channel': 'channel-a 1',
      'a 1.sinks.sink1.type': 'avro',
      'a 1.sinks.sink2.type': 'AVRO',
      'a 1.sinks.sink1.hostname': 'collector1.apache.org',
      'a 1.sinks.sink1.port': '5564',
      'a 1.sinks.sink2.hostname': 'collector2.apache.org',
      'a 1.sinks.sink2.port': '5565',
    });
  });

  for (const value of ['C:\\flume\\data', '#x!', 'a=b:c', 'two words', 'tab\there', 'ümlaut €']) {
    test(`the value ${JSON.stringify(value)} is kept`, () => {
      const key = 'source.interceptors.i1.value';
      assert.equal(parsed({ ...LEAST, [key]: value })[`a 1.sources.source-a 1.interceptors.i1.value`], value);
    });
  }

  const refused: readonly (readonly [string, EmbeddedProperties, RegExp, string])[] = [
    [
      'no channel',
      { ...LEAST, 'channel.type': '' },
      /required property channel.type is missing/,
      'channel.type',
    ],
    [
      'another channel',
      { ...LEAST, 'channel.type': 'jdbc' },
      /channel.type = jdbc is not supported/,
      'channel.type',
    ],
    ['no sinks', { ...LEAST, sinks: ' ' }, /required property sinks is missing/, 'sinks'],
    ['a sink without a type', { ...LEAST, 'sink1.type': '' }, /required property sink1.type/, 'sink1.type'],
    ['another sink', { ...LEAST, 'sink2.type': 'hdfs' }, /sink2.type = hdfs is not supported/, 'sink2.type'],
    [
      'a sink named source',
      { ...LEAST, sinks: 'source', 'source.type': 'avro' },
      /source.type = avro/,
      'source.type',
    ],
    ['a sink named channel', { ...LEAST, sinks: 'channel' }, /must not have the name channel/, 'sinks'],
    [
      'no processor',
      { ...LEAST, 'processor.type': '' },
      /required property processor.type/,
      'processor.type',
    ],
    ['another processor', { ...LEAST, 'processor.type': 'x' }, /processor.type = x is not/, 'processor.type'],
    ['another source', { ...LEAST, 'source.type': 'netcat' }, /source.type = netcat is not/, 'source.type'],
    [
      'an unknown key',
      { ...LEAST, 'sink3.type': 'avro' },
      /^Unknown configuration sink3.type$/,
      'sink3.type',
    ],
    ['a key without a dot', { ...LEAST, bad: '1' }, /^Unknown configuration bad$/, 'bad'],
  ];
  for (const [what, properties, text, option] of refused) {
    test(`${what}: an error that names the property and a remedy`, () => {
      assert.throws(
        () => configurationOf('a1', properties, PLUGIN),
        (error: unknown) =>
          error instanceof MillraceError &&
          text.test(error.message) &&
          error.detail.option === option &&
          (error.detail.remedy ?? '') !== '',
      );
    });
  }
});
