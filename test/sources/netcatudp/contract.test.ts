import { createSocket } from 'node:dgram';
import { sourceContract } from '../../conformance/source-contract.ts';

sourceContract({
  name: 'netcatudp',
  forgets: true,
  conf: () => `sources.r1.type = netcatudp
    sources.r1.bind = 127.0.0.1
    sources.r1.port = 0`,
  async send(flow, bodies) {
    const port = await flow.port('r1');
    const socket = createSocket('udp4');
    for (const body of bodies) {
      await new Promise((resolve) => socket.send(`${body}\n`, port, '127.0.0.1', resolve));
    }
    socket.close();
    return bodies.map((body) => ({ body, accepted: true }));
  },
});
