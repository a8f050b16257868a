import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourceContract } from '../../conformance/source-contract.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

sourceContract({
  name: 'spooldir',
  conf(bodies) {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'lines'), bodies.map((body) => `${body}\n`).join(''));
    return `sources.r1.type = spooldir
      sources.r1.spoolDir = ${directory}`;
  },
});
