/**
 * Avro's own reader and writer of container files, from its published jars: laid out once in a cache folder.
 * Needs java (17) and mvn on the PATH and Maven Central.
 */
import { join } from 'node:path';
import { classPathOf, runJava } from '../maven.ts';

const HERE = import.meta.dirname;

function run(...args: readonly string[]): string {
  const jars = classPathOf({ name: 'avro-1.11.4', title: 'Avro', pom: join(HERE, 'pom.xml') });
  return runJava(jars, join(HERE, 'AvroFiles.java'), args);
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
