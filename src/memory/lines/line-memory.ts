/**
 * Memory that text is read into so that its lines are found fast. A reader takes its buffers from one; a
 * builder that is given bytes of it lets it find the lines.
 *
 * Memory is reserved and not used until it is written to. Where WebAssembly is not to be had (`--jitless`, an
 * address space that is bounded) buffers are ordinary ones, and the builder looks for lines itself.
 */
import { DATA, LENGTHS, PAGE_BYTES, SCAN_BYTES_MAX, STARTS, scanModule } from './scan-module.ts';

/** Read behind the end of a range. */
const SLACK_BYTES = 16;

/** What is used of it: the compiler's library for Node has no types of WebAssembly. */
interface Memory {
  readonly buffer: ArrayBuffer;
}
declare const WebAssembly: {
  readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => Memory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly js: { readonly memory: Memory } },
  ) => {
    readonly exports: { readonly scan: Scan };
  };
};

type Scan = (from: number, to: number, shift: number, lineStart: number, dropsReturn: number) => number;

/** Where lines of a piece were found: `count` starts, the start of the line that goes on, `count` lengths. */
export class LineScanner {
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  readonly #scan: Scan;

  constructor(memory: ArrayBuffer, scan: Scan) {
    this.starts = new Uint32Array(memory, STARTS, SCAN_BYTES_MAX + 1);
    this.lengths = new Uint32Array(memory, LENGTHS, SCAN_BYTES_MAX + 1);
    this.#scan = scan;
  }

  /**
   * Finds the lines that end in `bytes[from, to)`, at most SCAN_BYTES_MAX; starts are those in `bytes` plus
   * `shift`, as `lineStart` is. Returns their number.
   */
  find(
    bytes: Uint8Array,
    from: number,
    to: number,
    shift: number,
    lineStart: number,
    dropsReturn: boolean,
  ): number {
    const { byteOffset } = bytes;
    return this.#scan(byteOffset + from, byteOffset + to, shift - byteOffset, lineStart, dropsReturn ? 1 : 0);
  }
}

/** Compiled when it is first needed. */
let compiled: object | null = null;
const scanners = new WeakMap<ArrayBufferLike, LineScanner>();

/** What finds the lines of bytes in this memory; null when it is ordinary memory. */
export function scannerOf(memory: ArrayBufferLike): LineScanner | null {
  return scanners.get(memory) ?? null;
}

/** `count` buffers of `bytes` each, side by side. */
export function lineBuffers(count: number, bytes: number): Buffer[] {
  const memory = reserve(count * bytes);
  return Array.from({ length: count }, (_, i) =>
    memory === null ? Buffer.allocUnsafeSlow(bytes) : Buffer.from(memory, DATA + i * bytes, bytes),
  );
}

function reserve(bytes: number): ArrayBuffer | null {
  const pages = Math.ceil((DATA + bytes + SLACK_BYTES) / PAGE_BYTES);
  try {
    compiled ??= new WebAssembly.Module(scanModule());
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const { scan } = new WebAssembly.Instance(compiled, { js: { memory } }).exports;
    scanners.set(memory.buffer, new LineScanner(memory.buffer, scan));
    return memory.buffer;
  } catch {
    return null;
  }
}
