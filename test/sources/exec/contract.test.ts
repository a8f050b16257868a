import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourceContract } from '../../conformance/source-contract.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

sourceContract({
  name: 'exec',
  conf(bodies) {
    const file = join(temporaryDirectory(), 'lines');
    writeFileSync(file, bodies.map((body) => `${body}\n`).join(''));
    return `sources.r1.type = exec
      sources.r1.command = cat ${file}`;
  },
});
