import { sourceContract } from '../../conformance/source-contract.ts';
import { RawClient } from '../raw-client.ts';
import { logCall, results } from './scribe.ts';

const ENTRIES_A_CALL = 10;

sourceContract({
  name: 'scribe',
  conf: () => `sources.r1.type = org.apache.flume.source.scribe.ScribeSource
    sources.r1.bind = 127.0.0.1
    sources.r1.port = 0`,
  async send(flow, bodies) {
    const client = new RawClient(await flow.port('r1'));
    let calls = 0;
    for (let from = 0; from < bodies.length; from += ENTRIES_A_CALL) {
      const part = bodies.slice(from, from + ENTRIES_A_CALL);
      client.send(
        logCall(
          part.map((message) => ({ category: 'c', message })),
          ++calls,
        ),
      );
    }
    const answers = await results(client, calls);
    client.destroy();
    return bodies.map((body, n) => ({ body, accepted: answers[Math.floor(n / ENTRIES_A_CALL)] === 0 }));
  },
});
