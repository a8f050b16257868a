/**
 * Hadoop's own readers and writers of SequenceFiles and compressed files, from its published jars: laid out
 * once in a cache folder. Needs java (17) and mvn on the PATH and Maven Central. Hadoop's ZStandardCodec is
 * left out: it works with native code only, which the jars do not have.
 */
import { join } from 'node:path';
import { classPathOf, runJava } from '../maven.ts';

const HERE = import.meta.dirname;

function run(...args: readonly string[]): string {
  const jars = classPathOf({ name: 'seqfile-3.4.2', title: 'Hadoop', pom: join(HERE, 'pom.xml') });
  return runJava(jars, join(HERE, 'HadoopFiles.java'), args);
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
