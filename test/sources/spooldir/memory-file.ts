/** A file in memory, and what a reader makes of it. */
import type { ChunkReader, OpenReader, SourceFile } from '../../../src/sources/spooldir/chunk.ts';
import { EventList } from '../../../src/sources/spooldir/chunk.ts';

export function memoryFile(bytes: Uint8Array, path = '/spool/file'): SourceFile {
  const content = Buffer.from(bytes);
  return {
    path,
    size: content.length,
    read: async (target, position) => content.copy(target, 0, Math.min(position, content.length)),
  };
}

export interface ReadEvents {
  /** Bodies as hexadecimal digits. */
  readonly bodies: string[];
  /** For each event, from where reading goes on behind it. */
  readonly ends: (number | null)[];
  readonly error: Error | null;
}

/** Reads to the end, each chunk while the next one is read already, as the source does. */
export async function readAll(open: OpenReader, file: SourceFile, from = 0): Promise<ReadEvents> {
  const bodies: string[] = [];
  const ends: (number | null)[] = [];
  let reader: ChunkReader;
  try {
    reader = await open(file, from);
    let next = reader.next();
    for (;;) {
      const chunk = await next;
      if (chunk === null) return { bodies, ends, error: null };
      next = reader.next();
      next.catch(() => {});
      await next.catch(() => {});
      const list = new EventList();
      chunk.append(list);
      bodies.push(...list.bodies.map((body) => body.toString('hex')));
      ends.push(...chunk.ends());
    }
  } catch (error) {
    return { bodies, ends, error: error as Error };
  }
}
