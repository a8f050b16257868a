import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourceContract } from '../../conformance/source-contract.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

sourceContract({
  name: 'taildir',
  conf(bodies) {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'app.log'), bodies.map((body) => `${body}\n`).join(''));
    return `sources.r1.type = TAILDIR
      sources.r1.filegroups = f1
      sources.r1.filegroups.f1 = ${directory}/.*\\\\.log
      sources.r1.positionFile = ${join(temporaryDirectory(), 'position.json')}`;
  },
});
