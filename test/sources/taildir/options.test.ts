import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SourceContext } from '../../../src/component/source.ts';
import declaration from '../../../src/sources/taildir/index.ts';
import { planText } from '../../kit/flow.ts';
import { createPart, type Properties, RecordedLog, refusalOf } from '../../kit/part.ts';
import { optionRules } from '../option-rules.ts';

optionRules({
  declaration,
  required: { filegroups: 'f1' },
  defaults: {
    filegroups: ['f1'],
    'filegroups.*': {},
    'headers.*': {},
    positionFile: undefined,
    byteOffsetHeader: false,
    skipToEnd: false,
    idleTimeout: 120_000,
    writePosInterval: 3000,
    batchSize: 100,
    maxBatchCount: undefined,
    backoffSleepIncrement: 1000,
    maxBackoffSleep: 5000,
    cachePatternMatching: true,
    fileHeader: false,
    fileHeaderKey: 'file',
    identity: 'content',
    watch: true,
    maxOpenFiles: 1000,
    maxLineLength: 14 * 1024 * 1024,
  },
  good: [
    ['filegroups', ' f1  f2 ', 'filegroups', ['f1', 'f2']],
    ['filegroups.f1', '/var/log/.*', 'filegroups.*', { f1: '/var/log/.*' }],
    ['headers.f1.a.b', 'c', 'headers.*', { 'f1.a.b': 'c' }],
    ['positionFile', '/tmp/p.json', 'positionFile', '/tmp/p.json'],
    ['byteOffsetHeader', 'TRUE', 'byteOffsetHeader', true],
    ['skipToEnd', 'true', 'skipToEnd', true],
    ['idleTimeout', '2m', 'idleTimeout', 120_000],
    ['writePosInterval', '500', 'writePosInterval', 500],
    ['batchSize', '1000', 'batchSize', 1000],
    ['maxBatchCount', '9223372036854775807', 'maxBatchCount', 2 ** 63],
    ['maxBatchCount', '-1', 'maxBatchCount', -1],
    ['identity', 'INODE-PATH', 'identity', 'inode-path'],
    ['maxLineLength', '1MiB', 'maxLineLength', 1024 * 1024],
  ],
  bad: [
    ['idleTimeout', 'never', 'a number of milliseconds or a duration such as 10s, at least 1'],
    ['batchSize', '0', 'a whole number of events, at least 1'],
    ['maxBatchCount', 'all', 'a whole number'],
    ['identity', 'name', 'one of content, inode-path'],
    ['maxOpenFiles', '0', 'a whole number, at least 1'],
    ['maxLineLength', '15MiB', 'a number of bytes or a size such as 64MiB from 1 to 14680064'],
  ],
  misspelt: [
    ['positonFile', 'positionFile'],
    ['batchsize', 'batchSize'],
  ],
});

async function make(properties: Properties, log = new RecordedLog()): Promise<RecordedLog> {
  const context = { name: 'r1', log } as unknown as SourceContext;
  await createPart(declaration, properties, context);
  return log;
}

describe('taildir and its groups', () => {
  test('no group with files is refused, with Flume’s words and how to set one', async () => {
    const error = await refusalOf(() => make({ filegroups: 'f1 f2', 'filegroups.f3': '/x/.*' }));
    assert.equal(error.code, 'CONF_OPTION_REQUIRED');
    assert.match(error.message, /source r1: Mapping for tailing files is empty or invalid: 'filegroups\.'/);
    assert.match(error.detail.remedy!, /filegroups\.f1 = /);
  });

  test('a group without files is left out with a warning that names it', async () => {
    const log = await make({ filegroups: 'f1 f2', 'filegroups.f1': '/var/log/.*' });
    assert.deepEqual(log.texts('warn'), ['source r1: group f2 is left out: there is no filegroups.f2']);
  });

  test('a pattern that Java would not take is refused with option and value', async () => {
    const error = await refusalOf(() => make({ filegroups: 'f1', 'filegroups.f1': '/var/log/*.log' }));
    assert.equal(error.detail.option, 'filegroups.f1');
    assert.equal(error.detail.value, '/var/log/*.log');
  });

  test('a batchSize over the channel’s transactionCapacity removes the source, as in Flume', async () => {
    const { plan, findings } = await planText(
      `sources = r1
       channels = c1
       sources.r1.type = TAILDIR
       sources.r1.filegroups = f1
       sources.r1.filegroups.f1 = /tmp/.*
       sources.r1.batchSize = 101
       sources.r1.channels = c1
       channels.c1.type = memory
       channels.c1.capacity = 100
       channels.c1.transactionCapacity = 100`,
    );
    assert.equal(findings.find(({ code }) => code === 'CONF_CAPACITY')?.severity, 'error');
    assert.ok(!plan?.units.some((unit) => unit.name === 'r1'));
  });
});
