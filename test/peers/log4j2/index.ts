/**
 * log4j 2 and its Flume appender from their published jars: laid out once in a cache folder. Needs java (17)
 * and mvn on the PATH and Maven Central.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { classPathOf } from '../maven.ts';

const HERE = import.meta.dirname;

function jars(): string {
  const title = 'log4j 2 Flume appender';
  return classPathOf({ name: 'log4j2-flume-2.23.1', title, pom: join(HERE, 'pom.xml') });
}

/** Loggers of log4j2.xml; each has the appender of its name. */
export type LoggerName = 'rfc5424' | 'pattern' | 'compressed';

/** Logs `count` messages by each of `loggers`; rejects when an appender throws. */
export function logByLog4j(port: number, count: number, loggers: readonly LoggerName[]): Promise<void> {
  const settings = [
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Dfile.encoding=UTF-8',
    `-Dlog4j2.configurationFile=${join(HERE, 'log4j2.xml')}`,
    `-Dport=${port}`,
  ];
  const program = ['-cp', jars(), join(HERE, 'Log.java'), `${count}`, ...loggers];
  return new Promise((done, failed) => {
    execFile('java', [...settings, ...program], (error, out, err) => {
      if (error === null) done();
      else failed(new Error(`log4j: ${error.message}\n${out}${err}`));
    });
  });
}
