/** Flume's second phase: options, parts of components, groups. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorsOf, groupOf, only, planWith, sourceOf, unitsOf } from '../planning.ts';

describe('options of a component', () => {
  test('a bad value is an error with file, line, component, option, value and remedy', async () => {
    const { findings } = await planWith('a1.sources.r1.port = 70000');
    const finding = findings.find((one) => one.code === 'CONF_OPTION_VALUE' && one.option === 'port')!;
    assert.deepEqual(
      [finding.severity, finding.component, finding.value, finding.file, finding.line, finding.key],
      ['error', 'source r1', '70000', 'flume.conf', 12, 'a1.sources.r1.port'],
    );
    assert.match(finding.text, /^Source r1 has been removed .*: port = 70000 is not a whole number/);
    assert.match(finding.remedy!, /give a whole number .*e\.g\. 44444/);
  });

  test('a missing one names the option and an example', async () => {
    const { findings } = await planWith('a1.sources.r1.bind = ');
    const finding = findings.find((one) => one.option === 'bind')!;
    assert.deepEqual([finding.code, finding.component], ['CONF_OPTION_REQUIRED', 'source r1']);
    assert.equal(finding.remedy, 'set bind, e.g. bind = 0.0.0.0');
  });

  test('an unknown one is a warning with the one that was meant, and the component runs', async () => {
    const result = await planWith('a1.sources.r1.max-line-lenght = 100');
    assert.equal(unitsOf(result).length, 3);
    const finding = only(result.findings, 'CONF_UNKNOWN_OPTION');
    assert.deepEqual([finding.severity, finding.line, finding.option], ['warning', 12, 'max-line-lenght']);
    assert.equal(finding.remedy, 'did you mean max-line-length?');
  });

  test('all findings come at once', async () => {
    const { findings } = await planWith(
      'a1.sources.r1.port = x\na1.sources.r1.max-line-length = y\na1.sinks.k1.maxBytesToLog = z\na1.sinks.k1.foo = 1',
    );
    assert.deepEqual(
      findings.filter((one) => one.option !== undefined).map((one) => one.option),
      ['port', 'max-line-length', 'maxBytesToLog', 'foo'],
    );
  });

  test('a value that only falls back is a warning', async () => {
    const result = await planWith('a1.channels.c1.capacity = many');
    assert.deepEqual(errorsOf(result), []);
    assert.match(only(result.findings, 'CONF_OPTION_VALUE').text, /capacity = many .*; 100 is used instead/);
  });

  test('keys of the engine are nobody’s slip', async () => {
    const { findings } = await planWith(
      'a1.sources.r1.selector.type = replicating\na1.sources.r1.backoffSleepIncrement = 1\na1.sinks.k1.config = x',
    );
    assert.deepEqual(findings, []);
  });

  test('a channel that is smaller than its transactions is removed', async () => {
    const result = await planWith('a1.channels.c1.capacity = 10\na1.channels.c1.transactionCapacity = 20');
    assert.match(
      errorsOf(result)[0]!.text,
      /^Channel c1 has been removed .*: Transaction Capacity of c1 cannot be higher than the capacity/,
    );
    assert.deepEqual(unitsOf(result), []);
  });
});

describe('interceptors', () => {
  test('are planned in the order of their list, each with its own properties', async () => {
    const result = await planWith(`a1.sources.r1.interceptors = i2  i1
a1.sources.r1.interceptors.i1.type = static
a1.sources.r1.interceptors.i1.key = k
a1.sources.r1.interceptors.i2.type = org.apache.flume.interceptor.TimestampInterceptor$Builder
a1.sources.r1.interceptors.i3.type = host`);
    assert.deepEqual(
      sourceOf(result).interceptors.map(({ name, alias, properties }) => [name, alias, properties.key]),
      [
        ['i2', 'timestamp', undefined],
        ['i1', 'static', 'k'],
      ],
    );
  });

  test('nested options of a part of an interceptor belong to it', async () => {
    const result = await planWith(`a1.sources.r1.interceptors = i1
a1.sources.r1.interceptors.i1.type = regex_extractor
a1.sources.r1.interceptors.i1.regex = ^(ERROR|INFO)
a1.sources.r1.interceptors.i1.serializers = s1
a1.sources.r1.interceptors.i1.serializers.s1.name = level`);
    assert.deepEqual(result.findings, []);
    assert.equal(sourceOf(result).interceptors[0]?.properties['serializers.s1.name'], 'level');
  });

  const broken: readonly (readonly [string, string, RegExp])[] = [
    ['one without a type', 'a1.sources.r1.interceptors.i1.key = k', /Type not specified for interceptor i1/],
    ['one that is not defined', '', /Type not specified for interceptor i1/],
    [
      'one of an unknown type',
      'a1.sources.r1.interceptors.i1.type = statik',
      /unable to load interceptor type: statik/,
    ],
    [
      'one with a bad value',
      'a1.sources.r1.interceptors.i1.type = search_replace',
      /interceptor i1 of source r1: required option searchPattern is missing/,
    ],
  ];
  for (const [name, lines, said] of broken) {
    test(`${name} removes the source, and only that`, async () => {
      const result = await planWith(`a1.sources.r1.interceptors = i1\n${lines}`);
      const removed = errorsOf(result).find((one) => one.text.startsWith('Source r1 has been removed'));
      assert.match(removed!.text, said);
      assert.deepEqual(unitsOf(result), ['channel c1', 'group k1']);
      assert.equal(result.fatal, null);
    });
  }

  test('a misspelt type gets a suggestion at its own line', async () => {
    const { findings } = await planWith(
      'a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = timestmp',
    );
    const finding = only(
      findings.filter((one) => one.remedy !== undefined),
      'CONF_UNKNOWN_TYPE',
    );
    assert.deepEqual(
      [finding.component, finding.remedy, finding.line],
      ['interceptor i1 of source r1', 'did you mean timestamp?', 13],
    );
  });

  test('a class of a third party is told what does the job', async () => {
    const { findings } = await planWith(
      'a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = com.acme.LogInterceptor$Builder',
    );
    assert.match(
      findings.find((one) => one.option === 'type')!.remedy!,
      /built-in interceptor, or write a plug-in/,
    );
  });

  test('an unknown option of an interceptor is a warning that names it', async () => {
    const { findings } = await planWith(
      'a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = static\na1.sources.r1.interceptors.i1.vaule = 1',
    );
    const finding = only(findings, 'CONF_UNKNOWN_OPTION');
    assert.deepEqual(
      [finding.component, finding.remedy, finding.line],
      ['interceptor i1 of source r1', 'did you mean value?', 14],
    );
  });
});

describe('selectors', () => {
  test('replicating is the default', async () => {
    assert.equal(sourceOf(await planWith('')).selector.alias, 'replicating');
  });

  const two = 'a1.channels = c1 c2\na1.channels.c2.type = memory\na1.sources.r1.channels = c1 c2\n';
  const multiplexing = `${two}a1.sources.r1.selector.type = multiplexing
a1.sources.r1.selector.header = level
a1.sources.r1.selector.mapping.ERROR = c1 c2`;

  test('a multiplexing one gets its options without the prefix', async () => {
    const { selector } = sourceOf(await planWith(`${multiplexing}\na1.sources.r1.selector.default = c2`));
    assert.equal(selector.alias, 'multiplexing');
    assert.deepEqual(
      [selector.properties.header, selector.properties['mapping.ERROR'], selector.properties.default],
      ['level', 'c1 c2', 'c2'],
    );
  });

  for (const line of ['mapping.INFO = c3', 'default = c1 c3', 'mapping.INFO = c1  c2']) {
    test(`${line} names what is no channel of the source: the source is removed`, async () => {
      const result = await planWith(`${multiplexing}\na1.sources.r1.selector.${line}`);
      assert.match(errorsOf(result)[0]!.text, /^Source r1 has been removed .*Selector channel not found: /);
      assert.equal(unitsOf(result).includes('source r1'), false);
    });
  }

  test('an unknown one removes the source', async () => {
    const result = await planWith('a1.sources.r1.selector.type = multiplex');
    assert.equal(unitsOf(result).includes('source r1'), false);
    assert.equal(errorsOf(result)[0]?.option, 'type');
    assert.equal(errorsOf(result)[0]?.component, 'selector of source r1');
  });
});

describe('sink groups', () => {
  const group = (type: string, sinks = 'k1 k2') => `a1.sinks = k1 k2 k3
a1.sinks.k2.type = null
a1.sinks.k2.channel = c1
a1.sinks.k3.type = null
a1.sinks.k3.channel = c1
a1.sinkgroups = g1
a1.sinkgroups.g1.sinks = ${sinks}
${type === '' ? '' : `a1.sinkgroups.g1.processor.type = ${type}`}`;

  test('the sinks of a group run in it, others alone under the default processor', async () => {
    const result = await planWith(`${group('failover')}\na1.sinkgroups.g1.processor.priority.k2 = 10`);
    assert.deepEqual(unitsOf(result), ['channel c1', 'source r1', 'group g1', 'group k3']);
    const made = groupOf(result, 'g1');
    assert.deepEqual(
      made.sinks.map((sink) => sink.name),
      ['k1', 'k2'],
    );
    assert.deepEqual([made.processor.alias, made.processor.properties['priority.k2']], ['failover', '10']);
    assert.equal(groupOf(result, 'k3').processor.alias, 'default');
  });

  const gone: readonly (readonly [string, string, RegExp])[] = [
    ['without a processor type', group(''), /processor\.type is missing/],
    ['with an unknown processor', group('failoverr'), /unable to load processor type: failoverr/],
    ['of two sinks under default', group('default'), /Default sink processor takes one sink only/],
    ['of one sink under load_balance', group('load_balance', 'k1'), /cannot be used for a single sink/],
    [
      'with a bad option',
      `${group('load_balance')}\na1.sinkgroups.g1.processor.selector.maxTimeOut = x`,
      /maxTimeOut = x/,
    ],
  ];
  for (const [name, lines, said] of gone) {
    test(`a group ${name} is removed, and its sinks do not run`, async () => {
      const result = await planWith(lines);
      const left = unitsOf(result).filter((unit) => unit.startsWith('group'));
      assert.deepEqual(
        left,
        name === 'of one sink under load_balance' ? ['group k2', 'group k3'] : ['group k3'],
      );
      assert.ok(errorsOf(result).some((one) => said.test(one.text)));
      assert.equal(result.fatal, null);
    });
  }

  test('a group that names a sink which was removed stops the agent: nothing runs', async () => {
    const result = await planWith(`${group('failover')}\na1.sinks.k2.batchSize = none`);
    assert.equal(result.plan, null);
    assert.match(result.fatal!.message, /^Failed to instantiate component: sink group g1 refers to sink k2/);
    assert.ok(
      errorsOf(result).some((one) => one.component === 'sinkgroup g1' && /mend k2/.test(one.remedy!)),
    );
  });
});

describe('serializers of a sink', () => {
  test('have their options under the sink’s, and they are not unknown', async () => {
    const { findings } = await planWith(`a1.sinks.k1.type = file_roll
a1.sinks.k1.sink.directory = /tmp
a1.sinks.k1.sink.serializer = header_and_text
a1.sinks.k1.sink.serializer.appendNewline = false`);
    assert.deepEqual(findings, []);
  });
});

describe('plug-ins', () => {
  const declaration = {
    kind: 'sink',
    aliases: [],
    classes: [],
    title: 'x',
    stability: 'experimental',
    options: { level: { kind: 'int', required: true, help: 'x' } },
    registersCounters: true,
    blocking: false,
    example: '',
  };
  const plugin = async (specifier: string) => (specifier === 'file:x.ts' ? { default: declaration } : null);

  test('are found by their specifier and have their options checked', async () => {
    const good = await planWith('a1.sinks.k1.type = file:x.ts\na1.sinks.k1.level = 1', { plugin });
    assert.equal(groupOf(good, 'k1').sinks[0]?.alias, 'file:x.ts');
    const bad = await planWith('a1.sinks.k1.type = file:x.ts', { plugin });
    assert.match(errorsOf(bad)[0]!.text, /^Sink k1 has been removed .*: required option level is missing$/);
  });

  test('of another kind are not taken', async () => {
    const result = await planWith('a1.sources.r1.type = file:x.ts', { plugin });
    assert.equal(result.fatal?.code, 'CONF_UNKNOWN_TYPE');
  });
});

describe('what is to be done', () => {
  const TWO = 'a1.channels = c1 c2\na1.channels.c2.type = memory\na1.sources.r1.channels = c1 c2';
  const cases: readonly (readonly [string, string, string, string, string])[] = [
    [
      'a batch that is larger than transactions',
      'a1.sinks.k1.type = null\na1.sinks.k1.batchSize = 500',
      'batchSize',
      '500',
      'give batchSize at most 100, or transactionCapacity of channel c1 at least 500',
    ],
    [
      'transactions that are larger than the channel',
      'a1.channels.c1.transactionCapacity = 200',
      'transactionCapacity',
      '200',
      'give capacity at least 200, or transactionCapacity at most 100',
    ],
    [
      'a mapping to a channel that the source does not have',
      `${TWO}\na1.sources.r1.selector.type = multiplexing\na1.sources.r1.selector.mapping.A = logs`,
      'selector.mapping.A',
      'logs',
      'name channels of the source (c1, c2), separated by one blank',
    ],
    [
      'channels that a mapping separates by commas',
      `${TWO}\na1.sources.r1.selector.type = multiplexing\na1.sources.r1.selector.default = c1,c2`,
      'selector.default',
      'c1,c2',
      'separate names by blanks, not by commas',
    ],
    [
      'interceptors that are separated by commas',
      'a1.sources.r1.interceptors = i1, i2\na1.sources.r1.interceptors.i1.type = host',
      'interceptors',
      'i1, i2',
      'separate names by blanks, not by commas',
    ],
    [
      'a load balancer with one sink',
      'a1.sinkgroups = g1\na1.sinkgroups.g1.sinks = k1\na1.sinkgroups.g1.processor.type = load_balance',
      'sinks',
      'k1',
      'add a sink to the group, or dissolve it',
    ],
  ];
  for (const [name, lines, option, value, remedy] of cases) {
    test(`${name}: option, value, line and remedy`, async () => {
      const { findings } = await planWith(lines);
      const found = findings.find((one) => one.option === option)!;
      assert.ok(found !== undefined, JSON.stringify(findings));
      assert.deepEqual([found.severity, found.value, found.remedy], ['error', value, remedy]);
      assert.ok(found.key?.endsWith(`.${option}`), found.key);
    });
  }

  test('a comment behind a type is not taken for a plug-in', async () => {
    const { fatal } = await planWith('a1.channels.c1.type = memory # fast');
    assert.match(fatal!.message, /memory # fast \(put the comment on a line of its own/);
  });
});
