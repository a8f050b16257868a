/** Which deserializer an option names. */
import { MillraceError, messageOf } from '../../base/errors.ts';
import { charsetOption } from '../../component/charset.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { SourceContext } from '../../component/source.ts';
import { avroReaders } from './avro-reader.ts';
import { blobReaders } from './blob-reader.ts';
import type { OpenReader } from './chunk.ts';
import type { options } from './index.ts';
import { lineReaders } from './line-reader.ts';
import { type Deserializer, pluginReaders } from './plugin-reader.ts';

type BuiltIn = 'LINE' | 'AVRO' | 'BLOB';

const BUILT_IN: Readonly<Record<string, BuiltIn>> = {
  line: 'LINE',
  avro: 'AVRO',
  blob: 'BLOB',
  'org.apache.flume.serialization.linedeserializer': 'LINE',
  'org.apache.flume.serialization.avroeventdeserializer': 'AVRO',
  'org.apache.flume.sink.solr.morphline.blobdeserializer': 'BLOB',
};

/** Warnings of one kind are written once in this time. */
const WARN_MS = 1000;

/** Null when the deserializer is a plug-in. @throws MillraceError that names option and remedy. */
export function builtInReaders(context: SourceContext, o: OptionsOf<typeof options>): OpenReader | null {
  const builtIn = BUILT_IN[o.deserializer.toLowerCase().replace(/\$builder$/, '')];
  switch (builtIn) {
    case 'LINE':
      return lines(context, o);
    case 'AVRO':
      return avroReaders(o['deserializer.schemaType']);
    case 'BLOB': {
      const max = o['deserializer.maxBlobLength'];
      const text = `File length exceeds maxBlobLength (${max}), truncating BLOB event!`;
      return blobReaders(
        max,
        warning(context, 'org.apache.flume.sink.solr.morphline.BlobDeserializer', text),
      );
    }
    default:
      return null;
  }
}

function lines(context: SourceContext, o: OptionsOf<typeof options>): OpenReader {
  const component = `source ${context.name}`;
  const charactersMax = o.bufferMaxLineLength ?? o['deserializer.maxLineLength'];
  const text = `Line length exceeds max (${charactersMax}), truncating line!`;
  return lineReaders({
    input: charsetOption(component, 'inputCharset', o.inputCharset),
    output: charsetOption(component, 'deserializer.outputCharset', o['deserializer.outputCharset']),
    decodeErrors: o.decodeErrorPolicy,
    charactersMax,
    onCut: warning(context, 'org.apache.flume.serialization.LineDeserializer', text),
  });
}

function warning({ log, clock }: SourceContext, logger: string, text: string): () => void {
  let nextMs = 0;
  return () => {
    if (clock.now() < nextMs) return;
    nextMs = clock.now() + WARN_MS;
    log.named(logger).warn(text);
  };
}

/** @throws MillraceError that names option and remedy. */
export async function pluginReadersOf(
  context: SourceContext,
  o: OptionsOf<typeof options>,
): Promise<OpenReader> {
  const bad = (what: string, cause?: unknown) =>
    new MillraceError('CONF_OPTION_VALUE', `source ${context.name}: deserializer ${o.deserializer} ${what}`, {
      component: `source ${context.name}`,
      option: 'deserializer',
      value: o.deserializer,
      remedy: 'use LINE, AVRO or BLOB, or the file of a plug-in that exports createDeserializer',
      cause,
    });
  const { createDeserializer } = await context.loadPlugin(o.deserializer).catch((error: unknown) => {
    throw bad(`cannot be used: ${messageOf(error)}`, error);
  });
  if (typeof createDeserializer !== 'function') throw bad('exports no function createDeserializer');
  const made: Deserializer | null | undefined = await createDeserializer(o['deserializer.*']);
  if (typeof made?.read !== 'function') throw bad('makes a deserializer without a function read');
  return pluginReaders(made);
}
