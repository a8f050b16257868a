import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { logSettings } from '../../../src/watch/log/settings.ts';

describe('Root in log4j2.xml of the --conf directory', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-log4j2-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const settings = (xml: string, systemProperties: Record<string, string> = {}) => {
    writeFileSync(join(folder, 'log4j2.xml'), xml);
    const { root, appenders } = logSettings(systemProperties, folder);
    return [root, ...appenders].join(' ');
  };

  const cases: readonly (readonly [string, string, string])[] = [
    ['level and appenders', '<Root level="WARN"><AppenderRef ref="Console"/></Root>', 'warn console'],
    [
      'several appenders',
      '<Root level="info">\n <AppenderRef ref="LOGFILE" />\n <AppenderRef ref="Console" level="warn"/>\n</Root>',
      'info LOGFILE console',
    ],
    [
      'appenders of other names are passed over',
      '<Root level="DEBUG"><AppenderRef ref="Mail"/></Root>',
      'debug LOGFILE',
    ],
    ['a comment does not count', '<!-- <Root level="ERROR"></Root> -->', 'info LOGFILE'],
    ['a level from a variable is left to -D', `<Root level="\${sys:x}"></Root>`, 'info LOGFILE'],
    ['without a Root', '<Loggers><Logger name="a" level="debug"/></Loggers>', 'info LOGFILE'],
  ];
  for (const [what, xml, wanted] of cases) {
    test(what, () => assert.equal(settings(xml), wanted));
  }

  test('-Dflume.root.logger is stronger', () => {
    const xml = '<Root level="WARN"><AppenderRef ref="LOGFILE"/></Root>';
    assert.equal(settings(xml, { 'flume.root.logger': '=DEBUG,console' }), 'debug console');
  });
});
