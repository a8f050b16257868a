/** A deserializer as a plug-in: sections between lines of the option `mark`, events with their number. */
import type { SourceFile } from '../../../src/sources/spooldir/chunk.ts';
import type { DeserializedEvent, Deserializer } from '../../../src/sources/spooldir/plugin-reader.ts';

export function createDeserializer(options: Readonly<Record<string, string>>): Deserializer {
  const mark = `${options.mark}\n`;
  return {
    async *read(file: SourceFile, from: number): AsyncGenerator<DeserializedEvent> {
      const bytes = Buffer.alloc(file.size);
      const text = bytes.subarray(0, await file.read(bytes, 0)).toString('latin1');
      if (!text.startsWith(mark)) throw new Error(`it does not begin with ${options.mark}`);
      let number = 0;
      for (let at = 0; at < text.length; number++) {
        const begin = at + mark.length;
        const next = text.indexOf(mark, begin);
        at = next < 0 ? text.length : next;
        if (at <= from) continue;
        yield {
          body: bytes.subarray(begin, at),
          headers: new Map([['section', String(number)]]),
          end: at,
        };
      }
    },
  };
}
