/** Java processes of a Hadoop cluster: started, killed, started again, and tools that run to their end. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../kit/until.ts';

/** A loaded machine multiplies the 5 s that a cluster needs by ten. */
export const READY_MS = 120_000;

/** Without the opened package every WebHDFS call answers HTML 500 under Java 17 (Jersey 1 and JAXB). */
const FLAGS = [
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Djava.net.preferIPv4Stack=true',
  // Its files would stay in the system's temporary directory when a daemon is killed.
  '-XX:-UsePerfData',
  '--add-opens=java.base/java.lang=ALL-UNNAMED',
];

const LOG4J = `log4j.rootLogger=INFO,F
log4j.appender.F=org.apache.log4j.ConsoleAppender
log4j.appender.F.target=System.err
log4j.appender.F.layout=org.apache.log4j.PatternLayout
log4j.appender.F.layout.ConversionPattern=%d %p [%t] %c{1}: %m%n
`;

export interface JavaSettings {
  /** Folders and jar globs. */
  readonly classPath: readonly string[];
  readonly flags?: readonly string[];
  /** Of the cluster: temporary files stand there, too (Jetty leaves some), and go with it. */
  readonly cwd: string;
}

export type Properties = Readonly<Record<string, string | number | boolean>>;

/**
 * A configuration folder as daemons and clients read it. The jars bring no web applications: empty ones do.
 */
export function writeConfiguration(folder: string, core: Properties, hdfs: Properties): void {
  for (const app of ['hdfs', 'datanode', 'secondary', 'journal']) {
    mkdirSync(join(folder, 'webapps', app, 'WEB-INF'), { recursive: true });
  }
  writeFileSync(join(folder, 'core-site.xml'), configurationXml(core));
  writeFileSync(join(folder, 'hdfs-site.xml'), configurationXml(hdfs));
  writeFileSync(join(folder, 'log4j.properties'), LOG4J);
}

export function configurationXml(properties: Properties): string {
  const encoded = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const entries = Object.entries(properties).map(
    ([name, value]) =>
      `  <property><name>${name}</name><value>${encoded(String(value))}</value></property>\n`,
  );
  return `<?xml version="1.0"?>\n<configuration>\n${entries.join('')}</configuration>\n`;
}

/** Runs a main class to its end. Resolves with what it printed; rejects when its exit code is not 0. */
export function runTool(settings: JavaSettings, main: string, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      'java',
      [...javaArguments(settings), main, ...args],
      { cwd: settings.cwd },
      (error, out, err) => {
        if (error === null) resolve(out + err);
        else reject(new Error(`${main} ${args.join(' ')}: ${error.message}\n${out}${err}`));
      },
    );
  });
}

/** One daemon, which may be killed and started again. */
export class Daemon {
  readonly #settings: JavaSettings;
  readonly #main: string;
  readonly #log: string;
  #child: ChildProcess | null = null;

  constructor(settings: JavaSettings, main: string, log: string) {
    this.#settings = settings;
    this.#main = main;
    this.#log = log;
  }

  start(): void {
    const log = openSync(this.#log, 'a');
    this.#child = spawn('java', [...javaArguments(this.#settings), this.#main], {
      cwd: this.#settings.cwd,
      stdio: ['ignore', log, log],
    });
  }

  /** Waits for a condition as long as the process lives. */
  async ready(condition: () => Promise<boolean>): Promise<void> {
    const check = async () => {
      if (this.#hasEnded())
        throw new Error(`${this.#main} ended:\n${readFileSync(this.#log, 'utf8').slice(-5000)}`);
      return condition().catch(() => false);
    };
    await until(`${this.#main} is ready`, check, READY_MS);
  }

  /** SIGKILL is a crash, SIGSTOP a machine that hangs; the end of a stopped process is not waited for. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    child.kill(signal);
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return;
    await until(`${this.#main} ends`, () => this.#hasEnded(), READY_MS);
    this.#child = null;
  }

  #hasEnded(): boolean {
    return this.#child === null || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

function javaArguments({ classPath, flags = [], cwd }: JavaSettings): string[] {
  return [...FLAGS, `-Djava.io.tmpdir=${cwd}`, ...flags, '-cp', classPath.join(':')];
}
