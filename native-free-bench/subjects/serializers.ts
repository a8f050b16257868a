/** Serializers over one block, into a writer that copies what it is given, as a file's buffer would. */
import '../native-off.ts';
import assert from 'node:assert/strict';
import { inflateRawSync } from 'node:zlib';
import type { OptionTable } from '../../src/component/options/table.ts';
import type { EventSerializer, Writer } from '../../src/component/serializer.ts';
import type { BlockWork } from '../../src/component/work.ts';
import { BlockPool } from '../../src/engine/pool/pool.ts';
import { Batch } from '../../src/memory/block/batch.ts';
import type { Headers } from '../../src/memory/block/headers.ts';
import { registry } from '../../src/registry.ts';
import {
  BODY_BYTES,
  type Case,
  contextFor,
  linesOf,
  lineText,
  newBuilder,
  type Subject,
  viewOf,
} from '../kit.ts';

const HEADERS: Headers = new Map([
  ['host', '192.0.2.17'],
  ['level', 'INFO'],
]);

/** Gathers bytes in one buffer that is used again for every pass. */
class Gathering implements Writer {
  #bytes = Buffer.alloc(64 * 1024);
  #used = 0;

  write(bytes: Uint8Array): void {
    if (this.#used + bytes.length > this.#bytes.length) {
      const larger = Buffer.alloc(2 * (this.#used + bytes.length));
      larger.set(this.written());
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  empty(): void {
    this.#used = 0;
  }

  written(): Buffer {
    return this.#bytes.subarray(0, this.#used);
  }
}

/**
 * `asLines`: bodies stand as lines in memory, line ends between them; else one body right behind the other.
 */
function batchOf(size: number, asLines: boolean, headers: Headers | null): Batch {
  const builder = newBuilder();
  builder.begin();
  if (asLines) builder.appendLines(linesOf(size), 0, size * (BODY_BYTES + 1));
  else for (let i = 0; i < size; i++) builder.appendText(lineText(i));
  if (headers !== null) for (let i = 0; i < size; i++) builder.setHeaders(i, headers);
  const view = viewOf(builder.finish(0));
  return new Batch([{ view, first: 0, count: size }]);
}

interface Wanted {
  readonly name: string;
  readonly alias: string;
  readonly options: Readonly<Record<string, string>>;
  readonly asLines: boolean;
  readonly headers: Headers | null;
  readonly check: (written: Buffer, size: number) => void;
}

const isText = (line: (index: number) => string) => (written: Buffer, size: number) => {
  const lines = written.toString().split('\n');
  assert.equal(lines.length, size + 1);
  for (let i = 0; i < size; i++) assert.equal(lines[i], line(i));
  assert.equal(lines[size], '');
};

/** The header ends in the sync mark that also ends every block; between two lie the records. */
function isAvro(written: Buffer, size: number, records: (block: Buffer) => Buffer): void {
  assert.equal(written.toString('latin1', 0, 4), 'Obj\x01');
  const sync = written.subarray(-16);
  const from = written.indexOf(sync) + 16;
  const count = varint(written, from);
  const length = varint(written, count.end);
  assert.equal(count.value, size);
  assert.equal(length.end + length.value, written.length - 16);
  const text = records(written.subarray(length.end, -16)).toString('latin1');
  let at = 0;
  for (let i = 0; i < size; i++) {
    at = text.indexOf(lineText(i), at);
    assert.ok(at > 0, `body ${i} is missing`);
    at += BODY_BYTES;
  }
  // An empty map is one zero; before each body stands its length in two bytes.
  assert.equal(text.length, size * (1 + 2 + BODY_BYTES));
}

/** A zig-zag varint. */
function varint(bytes: Buffer, from: number): { value: number; end: number } {
  let value = 0;
  let end = from;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[end++]!;
    value += (byte & 127) * factor;
    if (byte < 128) break;
  }
  return { value: value / 2, end };
}

const WANTED: readonly Wanted[] = [
  {
    name: 'text, bodies that stand as lines',
    alias: 'text',
    options: {},
    asLines: true,
    headers: null,
    check: isText(lineText),
  },
  {
    name: 'text, other bodies',
    alias: 'text',
    options: {},
    asLines: false,
    headers: null,
    check: isText(lineText),
  },
  {
    name: 'header_and_text',
    alias: 'header_and_text',
    options: {},
    asLines: false,
    headers: HEADERS,
    check: isText((i) => `{level=INFO, host=192.0.2.17} ${lineText(i)}`),
  },
  {
    name: 'avro_event',
    alias: 'avro_event',
    // One block a pass, which is what the check reads.
    options: { syncIntervalBytes: '1073741824' },
    asLines: false,
    headers: null,
    check: (written, size) => isAvro(written, size, (block) => block),
  },
  {
    name: 'avro_event, deflate in the pool',
    alias: 'avro_event',
    options: { syncIntervalBytes: '1073741824', compressionCodec: 'deflate' },
    asLines: false,
    headers: null,
    check: (written, size) => isAvro(written, size, (block) => inflateRawSync(block)),
  },
];

async function serializerOf(
  { alias, options }: Wanted,
  out: Writer,
  work: BlockWork,
): Promise<() => EventSerializer> {
  const entry = registry.find((one) => one.kind === 'serializer' && one.aliases.includes(alias));
  assert.ok(entry?.kind === 'serializer', `there is no serializer ${alias}`);
  const { default: declaration } = await entry.declare();
  const { create } = await declaration.load();
  const context = { ...contextFor(declaration.options as OptionTable, options), out, work };
  return () => create(context);
}

async function writing(wanted: Wanted, size: number): Promise<Case> {
  const out = new Gathering();
  const pool = new BlockPool();
  const newSerializer = await serializerOf(wanted, out, pool);
  const batch = batchOf(size, wanted.asLines, wanted.headers);
  return {
    name: wanted.name,
    items: size,
    bytes: size * BODY_BYTES,
    pass: () => {
      out.empty();
      const serializer = newSerializer();
      serializer.begin();
      serializer.write(batch);
      const flushed = serializer.flush();
      if (flushed instanceof Promise) return flushed.then(() => serializer.end());
      serializer.end();
    },
    check: () => wanted.check(out.written(), size),
    close: () => pool.close(),
  };
}

export const serializers: Subject = {
  name: 'serializers',
  title: 'serializers: a file of one batch of 200 byte bodies',
  size: 1000,
  cases: async (size) => await Promise.all(WANTED.map((wanted) => writing(wanted, size))),
};
