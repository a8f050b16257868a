import { MillraceError, messageOf } from '../../base/errors.ts';
import { CallsIntoBatches } from '../../component/hop/calls-into-batches.ts';
import { ThriftListener } from '../../component/hop/thrift-listener.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { PutOutcome, Source, SourceContext } from '../../component/source.ts';
import { BinaryReader } from '../../wire/thrift/binary-reader.ts';
import { BinaryWriter } from '../../wire/thrift/binary-writer.ts';
import { ThriftApplicationError } from '../../wire/thrift/errors.ts';
import type { ThriftReader } from '../../wire/thrift/reader.ts';
import { APPLICATION_ERROR } from '../../wire/thrift/types.ts';
import { readEntries } from './entries.ts';
import type { options } from './index.ts';

/** `enum ResultCode` of Scribe. */
const OK = 0;
const TRY_LATER = 1;

export function create(context: SourceContext): Source {
  const o = context.options as OptionsOf<typeof options>;
  const { counters } = context;
  return new ThriftListener(context, {
    title: 'Scribe source',
    logger: 'org.apache.flume.source.scribe.ScribeSource',
    bind: o.bind,
    port: o.port,
    tls: o,
    service: new ScribeCalls(context),
    reader: new BinaryReader(),
    writer: new BinaryWriter(false),
    framed: true,
    messageBytesMax: o.maxReadBufferBytes,
    connectionsMax: o.maxConnections,
    messageTimeout: o.frameTimeout,
    onBadInput: () => counters.add('EventReadFail', 1),
    onConnections: (count) => counters.set('OpenConnectionCount', count),
  });
}

/** `Log`: one call is one put, and its answer is the put's outcome. */
class ScribeCalls extends CallsIntoBatches {
  protected call(reader: ThriftReader): Promise<number> {
    if (reader.method === 'Log') return this.#log(reader);
    throw new ThriftApplicationError(
      APPLICATION_ERROR.unknownMethod,
      `Invalid method name: '${reader.method}'`,
    );
  }

  #log(reader: ThriftReader): Promise<number> {
    const { batch } = this;
    const { counters, log } = this.context;
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
    return this.#answer(entries, this.context.put(batch, 'batch'));
  }

  async #answer(entries: number, outcome: Promise<PutOutcome>): Promise<number> {
    const { counters } = this.context;
    const { refusal } = await outcome;
    if (refusal !== null) {
      counters.add('ChannelWriteFail', 1);
      return TRY_LATER;
    }
    counters.add('EventAcceptedCount', entries);
    return OK;
  }
}
