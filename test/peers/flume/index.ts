/**
 * Java Flume 1.11 from its published jars: laid out once in a cache folder, then started as often as needed.
 * Needs java (17) and mvn on the PATH and Maven Central.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jarFolder } from '../maven.ts';

const LOG4J2 = `<Configuration status="WARN"><Appenders>
<Console name="console"><PatternLayout pattern="%d (%t) [%p - %l] %m%n"/></Console></Appenders>
<Loggers><Root level="INFO"><AppenderRef ref="console"/></Root></Loggers></Configuration>
`;

/** The folder of the jars and configuration; downloads them the first time, and says so. */
export function flumeHome(): string {
  const pom = join(import.meta.dirname, 'pom.xml');
  return jarFolder({ name: 'java-flume-1.11.0', title: 'Java Flume 1.11', pom, finish });
}

function finish(home: string): void {
  for (const jar of readdirSync(join(home, 'lib'))) {
    // A second binding of slf4j would take the log away.
    if (/^(slf4j-log4j12|slf4j-reload4j|logback-classic)-/.test(jar)) rmSync(join(home, 'lib', jar));
  }
  mkdirSync(join(home, 'conf'));
  writeFileSync(join(home, 'conf', 'log4j2.xml'), LOG4J2);
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
