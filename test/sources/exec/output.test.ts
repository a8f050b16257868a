/** The socket that a command writes to. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openOutput } from '../../../src/sources/exec/output.ts';
import type { Chunk } from '../../../src/wire/socket/chunks.ts';
import { runFlow } from '../../kit/flow.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

describe('output of a command', () => {
  test('what is not released stays as it is while more is read', async () => {
    const output = await openOutput();
    const held: Chunk[] = [];
    output.onChunk((chunk) => held.push(chunk));
    const script =
      'i=0; while [ $i -lt 40 ]; do head -c 100000 /dev/zero | tr "\\0" "$((i % 10))"; i=$((i+1)); done';
    const child = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', output.childEnd, 'inherit'] });
    output.childEnd.destroy();
    await Promise.all([once(output.socket, 'close'), once(child, 'close')]);
    const all = Buffer.concat(held.map(({ bytes }) => bytes));
    assert.equal(all.length, 4_000_000);
    for (let i = 0; i < 40; i++) {
      const run = all.subarray(i * 100_000, (i + 1) * 100_000);
      assert.ok(run.equals(Buffer.alloc(100_000, String(i % 10))), `run ${i}`);
    }
  });

  test('memory that was released is read into again', async () => {
    const output = await openOutput();
    const memories = new Set<ArrayBufferLike>();
    let large = 0;
    output.onChunk(({ bytes, release }) => {
      if (bytes.length > 16 * 1024) {
        large++;
        memories.add(bytes.buffer);
      }
      release();
    });
    const child = spawn('head', ['-c', '20000000', '/dev/zero'], {
      stdio: ['ignore', output.childEnd, 'inherit'],
    });
    output.childEnd.destroy();
    await Promise.all([once(output.socket, 'close'), once(child, 'close')]);
    assert.ok(large > 20, `${large} large chunks`);
    assert.equal(memories.size, 1);
  });

  test('no folder for it: the command is said not to run, and what to do', async (t) => {
    const before = process.env.TMPDIR;
    process.env.TMPDIR = join(temporaryDirectory(), 'missing');
    t.after(() => {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    });
    const flow = await runFlow(
      t,
      `sources = r1
       channels = c1
       sinks = k1
       sources.r1.type = exec
       sources.r1.command = echo one
       sources.r1.channels = c1
       channels.c1.type = memory
       sinks.k1.type = null
       sinks.k1.channel = c1`,
      { 'millrace.workers.max': '1' },
    );
    const { text } = await flow.untilLogged(/cannot be run/);
    assert.match(text, /command echo cannot be run: .*missing.*\(set TMPDIR to a folder/);
  });
});
