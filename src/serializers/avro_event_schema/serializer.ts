import { MillraceError, messageOf } from '../../base/errors.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { EventSerializer, SerializerContext } from '../../component/serializer.ts';
import type { Batch, BatchRange } from '../../memory/block/batch.ts';
import type { Headers } from '../../memory/block/headers.ts';
import { avroCodec, NULL_CODEC } from '../../wire/avro-container/codecs.ts';
import { AvroContainer } from '../../wire/avro-container/container.ts';
import type { options } from './index.ts';
import { checkedSchema, fetchSchema } from './schema.ts';

const URL_HEADER = 'flume.avro.schema.url';
const LITERAL_HEADER = 'flume.avro.schema.literal';

export function create(context: SerializerContext): EventSerializer {
  return new AvroBodySerializer(context, context.options as OptionsOf<typeof options>);
}

/** Where an event says its schema is; one of the two is set. */
interface SchemaSource {
  readonly url?: string;
  readonly literal?: string;
}

/**
 * States of a file: empty → (first event) opening → (flush: schema there, header written) open. What is
 * written while it opens becomes its first block.
 */
class AvroBodySerializer implements EventSerializer {
  readonly supportsReopen = false;
  readonly #context: SerializerContext;
  readonly #options: OptionsOf<typeof options>;
  readonly #container: AvroContainer;
  #source: SchemaSource | null = null;
  /** Null before the first event, and once the header is written. */
  #opening: Promise<string> | null = null;
  #warned = false;

  constructor(context: SerializerContext, o: OptionsOf<typeof options>) {
    this.#context = context;
    this.#options = o;
    const codec = avroCodec(o.compressionCodec, (form, bytes) => context.work.compress(form, bytes));
    if (codec === null) {
      context.log.warn(
        `Unable to instantiate avro codec with name (${o.compressionCodec}). Compression disabled.`,
      );
    }
    this.#container = new AvroContainer(codec ?? NULL_CODEC, (bytes) => context.out.write(bytes));
  }

  /** The first event brings the schema, which stands in the header. */
  begin(): void {}

  reopen(): void {
    throw new Error('Avro container files cannot be appended to');
  }

  write(batch: Batch): void {
    for (const range of batch.ranges) {
      const source = this.#sourceOf(range.view.headers(range.first));
      if (this.#source === null) this.#choose(source);
      else this.#compare(source, this.#source);
      this.#append(range);
    }
  }

  #sourceOf(headers: Headers): SchemaSource | null {
    const url = headers.get(URL_HEADER);
    if (url !== undefined) return { url };
    const literal = headers.get(LITERAL_HEADER);
    if (literal !== undefined) return { literal };
    const { schemaURL } = this.#options;
    return schemaURL === undefined ? null : { url: schemaURL };
  }

  #choose(source: SchemaSource | null): void {
    if (source === null) throw this.#failure('Could not find schema for event', null);
    this.#source = source;
    const { url, literal } = source;
    const schema = url === undefined ? Promise.try(checkedSchema, literal!) : fetchSchema(url);
    this.#opening = schema.catch((error: unknown) => {
      throw this.#failure(messageOf(error), error);
    });
    // Whoever flushes is told.
    this.#opening.catch(() => {});
  }

  #compare(source: SchemaSource | null, own: SchemaSource): void {
    if (this.#warned || source === null) return;
    if (source.url === own.url && source.literal === own.literal) return;
    this.#warned = true;
    this.#context.log.warn(
      `Events of schema ${source.url ?? source.literal} come into a file of schema ${own.url ?? own.literal}: ` +
        `readers will not tell them apart; let the path of files depend on the schema (%{${URL_HEADER}})`,
    );
  }

  #append({ view, first, count }: BatchRange): void {
    const container = this.#container;
    for (let i = first; i < first + count; i++) {
      const start = view.bodyStart(i);
      container.block.raw(view.bytes, start, start + view.bodyLength(i));
      container.added(1);
      const isFull = container.blockBytes >= this.#options.syncIntervalBytes;
      if (isFull && this.#opening === null) container.endBlock();
    }
  }

  flush(): Promise<void> | void {
    return this.#opening === null ? this.#container.flush() : this.#open(this.#opening);
  }

  async #open(opening: Promise<string>): Promise<void> {
    this.#container.begin(await opening);
    this.#opening = null;
    await this.#container.flush();
  }

  /** A container has no end of its own. */
  end(): void {}

  #failure(text: string, cause: unknown): MillraceError {
    const component = `serializer of sink ${this.#context.name}`;
    return new MillraceError('SINK_FAILED', `${component}: ${text}`, {
      component,
      option: 'schemaURL',
      ...(this.#options.schemaURL === undefined ? {} : { value: this.#options.schemaURL }),
      remedy: `give events a header ${URL_HEADER} or ${LITERAL_HEADER}, or set schemaURL, to a schema that can be read`,
      cause,
    });
  }
}
