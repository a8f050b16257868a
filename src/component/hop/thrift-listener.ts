/** What the sources that Thrift clients call have in common: a server behind a port, plain or TLS. */
import type { ThriftReader } from '../../wire/thrift/reader.ts';
import { ThriftServer } from '../../wire/thrift/server.ts';
import type { ThriftService } from '../../wire/thrift/service.ts';
import type { ThriftWriter } from '../../wire/thrift/writer.ts';
import type { SourceContext } from '../source.ts';
import type { ServerTlsValues } from '../tls/options.ts';
import { createListener, type Listener } from '../tls/server.ts';

export interface ThriftListenerSetup {
  /** In log lines: `Thrift source`. */
  readonly title: string;
  /** Flume's class, which logs. */
  readonly logger: string;
  readonly bind: string;
  readonly port: number;
  readonly tls: ServerTlsValues;
  readonly service: ThriftService;
  readonly reader: ThriftReader;
  readonly writer: ThriftWriter;
  readonly framed: boolean;
  readonly messageBytesMax: number;
  readonly connectionsMax: number;
  /** Time in which a message must have come whole, s. */
  readonly messageTimeout: number;
  /** A client sent something that is not allowed. */
  readonly onBadInput: () => void;
  /** The number of open connections has changed. */
  readonly onConnections: (count: number) => void;
}

export class ThriftListener {
  readonly #context: SourceContext;
  readonly #setup: ThriftListenerSetup;
  #listener: Listener | null = null;
  #server: ThriftServer | null = null;

  constructor(context: SourceContext, setup: ThriftListenerSetup) {
    this.#context = context;
    this.#setup = setup;
  }

  async start(): Promise<void> {
    const { name } = this.#context;
    const { title, logger, bind, port, tls, service, reader, writer, framed, ...rest } = this.#setup;
    const log = this.#context.log.named(logger);
    const server = new ThriftServer({
      service,
      reader,
      writer,
      framed,
      messageBytesMax: rest.messageBytesMax,
      connectionsMax: rest.connectionsMax,
      messageMsMax: rest.messageTimeout * 1000,
      onBadInput: rest.onBadInput,
      warn: (text) => log.warn(`${title} ${name}: ${text}`),
      onConnections: rest.onConnections,
    });
    this.#server = server;
    this.#listener = await createListener(this.#context, tls, {
      accept: () => server.hasRoom,
      onConnection: (socket) => server.serve(socket),
    });
    const actual = await this.#listener.listen(bind, port);
    log.info(`${title} ${name} listens on ${bind}:${actual}`);
  }

  async stop(): Promise<void> {
    await this.#listener?.close();
    await this.#server?.stop();
  }
}
