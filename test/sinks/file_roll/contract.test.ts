import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  failingSinkContract,
  type SinkSubject,
  type SinkTarget,
  sinkContract,
} from '../../conformance/sink-contract.ts';
import type { Flow } from '../../kit/flow.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

const subject: SinkSubject = {
  name: 'file_roll',
  observable: true,
  target: () => target(0),
};

function target(rollIntervalS: number): SinkTarget {
  const directory = join(temporaryDirectory(), 'out');
  mkdirSync(directory);
  return {
    conf: `sinks.k1.type = file_roll
        sinks.k1.sink.directory = ${directory}
        sinks.k1.sink.rollInterval = ${rollIntervalS}`,
    delivered() {
      const order = (name: string) => Number(name.split('-').at(-1));
      const files = readdirSync(directory).sort((a, b) => order(a) - order(b));
      return files.flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1));
    },
    // Gone: root may write anywhere, so that permissions would break nothing for it. The
    // next file cannot be opened.
    fail(flow: Flow) {
      rmSync(directory, { recursive: true });
      return flow.untilLogged('create the directory again');
    },
    mend: () => mkdirSync(directory),
  };
}

sinkContract(subject);
failingSinkContract({ ...subject, target: () => target(1) });
