/** Binds `hdfs.fileType`, `hdfs.codeC`, `hdfs.writeFormat` and `serializer` to the form of files. */
import type { Clock } from '../../../base/clock.ts';
import type { EventSerializer, Writer } from '../../../component/serializer.ts';
import type { Compress } from '../../../wire/compression/form.ts';
import type { FormSettings } from '../settings.ts';
import { DataStream } from './data-stream.ts';
import type { MakeFormat } from './format.ts';

export interface FormatParts {
  readonly clock: Clock;
  readonly compress: Compress;
  /** Loads the serializer; not called for SequenceFiles. */
  serializer(): Promise<(out: Writer) => EventSerializer>;
}

/** @throws MillraceError when the serializer cannot be loaded. */
export async function formatMaker(form: FormSettings, parts: FormatParts): Promise<MakeFormat> {
  const { clock, compress } = parts;
  if (form.type === 'SequenceFile') {
    const { SequenceFileWriter } = await import('../../../wire/sequence-file/writer.ts');
    const { value, codec } = form;
    return (out) => {
      const writer = new SequenceFileWriter({
        value,
        codec,
        compress,
        now: () => clock.now(),
        out: (bytes) => out.write(bytes),
      });
      return {
        begin: () => writer.begin(),
        append: (batch) => writer.write(batch),
        ready: () => writer.ready(),
        flush: () => writer.flush(),
        end: () => writer.end(),
      };
    };
  }
  const serializer = await parts.serializer();
  if (form.type === 'DataStream') return (out) => new DataStream(serializer(out));
  const { CompressedStream } = await import('./compressed-stream.ts');
  const { codec } = form;
  return (out) => new CompressedStream(codec, compress, out, serializer);
}
