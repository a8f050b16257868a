/**
 * Hadoop's daemons and tools from their published jars: laid out once in a cache folder, then started as
 * often as needed. Needs java (17) and mvn on the PATH and Maven Central.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const HERE = import.meta.dirname;
const CACHE = resolve(process.env.MILLRACE_CACHE ?? join(HERE, '../../../.cache'));

/** The class path of NameNode, DataNode and tools; downloads the jars the first time, and says so. */
export function hdfsJars(): string {
  return jars('hdfs-3.4.2', 'pom.xml');
}

/** What HttpFS needs beyond `hdfsJars`. */
export function httpfsJars(): string {
  return jars('httpfs-3.4.2', 'pom-httpfs.xml');
}

function jars(name: string, pom: string): string {
  const home = join(CACHE, name);
  const all = join(home, 'lib', '*');
  if (existsSync(join(home, '.complete'))) return all;
  process.stderr.write(`${name}: downloading its jars from Maven Central (once) …\n`);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  const target = `-DoutputDirectory=${join(home, 'lib')}`;
  const goal = ['dependency:copy-dependencies', target, '-DincludeScope=runtime'];
  execFileSync('mvn', ['-B', '-q', '-f', join(HERE, pom), ...goal], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  writeFileSync(join(home, '.complete'), '');
  return all;
}
