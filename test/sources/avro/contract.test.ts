import { AvroRpcError } from '../../../src/wire/avro/errors.ts';
import { type Answer, sourceContract } from '../../conformance/source-contract.ts';
import { bodiesRanges, connectClient } from './avro.ts';

const conf = () => `sources.r1.type = avro
  sources.r1.bind = 127.0.0.1
  sources.r1.port = 0`;

/** Whether the call was answered OK; a connection that ended is a refusal, too. */
function accepted(sent: Promise<void>): Promise<boolean> {
  return sent.then(
    () => true,
    (error: unknown) => {
      if (error instanceof AvroRpcError) return false;
      throw error;
    },
  );
}

sourceContract({
  name: 'avro, append',
  conf,
  async send(flow, bodies) {
    const client = await connectClient(await flow.port('r1'));
    const answers = bodies.map(async (body): Promise<Answer> => {
      return { body, accepted: await accepted(client.append(bodiesRanges([body])[0]!)) };
    });
    return await Promise.all(answers).finally(() => client.close());
  },
});

sourceContract({
  name: 'avro, appendBatch',
  conf,
  async send(flow, bodies) {
    const client = await connectClient(await flow.port('r1'));
    const answers: Promise<Answer[]>[] = [];
    for (let from = 0; from < bodies.length; from += 7) {
      const some = bodies.slice(from, from + 7);
      const sent = accepted(client.appendBatch(bodiesRanges(some)));
      answers.push(sent.then((ok) => some.map((body) => ({ body, accepted: ok }))));
    }
    return (await Promise.all(answers).finally(() => client.close())).flat();
  },
});
