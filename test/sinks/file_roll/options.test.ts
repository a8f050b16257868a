import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import declaration from '../../../src/sinks/file_roll/index.ts';
import { badValue, missing, optionsContract } from '../../kit/options.ts';
import { refusalOf } from '../../kit/part.ts';
import { SinkRig } from '../../kit/sink.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

optionsContract({
  declaration,
  required: { 'sink.directory': '/var/log/flume' },
  defaults: {
    'sink.rollInterval': 30,
    'sink.serializer': 'TEXT',
    'sink.serializer.*': {},
    'sink.batchSize': 100,
    'sink.pathManager': 'DEFAULT',
    'sink.pathManager.extension': '',
    'sink.pathManager.prefix': '',
    'sink.fsync': 'never',
  },
  good: [
    [{ 'sink.rollInterval': '1h' }, { 'sink.rollInterval': 3600 }],
    [{ 'sink.rollInterval': '-1' }, { 'sink.rollInterval': -1 }],
    [{ 'sink.pathManager': 'rolltime' }, { 'sink.pathManager': 'ROLLTIME' }],
    [{ 'sink.fsync': 'BATCH' }, { 'sink.fsync': 'batch' }],
    [{ 'sink.serializer.appendNewline': 'false' }, { 'sink.serializer.*': { appendNewline: 'false' } }],
  ],
  bad: [
    missing('sink.directory'),
    badValue('sink.rollInterval', 'hourly', /a number of seconds or a duration such as 10s, e\.g\. 1h/),
    badValue('sink.batchSize', '0', /a whole number of events, at least 1, e\.g\. 1000/),
    badValue(
      'sink.pathManager',
      'com.example.Mine',
      /one of DEFAULT, ROLLTIME, .*RollTimePathManager\$Builder/,
    ),
    badValue('sink.fsync', 'always', /one of never, batch/),
  ],
  slip: ['sink.rollinterval', 'sink.rollInterval'],
});

describe('sink file_roll: a directory that cannot be used, when it starts', () => {
  const started = (directory: string, more = {}) =>
    SinkRig.start(declaration, { 'sink.directory': directory, ...more });

  test('one that is missing is told with option, value and remedy, and tried again', async () => {
    const directory = join(temporaryDirectory(), 'none');
    const error = await refusalOf(() => started(directory));
    assert.equal(error.code, 'SINK_FAILED');
    assert.equal(error.retryable, true);
    assert.match(error.message, /^sink k1: sink\.directory .*none cannot be used: ENOENT/);
    const { component, option, value, remedy } = error.detail;
    assert.deepEqual([component, option, value], ['sink k1', 'sink.directory', directory]);
    assert.match(remedy!, /create it/);
  });

  test('a file in its place is told', async () => {
    const path = join(temporaryDirectory(), 'file');
    writeFileSync(path, '');
    const { message } = await refusalOf(() => started(path));
    assert.match(message, /it is not a directory/);
  });

  test('a serializer that is unknown, or has a bad option, is told', async () => {
    const directory = temporaryDirectory();
    const unknown = await refusalOf(() => started(directory, { 'sink.serializer': 'csv' }));
    assert.equal(unknown.code, 'CONF_UNKNOWN_TYPE');
    assert.match(unknown.message, /csv/);
    const bad = await refusalOf(() =>
      started(directory, { 'sink.serializer': 'avro_event', 'sink.serializer.syncIntervalBytes': 'x' }),
    );
    assert.equal(bad.code, 'CONF_OPTION_VALUE');
    assert.match(bad.message, /^serializer of sink k1: syncIntervalBytes = x is not/);
  });
});
