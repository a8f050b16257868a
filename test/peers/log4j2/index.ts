/**
 * log4j 2 and its Flume appender from their published jars: laid out once in a cache folder. Needs java (17)
 * and mvn on the PATH and Maven Central.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const HERE = import.meta.dirname;
const CACHE = resolve(process.env.MILLRACE_CACHE ?? join(HERE, '../../../.cache'));

function jars(): string {
  const home = join(CACHE, 'log4j2-flume-2.23.1');
  if (!existsSync(join(home, '.complete'))) {
    process.stderr.write('log4j 2 Flume appender: downloading its jars from Maven Central (once) …\n');
    rmSync(home, { recursive: true, force: true });
    mkdirSync(home, { recursive: true });
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${home}`, '-DincludeScope=runtime'];
    execFileSync('mvn', ['-B', '-q', '-f', join(HERE, 'pom.xml'), ...goal], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    writeFileSync(join(home, '.complete'), '');
  }
  return join(home, '*');
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
