import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engineSettings } from '../../src/engine/settings.ts';

describe('system properties of the engine', () => {
  test('have defaults, and leave those of others alone', () => {
    const { values, findings } = engineSettings({ 'flume.root.logger': 'INFO,console', 'my.own': '1' });
    assert.deepEqual(findings, []);
    assert.deepEqual(values, {
      'millrace.drain.seconds': 60,
      'millrace.workers.max': undefined,
      'millrace.log.format': 'text',
      'flume.monitoring.port': 41414,
    });
  });

  test('are read, with units; no time to drain is a time', () => {
    const { values } = engineSettings({ 'millrace.drain.seconds': '0', 'millrace.workers.max': '3' });
    assert.deepEqual([values['millrace.drain.seconds'], values['millrace.workers.max']], [0, 3]);
    assert.equal(engineSettings({ 'millrace.drain.seconds': '2m' }).values['millrace.drain.seconds'], 120);
  });

  const bad: readonly (readonly [string, string, RegExp, RegExp])[] = [
    [
      'millrace.drain.seconds',
      'soon',
      /^-Dmillrace\.drain\.seconds = soon is not .*; 60 is used instead$/,
      /10s/,
    ],
    ['millrace.workers.max', '0', /^-Dmillrace\.workers\.max = 0 is not .*the default is used/, /at least 1/],
    ['millrace.log.format', 'jsn', /^-Dmillrace\.log\.format = jsn is not/, /text, json/],
    ['flume.monitoring.port', '99999', /^-Dflume\.monitoring\.port = 99999 .*41414 is used/, /65535/],
    ['millrace.drain.second', '5', /^unknown option -Dmillrace\.drain\.second is/, /drain\.seconds/],
  ];
  for (const [key, value, text, remedy] of bad) {
    test(`${key}=${value} is told, with the remedy`, () => {
      const [finding] = engineSettings({ [key]: value }).findings;
      assert.match(finding!.text, text);
      assert.match(finding!.remedy ?? '', remedy);
      assert.equal(finding!.severity, 'warning');
    });
  }
});
