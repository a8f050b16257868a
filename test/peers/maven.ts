/**
 * Jars of Java programs that tests run: from Maven Central, once, into a cache folder. Needs mvn on the PATH.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const CACHE = resolve(process.env.MILLRACE_CACHE ?? join(import.meta.dirname, '../../.cache'));

export interface JarsWanted {
  /** The cache folder's name, with the version of what is in it. */
  readonly name: string;
  /** For the line that tells of the download. */
  readonly title: string;
  readonly pom: string;
  /** Called with the new folder, before it counts as whole. */
  readonly finish?: (home: string) => void;
}

/** The folder whose `lib` has what the pom names; downloads it the first time, and says so. */
export function jarFolder({ name, title, pom, finish }: JarsWanted): string {
  const home = join(CACHE, name);
  const marker = join(home, '.complete');
  // Other jars than those that were asked for then are fetched anew.
  const wanted = createHash('sha256').update(readFileSync(pom)).digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return home;
  process.stderr.write(`${title}: downloading its jars from Maven Central (once) …\n`);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  const target = `-DoutputDirectory=${join(home, 'lib')}`;
  const goal = ['dependency:copy-dependencies', target, '-DincludeScope=runtime'];
  execFileSync('mvn', ['-B', '-q', '-f', pom, ...goal], { stdio: ['ignore', 'inherit', 'inherit'] });
  finish?.(home);
  writeFileSync(marker, wanted);
  return home;
}

/** The class path of all jars of that folder. */
export function classPathOf(wanted: JarsWanted): string {
  return join(jarFolder(wanted), 'lib', '*');
}

const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;

/** Runs a single-file program with these jars to its end, in a JVM that starts fast; returns its output. */
export function runJava(classPath: string, program: string, args: readonly string[]): string {
  const java = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', classPath, program];
  return execFileSync('java', [...java, ...args], {
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}
