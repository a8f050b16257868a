import { sinkContract } from '../../conformance/sink-contract.ts';

sinkContract({
  name: 'logger',
  observable: true,
  target: () => ({
    conf: 'sinks.k1.type = logger',
    delivered: (flow) =>
      flow.logs.flatMap(({ logger, text }) => {
        if (logger !== 'org.apache.flume.sink.LoggerSink') return [];
        const hex = /body:((?: [0-9A-F]{2})+)/.exec(text)![1]!;
        return [Buffer.from(hex.replaceAll(' ', ''), 'hex').toString()];
      }),
  }),
});
