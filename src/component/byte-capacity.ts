/** Flume's default of `byteCapacity`: a share of the heap, of which only its limit means anything here. */
import { totalmem } from 'node:os';

const HEAP_SHARE = 0.8;
/** Without -Xmx Java takes a quarter of the machine's memory. */
const MACHINE_SHARE = 1 / 4;

/** Bytes. `heapBytes` is what -Xmx says; null when it was not given. */
export function defaultByteCapacity(heapBytes: number | null): number {
  return HEAP_SHARE * (heapBytes ?? totalmem() * MACHINE_SHARE);
}
