/** Writes all untaken events, as JSON lines or an Avro container; the channel keeps them. */
import { isUtf8 } from 'node:buffer';
import { closeSync, createWriteStream, existsSync, fsyncSync, openSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { systemClock } from '../../base/clock.ts';
import { MillraceError } from '../../base/errors.ts';
import { silentLogger } from '../../base/log.ts';
import type { EventSerializer } from '../../component/serializer.ts';
import type { BlockWork } from '../../component/work.ts';
import { Parts } from '../../engine/worker/parts.ts';
import { Batch } from '../../memory/block/batch.ts';
import type { BatchView } from '../../memory/block/view.ts';
import { registry } from '../../registry.ts';
import { type Found, LogReader } from '../../storage/log/reader.ts';
import { compressNow } from '../../wire/compression/form.ts';
import { last, type ParsedArguments } from '../arguments.ts';
import { complain, EXIT } from '../command.ts';
import { Progress, plural, tryView, walkAll } from './blocks.ts';
import { requireDirectories, type Target, usage } from './target.ts';

interface Format {
  begin(out: Output): Promise<void> | void;
  write(view: BatchView, at: number, first: number, count: number): void;
  /** Everything written is with the output afterwards. */
  flush(): Promise<void> | void;
}

const FORMATS: Readonly<Record<string, () => Format>> = {
  json: () => new JsonLines(),
  avro: () => new Avro(),
};

export async function exportEvents(parsed: ParsedArguments, target: Target): Promise<number> {
  const wanted = last(parsed, 'format') ?? 'json';
  const make = Object.hasOwn(FORMATS, wanted) ? FORMATS[wanted] : undefined;
  if (make === undefined) throw usage(`--format ${wanted} is neither json nor avro`, 'give one of them');
  requireDirectories(target);
  const reader = await LogReader.open({ ...target, owner: 'millrace channel export' });
  try {
    const out = Output.open(last(parsed, 'to'));
    const format = make();
    await format.begin(out);
    const exporter = new Exporter(format);
    const progress = new Progress('exported');
    const all = reader.taken.untakenCount(reader.end);
    await walkAll(
      reader,
      (found) => exporter.add(found),
      async () => {
        await format.flush();
        await out.drained();
        progress.tell(exporter.events, all);
      },
    );
    await format.flush();
    await out.close();
    complain(`exported ${plural(exporter.events, 'event')}; ${exporter.left} could not be read\n`);
    return exporter.left === 0 ? EXIT.ok : EXIT.usage;
  } finally {
    reader.close();
  }
}

class Exporter {
  readonly #format: Format;
  events = 0;
  /** Events that are in the channel and could not be written. */
  left = 0;

  constructor(format: Format) {
    this.#format = format;
  }

  add(found: Found): void {
    if (found.what === 'missing') {
      for (const [from, to] of found.ranges) this.#leave(from, to, 'are missing from the log');
      return;
    }
    const { first, count } = found.key;
    if (found.what === 'damaged')
      return this.#leave(first, first + count, `fail their checksum, in ${found.file}`);
    if (found.what === 'locked') {
      return this.#leave(first, first + count, `stand in a block that ${found.why} (${found.remedy})`);
    }
    const view = tryView(found.value, count);
    if (typeof view === 'string') return this.#leave(first, first + count, `stand in no block: ${view}`);
    for (const [from, to] of found.untaken) {
      this.#format.write(view, from, from - first, to - from);
      this.events += to - from;
    }
  }

  #leave(from: number, to: number, why: string): void {
    this.left += to - from;
    complain(`Warning: events ${from} to ${to - 1} (${to - from}) ${why}\n`);
  }
}

class JsonLines implements Format {
  #out!: Output;

  begin(out: Output): void {
    this.#out = out;
  }

  write(view: BatchView, at: number, first: number, count: number): void {
    let text = '';
    for (let i = 0; i < count; i++) {
      const body = view.bodyView(first + i);
      const isText = isUtf8(body);
      text += `${JSON.stringify({
        offset: at + i,
        headers: Object.fromEntries(view.headers(first + i)),
        body: body.toString(isText ? 'utf8' : 'base64'),
        encoding: isText ? 'utf8' : 'base64',
      })}\n`;
    }
    this.#out.write(Buffer.from(text));
  }

  flush(): void {}
}

/** What the serializer avro_event makes of the events of a file. */
class Avro implements Format {
  #serializer!: EventSerializer;

  async begin(out: Output): Promise<void> {
    const parts = new Parts(registry, { pluginPaths: [], confDir: null });
    const part = { type: 'avro_event', alias: 'avro_event', properties: {} };
    const { module, options } = await parts.load('serializer', part, 'export');
    const work: BlockWork = { compress: async (form, bytes) => compressNow(form, bytes) };
    const context = { name: 'export', options, log: silentLogger, clock: systemClock, out, work };
    this.#serializer = module.create(context);
    this.#serializer.begin();
  }

  write(view: BatchView, _at: number, first: number, count: number): void {
    this.#serializer.write(new Batch([{ view, first, count }]));
  }

  flush(): Promise<void> | void {
    return this.#serializer.flush();
  }
}

/** A new file, or standard output. */
class Output {
  readonly #stream: Writable;
  readonly #file: string | null;
  #error: Error | null = null;

  static open(file: string | undefined): Output {
    if (file === undefined || file === '-') return new Output(process.stdout, null);
    if (existsSync(file)) throw usage(`${file} exists already`, 'name a file that does not exist');
    return new Output(createWriteStream(file, { flags: 'wx' }), file);
  }

  private constructor(stream: Writable, file: string | null) {
    this.#stream = stream;
    this.#file = file;
    stream.on('error', (error) => {
      this.#error = error;
    });
  }

  /** Copies: serializers use their memory again. */
  write(bytes: Uint8Array): void {
    this.#stream.write(Buffer.from(bytes));
  }

  async drained(): Promise<void> {
    if (this.#stream.writableNeedDrain && this.#error === null) {
      await new Promise<void>((resolve) => {
        this.#stream.once('drain', resolve);
        this.#stream.once('error', () => resolve());
      });
    }
    if (this.#error !== null) throw this.#failed(this.#error);
  }

  #failed(cause: Error): MillraceError {
    const text = `${this.#file ?? 'standard output'} cannot be written: ${cause.message}`;
    return new MillraceError('BAD_INPUT', text, { cause });
  }

  /** What was written is on the disk afterwards. */
  async close(): Promise<void> {
    await this.drained();
    if (this.#file === null) return;
    try {
      this.#stream.end();
      await finished(this.#stream);
      const fd = openSync(this.#file, 'r');
      fsyncSync(fd);
      closeSync(fd);
    } catch (error) {
      throw this.#failed(error as Error);
    }
  }
}
