/**
 * A relay that lets pass what begins as a zlib stream only, as a source of Flume 1.11 would, which inflates
 * first; or, to count connections, everything.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { TestContext } from 'node:test';

const ZLIB_FIRST = 0x78;

export class JavaOrderRelay {
  refused = 0;
  passed = 0;
  port = 0;

  static async start(t: Pick<TestContext, 'after'>, to: number, takesAll = false): Promise<JavaOrderRelay> {
    const relay = new JavaOrderRelay();
    const server = createServer((client) => {
      client.on('error', () => client.destroy());
      client.once('data', (first: Buffer) => {
        if (!takesAll && first[0] !== ZLIB_FIRST) {
          relay.refused++;
          client.destroy();
          return;
        }
        relay.passed++;
        const source = connect(to, '127.0.0.1');
        source.on('error', () => client.destroy());
        source.write(first);
        client.pipe(source).pipe(client);
        client.once('close', () => source.destroy());
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    relay.port = (server.address() as { port: number }).port;
    t.after(() => server.close());
    return relay;
  }
}
