/**
 * Makes test/fixtures/hadoop-files and test/fixtures/avro-files anew with Hadoop's and Avro's own writers:
 * `node test/wire/hadoop-codecs/make-fixtures.ts`. Needs what test/peers/seqfile and test/peers/avro need.
 * What stands in them is said in HadoopFiles.java and AvroFiles.java.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeAvroContainers } from '../../peers/avro/index.ts';
import { writeHadoopFiles } from '../../peers/seqfile/index.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');

for (const [folder, write] of [
  ['hadoop-files', writeHadoopFiles],
  ['avro-files', writeAvroContainers],
] as const) {
  const directory = join(FIXTURES, folder);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  write(directory);
}
