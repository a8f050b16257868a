/** What a serializer writes, as it is. */
import type { EventSerializer } from '../../../component/serializer.ts';
import type { Batch } from '../../../memory/block/batch.ts';
import type { FileFormat } from './format.ts';

export class DataStream implements FileFormat {
  readonly #serializer: EventSerializer;

  constructor(serializer: EventSerializer) {
    this.#serializer = serializer;
  }

  begin(): void {
    this.#serializer.begin();
  }

  append(batch: Batch): void {
    this.#serializer.write(batch);
  }

  ready(): undefined {
    return undefined;
  }

  flush(): Promise<void> | undefined {
    return this.#serializer.flush() ?? undefined;
  }

  end(): undefined {
    this.#serializer.end();
  }
}
