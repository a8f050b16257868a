/**
 * Hadoop's daemons and tools from their published jars: laid out once in a cache folder, then started as
 * often as needed. Needs java (17) and mvn on the PATH and Maven Central.
 */
import { join } from 'node:path';
import { classPathOf } from '../maven.ts';

const HERE = import.meta.dirname;

/** The class path of NameNode, DataNode and tools; downloads the jars the first time, and says so. */
export function hdfsJars(): string {
  return classPathOf({ name: 'hdfs-3.4.2', title: 'HDFS', pom: join(HERE, 'pom.xml') });
}

/** What HttpFS needs beyond `hdfsJars`. */
export function httpfsJars(): string {
  return classPathOf({ name: 'httpfs-3.4.2', title: 'HttpFS', pom: join(HERE, 'pom-httpfs.xml') });
}
