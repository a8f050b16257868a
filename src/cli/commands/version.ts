import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SCRIPT_OPTIONS } from '../arguments.ts';
import { type Command, EXIT, print } from '../command.ts';

const help = `Shows the version, in the five lines that Flume prints.

usage: flume-ng version
`;

/** The package's own description, in a checkout, a package and a distribution alike. */
function packageText(): string {
  for (const folder of ['../../..', '../..', '../../../..']) {
    const file = join(resolve(import.meta.dirname, folder), 'package.json');
    if (existsSync(file)) return readFileSync(file, 'utf8');
  }
  return '{"version":"unknown"}';
}

async function run(): Promise<number> {
  const text = packageText();
  const { version } = JSON.parse(text) as { version: string };
  print(
    `Millrace ${version} (compatible with Flume 1.11.0), Node.js ${process.version}\n` +
      'Source code repository: see the package’s README\n' +
      `Revision: ${version}\n` +
      `Compiled for ${process.platform} ${process.arch}\n` +
      `From source with checksum ${createHash('md5').update(text).digest('hex')}\n`,
  );
  return EXIT.ok;
}

export default { options: SCRIPT_OPTIONS, help, run } satisfies Command;
