/**
 * Hadoop's own readers and writers of SequenceFiles and compressed files, from its published jars: laid out
 * once in a cache folder. Needs java (17) and mvn on the PATH and Maven Central. Hadoop's ZStandardCodec is
 * left out: it works with native code only, which the jars do not have.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const HERE = import.meta.dirname;
const CACHE = resolve(process.env.MILLRACE_CACHE ?? join(HERE, '../../../.cache'));
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;

function jars(): string {
  const home = join(CACHE, 'seqfile-3.4.2');
  if (!existsSync(join(home, '.complete'))) {
    process.stderr.write('Hadoop: downloading its jars from Maven Central (once) …\n');
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
  const java = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', jars(), join(HERE, 'HadoopFiles.java')];
  return execFileSync('java', [...java, ...args], {
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

export interface HadoopRecord {
  readonly key: string;
  readonly value: Buffer;
}

export interface HadoopFile {
  /** Key class, value class, NONE or BLOCK, class of the codec or `none`. */
  readonly classes: readonly string[];
  readonly records: readonly HadoopRecord[];
}

/** Reads SequenceFiles, all in one JVM; in the order of `files`. */
export function readSequenceFiles(files: readonly string[]): HadoopFile[] {
  return sections(run('records', ...files)).map(({ head, lines }) => ({
    classes: head.slice(1),
    records: lines.map((line) => {
      const [key, value] = line.split(' ') as [string, string];
      return { key, value: Buffer.from(value, 'base64') };
    }),
  }));
}

/** Reads compressed files, each with the codec that belongs to its name; in the order of `files`. */
export function readCompressedFiles(files: readonly string[]): Buffer[] {
  return sections(run('text', ...files)).map(({ lines }) => Buffer.from(lines[0] ?? '', 'base64'));
}

/** Writes small files of each kind, as Flume's hdfs sink does. */
export function writeHadoopFiles(directory: string): void {
  run('write', directory);
}

function sections(output: string): { readonly head: string[]; readonly lines: string[] }[] {
  return output
    .split(/^file /m)
    .slice(1)
    .map((section) => {
      const [head, ...lines] = section.trimEnd().split('\n') as [string, ...string[]];
      return { head: head.split(' '), lines };
    });
}
