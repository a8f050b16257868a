/** What -D and Flume's log4j files say of logging. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type LogSettings, logSettings } from '../../../src/watch/log/settings.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

type Properties = Readonly<Record<string, string>>;

/** With a file of that name and text in the --conf directory. */
function withFile(name: string, text: string, properties: Properties = {}): LogSettings {
  const folder = temporaryDirectory();
  writeFileSync(join(folder, name), text);
  return logSettings(properties, folder);
}

const place = ({ directory, file }: LogSettings) => join(directory, file);

/** The file that Flume 1.9 brings, as far as it counts. */
const LOG4J = `flume.root.logger=INFO,LOGFILE
flume.log.dir=/var/log/flume
flume.log.file=agent.log
log4j.logger.org.apache.flume.lifecycle = WARN
log4j.rootLogger=\${flume.root.logger}
log4j.appender.LOGFILE=org.apache.log4j.RollingFileAppender
log4j.appender.LOGFILE.MaxFileSize=20MB
log4j.appender.LOGFILE.MaxBackupIndex=3
log4j.appender.LOGFILE.File=\${flume.log.dir}/\${flume.log.file}
`;

/** The file that Flume 1.11 brings, as far as it counts. */
const LOG4J2 = `<Configuration status="ERROR">
  <Properties><Property name="LOG_DIR">.</Property></Properties>
  <Appenders>
    <Console name="Console" target="SYSTEM_ERR"><PatternLayout pattern="%d" /></Console>
    <RollingFile name="LogFile" fileName="\${LOG_DIR}/flume.log" filePattern="\${LOG_DIR}/archive/flume.log.%d{yyyyMMdd}-%i">
      <Policies><SizeBasedTriggeringPolicy size="50 MB"/></Policies>
      <DefaultRolloverStrategy min="1" max="20"/>
    </RollingFile>
  </Appenders>
  <Loggers><Logger name="org.apache.hadoop" level="error"/>
  <Root level="INFO"><AppenderRef ref="LogFile" /></Root></Loggers>
</Configuration>`;

const inDirectory = (directory: string) => LOG4J2.replace(`\${LOG_DIR}/f`, `${directory}/f`);

describe('log4j.properties of Flume 1.9', () => {
  test('says where the log file is, how large it grows and how many are kept', () => {
    const settings = withFile('log4j.properties', LOG4J);
    assert.equal(place(settings), '/var/log/flume/agent.log');
    assert.deepEqual([settings.root, settings.appenders], ['info', ['LOGFILE']]);
    assert.deepEqual([settings.rollBytes, settings.backups], [20 * 1024 * 1024, 3]);
    assert.equal(settings.levels.get('org.apache.flume.lifecycle'), 'warn');
    assert.deepEqual(settings.warnings, []);
  });

  test('its flume.root.logger counts as if it stood on the command line, which is stronger', () => {
    const text = LOG4J.replace('INFO,LOGFILE', 'DEBUG,console');
    const own = withFile('log4j.properties', text);
    assert.deepEqual([own.root, own.appenders], ['debug', ['console']]);
    const given = withFile('log4j.properties', text, { 'flume.root.logger': 'WARN,DAILY' });
    assert.deepEqual([given.root, given.appenders], ['warn', ['DAILY']]);
  });

  test('-Dflume.log.dir and -Dflume.log.file are stronger', () => {
    const given = withFile('log4j.properties', LOG4J, { 'flume.log.dir': '/tmp/x' });
    assert.equal(place(given), '/tmp/x/agent.log');
  });

  test('lines end as Windows ends them, and go on behind a backslash', () => {
    const settings = withFile('log4j.properties', 'log4j.rootLogger=WARN, \\\r\n  console\r\n');
    assert.deepEqual([settings.root, settings.appenders], ['warn', ['console']]);
  });
});

describe('log4j2.xml of Flume 1.11', () => {
  test('says where the log file is, how large it grows and how many are kept', () => {
    const settings = withFile('log4j2.xml', LOG4J2);
    assert.equal(place(settings), 'flume.log');
    assert.deepEqual([settings.rollBytes, settings.backups], [50 * 1024 * 1024, 20]);
    assert.equal(settings.levels.get('org.apache.hadoop'), 'error');
  });

  const cases: readonly (readonly [string, string, Properties, string])[] = [
    ['a property of the file', LOG4J2.replace('>.<', '>/var/log/flume<'), {}, '/var/log/flume/flume.log'],
    ['a system property', inDirectory(`\${sys:dir}`), { dir: '/srv' }, '/srv/flume.log'],
    ['a default', inDirectory(`\${sys:dir:-/opt}`), {}, '/opt/flume.log'],
    ['one that is not set leaves the place alone', inDirectory(`\${sys:dir}`), {}, 'logs/flume.log'],
    ['a plain file', '<File name="LogFile" fileName="/var/log/a.log"/>', {}, '/var/log/a.log'],
    ['no such appender', '<Root level="INFO"/>', {}, 'logs/flume.log'],
  ];
  for (const [what, xml, properties, wanted] of cases) {
    test(`the file's name: ${what}`, () => {
      assert.equal(place(withFile('log4j2.xml', xml, properties)), wanted);
    });
  }

  test('is not looked at beside a log4j.properties', () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'log4j.properties'), 'log4j.rootLogger=ERROR,console');
    writeFileSync(join(folder, 'log4j2.xml'), LOG4J2);
    const settings = logSettings({}, folder);
    assert.deepEqual(
      [settings.root, settings.appenders, place(settings)],
      ['error', ['console'], 'logs/flume.log'],
    );
  });
});

describe('what is not understood is told', () => {
  test('an appender', () => {
    const settings = logSettings({ 'flume.root.logger': 'INFO,cnsole' }, null);
    assert.deepEqual(settings.appenders, ['LOGFILE']);
    assert.deepEqual(settings.warnings, ['Log appender cnsole is not known (use console, LOGFILE or DAILY)']);
  });

  test('a level', () => {
    const settings = logSettings({ 'flume.root.logger': 'verbose,console' }, null);
    assert.equal(settings.root, 'info');
    assert.match(
      settings.warnings.join(),
      /^Log level verbose is not known: INFO is used \(use one of ALL, TRACE/,
    );
  });

  test('an appender that is named twice writes once', () => {
    assert.deepEqual(logSettings({ 'flume.root.logger': 'INFO,console,Console' }, null).appenders, [
      'console',
    ]);
  });
});
