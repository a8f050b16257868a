import { MillraceError, messageOf } from '../../base/errors.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { PutOutcome, Source, SourceContext } from '../../component/source.ts';
import { createListener, type Listener } from '../../component/tls/server.ts';
import type { BatchBuilder } from '../../memory/block/builder.ts';
import { BinaryReader } from '../../wire/thrift/binary-reader.ts';
import { BinaryWriter } from '../../wire/thrift/binary-writer.ts';
import { ThriftApplicationError } from '../../wire/thrift/errors.ts';
import type { ThriftReader } from '../../wire/thrift/reader.ts';
import { ThriftServer } from '../../wire/thrift/server.ts';
import type { ThriftService } from '../../wire/thrift/service.ts';
import { APPLICATION_ERROR } from '../../wire/thrift/types.ts';
import { readEntries } from './entries.ts';
import type { options } from './index.ts';

const LOGGER = 'org.apache.flume.source.scribe.ScribeSource';
/** `enum ResultCode` of Scribe. */
const OK = 0;
const TRY_LATER = 1;

export function create(context: SourceContext): Source {
  return new ScribeSource(context, context.options as OptionsOf<typeof options>);
}

class ScribeSource implements Source {
  readonly #context: SourceContext;
  readonly #options: OptionsOf<typeof options>;
  #listener: Listener | null = null;
  #server: ThriftServer | null = null;

  constructor(context: SourceContext, o: OptionsOf<typeof options>) {
    this.#context = context;
    this.#options = o;
  }

  async start(): Promise<void> {
    const { name, counters } = this.#context;
    const { bind, port, maxReadBufferBytes, maxConnections, frameTimeout } = this.#options;
    const log = this.#context.log.named(LOGGER);
    const server = new ThriftServer({
      service: new ScribeCalls(this.#context),
      reader: new BinaryReader(),
      writer: new BinaryWriter(false),
      framed: true,
      messageBytesMax: maxReadBufferBytes,
      connectionsMax: maxConnections,
      messageMsMax: frameTimeout * 1000,
      onBadInput: () => counters.add('EventReadFail', 1),
      warn: (text) => log.warn(`Scribe source ${name}: ${text}`),
      onConnections: (count) => counters.set('OpenConnectionCount', count),
    });
    this.#server = server;
    this.#listener = await createListener(this.#context, this.#options, {
      accept: () => server.hasRoom,
      onConnection: (socket) => server.serve(socket),
    });
    const actual = await this.#listener.listen(bind, port);
    log.info(`Scribe source ${name} listens on ${bind}:${actual}`);
  }

  async stop(): Promise<void> {
    await this.#listener?.close();
    await this.#server?.stop();
  }
}

/** `Log`: one call is one put, and its answer is the put's outcome. */
class ScribeCalls implements ThriftService {
  readonly #context: SourceContext;
  #batch: BatchBuilder | null = null;

  constructor(context: SourceContext) {
    this.#context = context;
  }

  open(bytes: number): boolean {
    this.#batch = this.#context.openBatch(bytes);
    return this.#batch !== null;
  }

  room(): Promise<void> {
    return this.#context.room();
  }

  hurry(): void {
    void this.#context.settled();
  }

  giveUp(): void {
    if (this.#batch?.isOpen) this.#context.discard(this.#batch);
    this.#batch = null;
  }

  handle(reader: ThriftReader): Promise<number> {
    try {
      if (reader.method === 'Log') return this.#log(reader, this.#batch!);
      throw new ThriftApplicationError(
        APPLICATION_ERROR.unknownMethod,
        `Invalid method name: '${reader.method}'`,
      );
    } finally {
      this.giveUp();
    }
  }

  #log(reader: ThriftReader, batch: BatchBuilder): Promise<number> {
    const { counters, log } = this.#context;
    let entries: number | null;
    try {
      entries = readEntries(reader, batch);
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== 'EVENT_TOO_LARGE') throw error;
      log.warn(`A call was refused: ${messageOf(error)}`);
      entries = null;
    }
    if (entries === null) {
      counters.add('EventReadFail', 1);
      return Promise.resolve(TRY_LATER);
    }
    counters.add('EventReceivedCount', entries);
    if (entries === 0) return Promise.resolve(OK);
    this.#batch = null;
    return this.#answer(entries, this.#context.put(batch, 'batch'));
  }

  async #answer(entries: number, outcome: Promise<PutOutcome>): Promise<number> {
    const { counters } = this.#context;
    const { refusal } = await outcome;
    if (refusal !== null) {
      counters.add('ChannelWriteFail', 1);
      return TRY_LATER;
    }
    counters.add('EventAcceptedCount', entries);
    return OK;
  }
}
