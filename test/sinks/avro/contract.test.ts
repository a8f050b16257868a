/** The sink against an avro source of another agent, and against one that answers what a test says. */
import { failingSinkContract, type SinkSubject, sinkContract } from '../../conformance/sink-contract.ts';
import { AvroPeer } from './peer.ts';

function subjectOf(compression: 'none' | 'deflate'): SinkSubject {
  return {
    name: `avro, compression ${compression}`,
    observable: true,
    target(t) {
      const peer = new AvroPeer(t, compression);
      return {
        conf: `sinks.k1.type = avro
          sinks.k1.hostname = 127.0.0.1
          sinks.k1.port = ${peer.port}
          sinks.k1.compression-type = ${compression}
          sinks.k1.batch-size = 50`,
        delivered: () => peer.bodies,
        fail: async () => {
          peer.status = 'FAILED';
        },
        mend: () => {
          peer.status = 'OK';
        },
      };
    },
  };
}

sinkContract(subjectOf('none'));
sinkContract(subjectOf('deflate'));
failingSinkContract(subjectOf('none'));
