import type { TestContext } from 'node:test';
import { freePort } from '../../../benchmarks/agents.ts';
import {
  failingSinkContract,
  type SinkSubject,
  type SinkTarget,
  sinkContract,
} from '../../conformance/sink-contract.ts';
import type { Flow } from '../../kit/flow.ts';
import { Receiver } from './receiver.ts';

/** The receiver starts a moment later than the flow may: a sink connects when it has something to send. */
function target(t: TestContext, port: number): SinkTarget {
  let receiver: Receiver | null = null;
  const started = Receiver.start(t, 'compact', port).then((one) => {
    receiver = one;
  });
  return {
    conf: `sinks.k1.type = thrift
      sinks.k1.hostname = 127.0.0.1
      sinks.k1.port = ${port}
      sinks.k1.batch-size = 100`,
    delivered: () => receiver?.bodies ?? [],
    async fail(_flow: Flow) {
      await started;
      receiver!.answer = 1;
    },
    mend() {
      receiver!.answer = 0;
    },
  };
}

const ports = [await freePort(), await freePort(), await freePort(), await freePort()];
const subject: SinkSubject = { name: 'thrift', observable: true, target: (t) => target(t, ports.pop()!) };

sinkContract(subject);
failingSinkContract(subject);
