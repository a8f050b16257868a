/** Bytes split into lines. */
import '../native-off.ts';
import assert from 'node:assert/strict';
import { LineReader } from '../../src/component/lines.ts';
import type { BatchBuilder } from '../../src/memory/block/builder.ts';
import { lineBuffers } from '../../src/memory/lines/line-memory.ts';
import { type Case, linesOf, lineText, newBuilder, type Subject } from '../kit.ts';

/** What a pipe gives at a time. */
const CHUNK_BYTES = 64 * 1024;

/** A pass splits `bytes` into one batch; its bodies are checked before the batch is given up by the next. */
function splitting(
  name: string,
  size: number,
  bytes: Buffer,
  split: (builder: BatchBuilder) => void,
  text: (index: number) => string,
): Case {
  const builder = newBuilder();
  return {
    name,
    items: size,
    bytes: bytes.length,
    pass: () => {
      if (builder.isOpen) builder.cancel();
      builder.begin(bytes.length);
      split(builder);
    },
    check: () => {
      assert.equal(builder.count, size);
      for (let i = 0; i < size; i++) assert.equal(builder.bodyText(i), text(i));
    },
  };
}

function chunksOf(bytes: Buffer): readonly Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunks.push(bytes.subarray(at, at + CHUNK_BYTES));
  return chunks;
}

/** As the exec source reads a command's output: lines may reach over the ends of chunks. */
function inChunks(name: string, size: number, bytes: Buffer): Case {
  const chunks = chunksOf(inLineMemory(bytes));
  const split = (builder: BatchBuilder) => {
    const reader = new LineReader();
    for (const chunk of chunks) reader.append(builder, chunk);
    reader.finish(builder);
  };
  return splitting(name, size, bytes, split, lineText);
}

/** The same bytes where sources read what they want split. */
function inLineMemory(bytes: Buffer): Buffer {
  const [copy] = lineBuffers(1, bytes.length) as [Buffer];
  bytes.copy(copy);
  return copy;
}

const SHORT_LINE = 'x'.repeat(15);

export const lines: Subject = {
  name: 'lines',
  title: 'bytes split into lines',
  size: 5000,
  cases: async (size) => {
    const long = linesOf(size);
    const short = Buffer.from(`${SHORT_LINE}\n`.repeat(size));
    const run = (bytes: Buffer) => (builder: BatchBuilder) => {
      builder.appendLines(bytes, 0, bytes.length);
    };
    return [
      splitting('200 byte lines, one run', size, long, run(long), lineText),
      splitting('200 byte lines, one run in line memory', size, long, run(inLineMemory(long)), lineText),
      splitting('15 byte lines, one run', size, short, run(short), () => SHORT_LINE),
      splitting(
        '15 byte lines, one run in line memory',
        size,
        short,
        run(inLineMemory(short)),
        () => SHORT_LINE,
      ),
      inChunks('200 byte lines, in chunks of a pipe', size, long),
      inChunks('200 byte lines that end in \\r\\n, in chunks', size, linesOf(size, '\r\n')),
    ];
  },
};
