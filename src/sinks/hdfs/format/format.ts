/** The form of one file: events in, bytes out. Everything between two flushes belongs to one commit. */
import type { Writer } from '../../../component/serializer.ts';
import type { Batch } from '../../../memory/block/batch.ts';

export interface FileFormat {
  /** What stands at the head of the file. */
  begin(): void;
  append(batch: Batch): void;
  /** Undefined when more may be appended; else a promise for that: what was appended is being compressed. */
  ready(): Promise<void> | undefined;
  /**
   * Settles when all that was appended is with the writer, and the file can be read up to there. Nothing is
   * appended meanwhile.
   */
  flush(): Promise<void> | undefined;
  /** After a flush: what stands at the end of the file. */
  end(): Promise<void> | undefined;
}

/** Views given to `out` stay valid until the next flush has settled. */
export type MakeFormat = (out: Writer) => FileFormat;
