/**
 * Avro's own reader and writer of container files, from its published jars: laid out once in a cache folder.
 * Needs java (17) and mvn on the PATH and Maven Central.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const HERE = import.meta.dirname;
const CACHE = resolve(process.env.MILLRACE_CACHE ?? join(HERE, '../../../.cache'));
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;

function jars(): string {
  const home = join(CACHE, 'avro-1.11.4');
  if (!existsSync(join(home, '.complete'))) {
    process.stderr.write('Avro: downloading its jars from Maven Central (once) …\n');
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

function run(...args: readonly string[]): string {
  const java = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', jars(), join(HERE, 'AvroFiles.java')];
  return execFileSync('java', [...java, ...args], {
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

export interface AvroContents {
  readonly codec: string;
  readonly schema: unknown;
  /** As Java prints them. */
  readonly records: readonly unknown[];
}

/** Reads container files, all in one JVM; in the order of `files`. */
export function readAvroContainers(files: readonly string[]): AvroContents[] {
  return run('records', ...files)
    .split(/^file /m)
    .slice(1)
    .map((section) => {
      const [head, ...lines] = section.trimEnd().split('\n') as [string, ...string[]];
      const [, codec, schema] = /^(\S+) (.*)$/.exec(head) as unknown as [string, string, string];
      return { codec, schema: JSON.parse(schema), records: lines.map((line) => JSON.parse(line)) };
    });
}

/** Writes a small file of Flume's events with each codec. */
export function writeAvroContainers(directory: string): void {
  run('write', directory);
}
