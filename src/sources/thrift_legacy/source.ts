import type { OptionsOf } from '../../component/options/table.ts';
import type { Source, SourceContext } from '../../component/source.ts';
import { createListener, type Listener } from '../../component/tls/server.ts';
import { BinaryReader } from '../../wire/thrift/binary-reader.ts';
import { BinaryWriter } from '../../wire/thrift/binary-writer.ts';
import { ThriftServer } from '../../wire/thrift/server.ts';
import { LegacyCalls } from './calls.ts';
import type { options } from './index.ts';

const LOGGER = 'org.apache.flume.source.thriftLegacy.ThriftLegacySource';

export function create(context: SourceContext): Source {
  return new ThriftLegacySource(context, context.options as OptionsOf<typeof options>);
}

class ThriftLegacySource implements Source {
  readonly #context: SourceContext;
  readonly #options: OptionsOf<typeof options>;
  readonly #calls: LegacyCalls;
  #listener: Listener | null = null;
  #server: ThriftServer | null = null;

  constructor(context: SourceContext, o: OptionsOf<typeof options>) {
    this.#context = context;
    this.#options = o;
    this.#calls = new LegacyCalls(context);
  }

  async start(): Promise<void> {
    const { name, counters } = this.#context;
    const { host, port, maxMessageBytes, maxConnections, messageTimeout } = this.#options;
    const log = this.#context.log.named(LOGGER);
    const server = new ThriftServer({
      service: this.#calls,
      reader: new BinaryReader(),
      writer: new BinaryWriter(),
      framed: false,
      messageBytesMax: maxMessageBytes,
      connectionsMax: maxConnections,
      messageMsMax: messageTimeout * 1000,
      onBadInput: () => counters.add('EventReadFail', 1),
      warn: (text) => log.warn(`Legacy Thrift source ${name}: ${text}`),
      onConnections: (count) => counters.set('OpenConnectionCount', count),
    });
    this.#server = server;
    this.#listener = await createListener(this.#context, this.#options, {
      accept: () => server.hasRoom,
      onConnection: (socket) => server.serve(socket),
    });
    const actual = await this.#listener.listen(host, port);
    log.info(`Legacy Thrift source ${name} listens on ${host}:${actual}`);
  }

  async stop(): Promise<void> {
    this.#calls.stop();
    await this.#listener?.close();
    await this.#server?.stop();
  }
}
