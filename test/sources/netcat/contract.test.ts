import { sourceContract } from '../../conformance/source-contract.ts';
import { LineClient } from '../../kit/lines.ts';

sourceContract({
  name: 'netcat',
  conf: () => `sources.r1.type = netcat
    sources.r1.bind = 127.0.0.1
    sources.r1.port = 0`,
  async send(flow, bodies) {
    const client = new LineClient(await flow.port('r1'));
    client.send(bodies);
    const answers = await client.untilLines(bodies.length);
    client.end();
    return answers.map((line, n) => ({ body: bodies[n]!, accepted: line === 'OK' }));
  },
});
