import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/sources/exec/index.ts';
import { planText } from '../../kit/flow.ts';
import { optionRules } from '../option-rules.ts';

optionRules({
  declaration,
  required: { command: 'tail -F /var/log/app.log' },
  defaults: {
    command: 'tail -F /var/log/app.log',
    shell: undefined,
    restart: false,
    restartThrottle: 10_000,
    logStdErr: false,
    batchSize: 20,
    batchTimeout: 3000,
    charset: 'UTF-8',
  },
  good: [
    ['shell', '/bin/bash -c', 'shell', '/bin/bash -c'],
    ['restart', 'True', 'restart', true],
    ['restartThrottle', '250', 'restartThrottle', 250],
    ['restartThrottle', '2s', 'restartThrottle', 2000],
    ['logStdErr', 'true', 'logStdErr', true],
    ['batchSize', '1', 'batchSize', 1],
    ['batchTimeout', '1m', 'batchTimeout', 60_000],
  ],
  bad: [
    ['restartThrottle', 'soon', 'a number of milliseconds or a duration such as 10s, at least 0'],
    ['restartThrottle', '-5', 'a number of milliseconds or a duration such as 10s, at least 0'],
    ['batchSize', '0', 'a whole number of events, at least 1'],
    ['batchSize', 'many', 'a whole number of events, at least 1'],
    ['batchTimeout', '-1', 'a number of milliseconds or a duration such as 10s, at least 0'],
  ],
  misspelt: [
    ['comand', 'command'],
    ['restartThrotle', 'restartThrottle'],
    ['logStderror', 'logStdErr'],
  ],
});

describe('exec and its channel', () => {
  test('a batchSize over the channel’s transactionCapacity removes the source, as in Flume', async () => {
    const { plan, findings } = await planText(
      `sources = r1
       channels = c1
       sources.r1.type = exec
       sources.r1.command = true
       sources.r1.batchSize = 101
       sources.r1.channels = c1
       channels.c1.type = memory
       channels.c1.capacity = 100
       channels.c1.transactionCapacity = 100`,
    );
    const finding = findings.find(({ code }) => code === 'CONF_CAPACITY');
    assert.equal(finding?.severity, 'error');
    assert.match(finding.text, /r1/);
    assert.match(finding.text, /101/);
    assert.match(finding.text, /c1/);
    assert.ok(!plan?.units.some((unit) => unit.name === 'r1'));
  });
});
