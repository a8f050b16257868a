import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  failingSinkContract,
  type SinkSubject,
  type SinkTarget,
  sinkContract,
} from '../../conformance/sink-contract.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

const subject: SinkSubject = { name: 'hdfs', observable: true, target };

function target(): SinkTarget {
  const directory = join(temporaryDirectory(), 'out');
  return {
    conf: `sinks.k1.type = hdfs
        sinks.k1.hdfs.path = file://${directory}
        sinks.k1.hdfs.stateDir = ${temporaryDirectory()}
        sinks.k1.hdfs.fileType = DataStream
        sinks.k1.hdfs.rollInterval = 0
        sinks.k1.hdfs.rollSize = 0
        sinks.k1.hdfs.rollCount = 300`,
    delivered() {
      const order = (name: string) => Number(/\.(\d+)/.exec(name)![1]);
      const files = readdirSync(directory).sort((a, b) => order(a) - order(b));
      return files.flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1));
    },
    failure: 'HDFS IO error',
    // A file where the directory should be: root may write anywhere, so that permissions would break nothing.
    async fail() {
      rmSync(directory, { recursive: true, force: true });
      writeFileSync(directory, '');
    },
    mend() {
      rmSync(directory);
      mkdirSync(directory);
    },
  };
}

sinkContract(subject);
failingSinkContract(subject);
