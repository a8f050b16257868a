/**
 * Java Flume 1.11 from its published jars: laid out once in a cache folder, then started as often as needed.
 * Needs java (17) and mvn on the PATH and Maven Central.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const HERE = import.meta.dirname;
const CACHE = resolve(process.env.MILLRACE_CACHE ?? join(HERE, '../../../.cache'));
const LOG4J2 = `<Configuration status="WARN"><Appenders>
<Console name="console"><PatternLayout pattern="%d (%t) [%p - %l] %m%n"/></Console></Appenders>
<Loggers><Root level="INFO"><AppenderRef ref="console"/></Root></Loggers></Configuration>
`;

/** The folder of the jars and configuration; downloads them the first time, and says so. */
export function flumeHome(): string {
  const home = join(CACHE, 'java-flume-1.11.0');
  const pom = join(HERE, 'pom.xml');
  const marker = join(home, '.complete');
  // Other jars than those that were asked for then are fetched anew.
  const wanted = createHash('sha256').update(readFileSync(pom)).digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return home;
  process.stderr.write('Java Flume 1.11: downloading its jars from Maven Central (once) …\n');
  rmSync(home, { recursive: true, force: true });
  mkdirSync(join(home, 'conf'), { recursive: true });
  const target = `-DoutputDirectory=${join(home, 'lib')}`;
  execFileSync('mvn', ['-q', '-f', pom, 'dependency:copy-dependencies', target, '-DincludeScope=runtime'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  for (const jar of readdirSync(join(home, 'lib'))) {
    // A second binding of slf4j would take the log away.
    if (/^(slf4j-log4j12|slf4j-reload4j|logback-classic)-/.test(jar)) rmSync(join(home, 'lib', jar));
  }
  writeFileSync(join(home, 'conf', 'log4j2.xml'), LOG4J2);
  writeFileSync(marker, wanted);
  return home;
}

export interface JavaFlumeSettings {
  readonly conf: string;
  readonly name: string;
  readonly metricsPort: number;
  readonly log: string;
  readonly env?: Readonly<Record<string, string>>;
  /** JVM options; a heap of 2 GB by default. */
  readonly jvm?: readonly string[];
  /** Behind Flume's own jars: folders and jar globs. */
  readonly classPath?: readonly string[];
}

export function spawnJavaFlume(settings: JavaFlumeSettings): ChildProcess {
  const home = flumeHome();
  const log = openSync(settings.log, 'a');
  const classPath = [join(home, 'conf'), join(home, 'lib', '*'), ...(settings.classPath ?? [])];
  const args = [
    ...(settings.jvm ?? ['-Xms2g', '-Xmx2g']),
    '-Dflume.monitoring.type=http',
    `-Dflume.monitoring.port=${settings.metricsPort}`,
    '-cp',
    classPath.join(':'),
    'org.apache.flume.node.Application',
    '--name',
    settings.name,
    '--conf-file',
    settings.conf,
    '--no-reload-conf',
  ];
  return spawn('java', args, { stdio: ['ignore', log, log], env: { ...process.env, ...settings.env } });
}
