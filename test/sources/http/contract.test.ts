import { sourceContract } from '../../conformance/source-contract.ts';

const EVENTS_A_REQUEST = 10;

sourceContract({
  name: 'http',
  conf: () => `sources.r1.type = http
    sources.r1.bind = 127.0.0.1
    sources.r1.port = 0`,
  async send(flow, bodies) {
    const url = `http://127.0.0.1:${await flow.port('r1')}/`;
    const answers: { body: string; accepted: boolean }[] = [];
    for (let from = 0; from < bodies.length; from += EVENTS_A_REQUEST) {
      const part = bodies.slice(from, from + EVENTS_A_REQUEST);
      const body = JSON.stringify(part.map((text) => ({ headers: {}, body: text })));
      const status = await fetch(url, { method: 'POST', body }).then(
        (response) => response.status,
        () => 0,
      );
      answers.push(...part.map((text) => ({ body: text, accepted: status === 200 })));
    }
    return answers;
  },
});
