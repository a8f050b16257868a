import { hashMapOrder } from '../../base/java/hashmap-order.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { EventSerializer, SerializerContext } from '../../component/serializer.ts';
import type { Batch, BatchRange } from '../../memory/block/batch.ts';
import type { Headers } from '../../memory/block/headers.ts';
import { type AvroCodec, avroCodec, NULL_CODEC } from '../../wire/avro-container/codecs.ts';
import { AvroBuffer, AvroContainer } from '../../wire/avro-container/container.ts';
import type { options } from './index.ts';

/** Flume's record: no namespace. */
const SCHEMA =
  '{"type":"record","name":"Event","fields":[' +
  '{"name":"headers","type":{"type":"map","values":"string"}},{"name":"body","type":"bytes"}]}';

export function create(context: SerializerContext): EventSerializer {
  const o = context.options as OptionsOf<typeof options>;
  let codec = avroCodec(o.compressionCodec, (form, bytes) => context.work.compress(form, bytes));
  if (codec === null) {
    codec = NULL_CODEC;
    context.log.warn(
      `Unable to instantiate avro codec with name (${o.compressionCodec}). Compression disabled.`,
    );
  }
  return new AvroEventSerializer(context, codec, o.syncIntervalBytes);
}

class AvroEventSerializer implements EventSerializer {
  readonly supportsReopen = false;
  readonly #container: AvroContainer;
  readonly #syncBytes: number;

  constructor(context: SerializerContext, codec: AvroCodec, syncBytes: number) {
    this.#container = new AvroContainer(codec, (bytes) => context.out.write(bytes));
    this.#syncBytes = syncBytes;
  }

  begin(): void {
    this.#container.begin(SCHEMA);
  }

  reopen(): void {
    throw new Error('Avro container files cannot be appended to');
  }

  write(batch: Batch): void {
    for (const range of batch.ranges) this.#range(range);
  }

  #range({ view, first, count }: BatchRange): void {
    // Events that share a header map share its encoding.
    const maps = new Map<number, Buffer>();
    const container = this.#container;
    for (let i = first; i < first + count; i++) {
      const key = view.headersKey(i);
      let map = maps.get(key);
      if (map === undefined) {
        map = encodeMap(view.headers(i));
        maps.set(key, map);
      }
      const { block } = container;
      block.raw(map);
      const start = view.bodyStart(i);
      block.bytesField(view.bytes, start, start + view.bodyLength(i));
      container.added(1);
      if (container.blockBytes >= this.#syncBytes) container.endBlock();
    }
  }

  flush(): Promise<void> | void {
    return this.#container.flush();
  }

  /** A container has no end of its own. */
  end(): void {}
}

function encodeMap(headers: Headers): Buffer {
  const map = new AvroBuffer(64);
  if (headers.size > 0) {
    map.long(headers.size);
    for (const name of hashMapOrder(headers.keys())) {
      map.text(name);
      map.text(headers.get(name)!);
    }
  }
  map.long(0);
  return map.view();
}
