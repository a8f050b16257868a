import { MillraceError } from '../../base/errors.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { Source, SourceContext } from '../../component/source.ts';
import { createListener, type Listener } from '../../component/tls/server.ts';
import { readerOf, writerOf } from '../../wire/thrift/protocols.ts';
import { ThriftServer } from '../../wire/thrift/server.ts';
import { SourceCalls } from './calls.ts';
import type { options } from './index.ts';

const LOGGER = 'org.apache.flume.source.ThriftSource';

export function create(context: SourceContext): Source {
  return new ThriftSource(context, context.options as OptionsOf<typeof options>);
}

class ThriftSource implements Source {
  readonly #context: SourceContext;
  readonly #options: OptionsOf<typeof options>;
  #listener: Listener | null = null;
  #server: ThriftServer | null = null;

  constructor(context: SourceContext, o: OptionsOf<typeof options>) {
    this.#context = context;
    this.#options = o;
    if (o.kerberos) throw withoutKerberos(context.name);
  }

  async start(): Promise<void> {
    const { name, counters } = this.#context;
    const { bind, port, protocol, maxFrameBytes, maxHeaders, maxConnections, frameTimeout } = this.#options;
    const log = this.#context.log.named(LOGGER);
    const server = new ThriftServer({
      service: new SourceCalls(this.#context, maxHeaders),
      reader: readerOf(protocol),
      writer: writerOf(protocol),
      framed: true,
      messageBytesMax: maxFrameBytes,
      connectionsMax: maxConnections,
      messageMsMax: frameTimeout * 1000,
      onBadInput: () => counters.add('EventReadFail', 1),
      warn: (text) => log.warn(`Thrift source ${name}: ${text}`),
      onConnections: (count) => counters.set('OpenConnectionCount', count),
    });
    this.#server = server;
    this.#listener = await createListener(this.#context, this.#options, {
      accept: () => server.hasRoom,
      onConnection: (socket) => server.serve(socket),
    });
    const actual = await this.#listener.listen(bind, port);
    log.info(`Thrift source ${name} listens on ${bind}:${actual}`);
  }

  async stop(): Promise<void> {
    await this.#listener?.close();
    await this.#server?.stop();
  }
}

function withoutKerberos(name: string): MillraceError {
  const component = `source ${name}`;
  return new MillraceError(
    'CONF_OPTION_VALUE',
    `${component}: kerberos = true is not available in this version`,
    {
      component,
      option: 'kerberos',
      value: 'true',
      remedy:
        'use ssl, with client-auth = need where clients have to prove who they are, or keep Flume for it',
    },
  );
}
