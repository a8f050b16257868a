import { sinkContract } from '../../conformance/sink-contract.ts';

sinkContract({
  name: 'null',
  observable: false,
  target: () => ({
    conf: `sinks.k1.type = null
      sinks.k1.batchSize = 70`,
    delivered: () => [],
  }),
});
