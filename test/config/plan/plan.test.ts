/** From text to plan: the outcomes that Flume has for whole configurations. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BASE, errorsOf, only, plan, planWith, sourceOf, unitsOf } from '../planning.ts';

describe('several agents in one file', () => {
  const HOSTS = `
host1.sources = source1
host1.channels = channel1
host1.sinks = sink1
host1.sources.source1.type = seq
host1.sources.source1.channels = channel1
host1.channels.channel1.type = memory
host1.sinks.sink1.type = null
host1.sinks.sink1.channel = channel1
host2.sources = src1
host2.sources.src1.type = foo
host3.sources = src1
host3.channels = ch1
host3.sources.src1.type = foo
host3.sources.src1.channels = ch1
host5.sources = src1
host5.channels = ch1
host5.channels.ch1.type = abc
host5.sources.src1.type = def
host5.sources.src1.channels = ch1`;

  test('only the named one is planned; the others are validated and reported', async () => {
    const result = await plan(HOSTS, 'host1');
    assert.deepEqual(unitsOf(result), ['channel channel1', 'source source1', 'group sink1']);
    assert.equal(result.fatal, null);
    // The types of host5 are unknown, but types are only looked at in the agent that runs.
    assert.deepEqual(result.agents, ['host1', 'host5']);
    for (const host of ['host2', 'host3']) {
      const text = `Agent configuration invalid for agent '${host}'. It will be removed.`;
      assert.ok(result.findings.some((finding) => finding.text === text));
    }
  });

  test('an invalid agent has no plan, and that is not fatal: the process idles as Flume’s does', async () => {
    const result = await plan(HOSTS, 'host2');
    assert.deepEqual([result.plan, result.fatal], [null, null]);
    assert.equal(
      only(result.findings, 'CONF_UNKNOWN_AGENT').text,
      'No configuration found for this host:host2',
    );
  });
});

describe('a name that no agent has', () => {
  test('is an error with Flume’s text, the names there are, and the one that was meant', async () => {
    const result = await plan(`${BASE}\nb2.sources = r1`, 'A1');
    assert.deepEqual([result.plan, result.fatal], [null, null]);
    const finding = only(result.findings, 'CONF_UNKNOWN_AGENT');
    assert.deepEqual([finding.severity, finding.value], ['error', 'A1']);
    assert.equal(finding.text, 'No configuration found for this host:A1');
    assert.equal(finding.remedy, 'the configuration has: a1, b2; did you mean --name a1?');
  });

  test('in an empty configuration, that is said', async () => {
    const { findings } = await plan('# nothing', 'a1');
    assert.equal(only(findings, 'CONF_UNKNOWN_AGENT').remedy, 'the configuration has no agent');
  });
});

describe('a component that fails to configure leaves the rest running', () => {
  const badSource = 'a1.sources.r1.port = none';
  const badChannel = 'a1.channels.c1.capacity = 10\na1.channels.c1.transactionCapacity = 11';
  const badSink = 'a1.sinks.k1.type = null\na1.sinks.k1.batchSize = none';
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['source', badSource, ['channel c1', 'group k1']],
    ['sink', badSink, ['channel c1', 'source r1']],
    ['channel', badChannel, []],
    ['source and sink', `${badSource}\n${badSink}`, []],
  ];
  for (const [name, lines, left] of cases) {
    test(name, async () => {
      const result = await planWith(lines);
      assert.deepEqual(unitsOf(result), left);
      assert.equal(result.fatal, null);
      assert.ok(
        errorsOf(result).some((one) =>
          / has been removed due to an error during configuration/.test(one.text),
        ),
      );
    });
  }
});

describe('batch sizes against transactionCapacity', () => {
  const agent = (source: number, sink: number) => `
a1.sources = source1
a1.channels = channel1
a1.sinks = sink1
a1.sources.source1.type = seq
a1.sources.source1.batchSize = ${source}
a1.sources.source1.channels = channel1
a1.channels.channel1.type = memory
a1.channels.channel1.capacity = 1000
a1.channels.channel1.transactionCapacity = 1000
a1.sinks.sink1.type = null
a1.sinks.sink1.batchSize = ${sink}
a1.sinks.sink1.channel = channel1`;
  const cases: readonly (readonly [number, number, readonly string[]])[] = [
    [1000, 1000, ['channel channel1', 'source source1', 'group sink1']],
    [1001, 1000, ['channel channel1', 'group sink1']],
    [1000, 1001, ['channel channel1', 'source source1']],
    [1001, 1001, []],
  ];
  for (const [source, sink, left] of cases) {
    test(`${source} and ${sink} against 1000`, async () => {
      const result = await plan(agent(source, sink));
      assert.deepEqual(unitsOf(result), left);
      const said = result.findings.filter((one) => one.code === 'CONF_CAPACITY');
      assert.equal(said.length, Number(source > 1000) + Number(sink > 1000));
    });
  }

  test('the text is Flume’s, with both numbers', async () => {
    const { findings } = await plan(agent(1001, 1000));
    assert.equal(
      only(findings, 'CONF_CAPACITY').text,
      'Source source1 has been removed due to an error during configuration: Incompatible source and channel ' +
        "settings defined. source's batch size is greater than the channels transaction capacity. " +
        'Source: source1, batch size = 1001, channel channel1, transaction capacity = 1000',
    );
  });

  test('netcat has no batch size to compare', async () => {
    const result = await planWith('a1.channels.c1.capacity = 1\na1.channels.c1.transactionCapacity = 1');
    assert.deepEqual(unitsOf(result).slice(0, 2), ['channel c1', 'source r1']);
  });
});

describe('an unknown type', () => {
  for (const [kind, key] of [
    ['source', 'sources.r1'],
    ['channel', 'channels.c1'],
    ['sink', 'sinks.k1'],
  ] as const) {
    test(`of a ${kind} stops the whole load`, async () => {
      const result = await planWith(`a1.${key}.type = com.acme.Unknown`);
      assert.equal(result.plan, null);
      assert.equal(result.fatal?.code, 'CONF_UNKNOWN_TYPE');
      const finding = only(result.findings, 'CONF_UNKNOWN_TYPE');
      const component = `${kind} ${key.split('.')[1]}`;
      assert.equal(finding.text, `${component}: unable to load ${kind} type: com.acme.Unknown`);
      assert.deepEqual(
        [finding.severity, finding.component, finding.option, finding.value, finding.key, finding.file],
        ['error', component, 'type', 'com.acme.Unknown', `a1.${key}.type`, 'flume.conf'],
      );
      assert.match(finding.remedy!, /Java classes do not run in Millrace/);
    });
  }

  const suggestions: readonly (readonly [string, string, string])[] = [
    ['sources.r1', 'netkat', 'did you mean netcat?'],
    ['sinks.k1', 'loger', 'did you mean logger?'],
    ['channels.c1', 'memroy', 'did you mean memory?'],
    ['sinks.k1', 'org.apache.flume.sink.LogerSink', 'did you mean org.apache.flume.sink.LoggerSink?'],
    ['sinks.k1', 'netcat', '`millrace components sink` lists what there is'],
    ['sinks.k1', 'constructor', '`millrace components sink` lists what there is'],
  ];
  for (const [key, type, remedy] of suggestions) {
    test(`${type} for ${key}: ${remedy}`, async () => {
      assert.equal(
        only((await planWith(`a1.${key}.type = ${type}`)).findings, 'CONF_UNKNOWN_TYPE').remedy,
        remedy,
      );
    });
  }
});

describe('a known type', () => {
  for (const type of [
    'NETCAT',
    'NetCat',
    'org.apache.flume.source.NetcatSource',
    'ORG.apache.flume.source.netcatsource',
  ]) {
    test(`${type} is taken in any letter case`, async () => {
      const source = sourceOf(await planWith(`a1.sources.r1.type = ${type}`));
      assert.deepEqual([source.type, source.alias], [type, 'netcat']);
    });
  }

  test('a class without an alias is named by the class', async () => {
    const source = sourceOf(await planWith('a1.sources.r1.type = org.apache.flume.source.StressSource'));
    assert.equal(source.alias, 'org.apache.flume.source.StressSource');
  });
});

test('a channel that nothing uses is removed with a warning', async () => {
  const result = await planWith('a1.channels = c1 c2\na1.channels.c2.type = memory');
  assert.deepEqual(unitsOf(result), ['channel c1', 'source r1', 'group k1']);
  assert.equal(
    only(result.findings, 'CONF_COMPONENT').text,
    'Channel c2 has no components connected and has been removed.',
  );
  // Flume registers no counters for netcat and logger.
  assert.deepEqual(result.plan?.registered, ['channel c1']);
});

test('a plan can be handed to a worker', async () => {
  const { plan: made } = await planWith(
    'a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = host',
  );
  assert.deepEqual(structuredClone(made), made);
});

test('variables are resolved before anything else: a list may hold one', async () => {
  const result = await planWith(`a1.sinks = \${env:SINKS}`, { env: { SINKS: 'k1' } });
  assert.deepEqual(unitsOf(result), ['channel c1', 'source r1', 'group k1']);
});

test('an undefined variable under the resolver of Flume 1.8 leaves an empty value, which is ignored', async () => {
  const systemProperties = { propertiesImplementation: 'org.apache.flume.node.EnvVarResolverProperties' };
  const result = await planWith(`a1.sources.r1.encoding = \${NOT_SET}`, { systemProperties });
  assert.equal(only(result.findings, 'CONF_PROPERTY_VALUE_NULL').key, 'a1.sources.r1.encoding');
  assert.equal(sourceOf(result).properties.encoding, undefined);
});
