import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/channels/file/index.ts';
import { parseOptions } from '../../../src/component/options/parse.ts';
import { planText } from '../../kit/flow.ts';

function parse(properties: Record<string, string>) {
  return parseOptions(declaration.options, properties, { component: 'channel c1' });
}

describe('options of the file channel', () => {
  test('defaults are Flume’s, but for the size of a segment', () => {
    const { values, findings } = parse({});
    assert.deepEqual(findings, []);
    assert.equal(values.capacity, 1_000_000);
    assert.equal(values.transactionCapacity, 10_000);
    assert.equal(values['keep-alive'], 3);
    assert.equal(values.minimumRequiredSpace, 524_288_000);
    assert.equal(values.maxFileSize, 128 * 1024 * 1024);
  });

  test('dataDirs is a list with commas and blanks', () => {
    assert.deepEqual(parse({ dataDirs: '/a , /b,/c' }).values.dataDirs, ['/a', '/b', '/c']);
  });

  for (const [option, value] of [
    ['minimumRequiredSpace', '1000'],
    ['minimumRequiredSpace', 'much'],
    ['keep-alive', 'long'],
  ] as const) {
    test(`${option} = ${value} is an error that names it`, () => {
      const finding = parse({ [option]: value }).findings.find((one) => one.severity === 'error');
      assert.equal(finding?.option, option);
      assert.equal(finding?.value, value);
      assert.ok(finding?.remedy);
    });
  }

  for (const [option, value] of [
    ['capacity', '0'],
    ['transactionCapacity', 'x'],
    ['checkpointInterval', '0'],
    ['maxFileSize', '99999999999'],
  ] as const) {
    test(`${option} = ${value} gives a warning, and the default is used, as in Flume`, () => {
      const { values, findings } = parse({ [option]: value });
      assert.equal(findings[0]?.severity, 'warning');
      assert.equal(values[option], parse({}).values[option]);
    });
  }

  for (const option of ['useDualCheckpoints', 'use-fast-replay', 'fsyncInterval']) {
    test(`${option} is accepted, and said to have no effect`, () => {
      const { findings } = parse({ [option]: option === 'fsyncInterval' ? '9' : 'true' });
      assert.ok(findings.every((one) => one.severity !== 'error'));
      assert.match(findings.map((one) => one.text + (one.remedy ?? '')).join(), /no effect|no replay/);
    });
  }

  test('a batch larger than transactionCapacity removes its source, as in Flume', async () => {
    const { findings } = await planText(
      `sources = r1
       channels = c1
       sinks = k1
       sources.r1.type = org.apache.flume.source.StressSource
       sources.r1.batchSize = 200
       sources.r1.channels = c1
       channels.c1.type = FILE
       channels.c1.transactionCapacity = 100
       sinks.k1.type = null
       sinks.k1.channel = c1`,
    );
    assert.ok(findings.some((one) => /batch size = 200.*transaction capacity = 100/.test(one.text)));
  });
});
