import { ThriftStatusError } from '../../../src/wire/thrift/errors.ts';
import { sourceContract } from '../../conformance/source-contract.ts';
import { ThriftClient } from './thrift.ts';

const EVENTS_A_CALL = 10;

sourceContract({
  name: 'thrift',
  conf: () => `sources.r1.type = thrift
    sources.r1.bind = 127.0.0.1
    sources.r1.port = 0`,
  async send(flow, bodies) {
    const after: (() => void)[] = [];
    const context = { after: (end: () => void) => after.push(end) };
    const client = await ThriftClient.open(context, await flow.port('r1'), { timeoutMs: 60_000 });
    const answers: { body: string; accepted: boolean }[] = [];
    for (let from = 0; from < bodies.length; from += EVENTS_A_CALL) {
      const part = bodies.slice(from, from + EVENTS_A_CALL);
      const accepted = await client.appendBatch(part).then(
        () => true,
        (error: unknown) => {
          if (!(error instanceof ThriftStatusError)) throw error;
          return false;
        },
      );
      answers.push(...part.map((body) => ({ body, accepted })));
    }
    for (const end of after) end();
    return answers;
  },
});
