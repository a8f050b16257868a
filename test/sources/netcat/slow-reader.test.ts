/** A connection whose client reads slowly, with a socket that a test drives. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { javaCharset } from '../../../src/base/java/charset.ts';
import type { SourceContext } from '../../../src/component/source.ts';
import { BatchBuilder } from '../../../src/memory/block/builder.ts';
import { BlockStore } from '../../../src/memory/store/store.ts';
import { Connection } from '../../../src/sources/netcat/connection.ts';
import { until } from '../../kit/until.ts';

class DrivenSocket extends EventEmitter {
  writableLength = 0;
  writableEnded = false;
  destroyed = false;
  paused = false;
  written = '';
  write(bytes: Uint8Array): void {
    this.written += Buffer.from(bytes).toString();
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
}

test('a slow reader that is waited for again and again leaves no listeners behind', async () => {
  const socket = new DrivenSocket();
  const builder = new BatchBuilder(new BlockStore(1));
  const context = {
    openBatch: (bytes: number) => {
      builder.begin(bytes);
      return builder;
    },
    put: async () => {
      const accepted = builder.count;
      builder.cancel();
      return { accepted, refusal: null };
    },
    settled: async () => {},
    room: async () => {},
  } as unknown as SourceContext;
  new Connection(socket as unknown as Socket, context, {
    charset: javaCharset('UTF-8'),
    lineCharactersMax: 512,
    acknowledges: true,
    idleMs: 0,
    onClosed: () => {},
  });
  const listeners = () => socket.listenerCount('close') + socket.listenerCount('drain');
  const before = listeners();
  for (let n = 1; n <= 20; n++) {
    socket.writableLength = 1_000_000;
    socket.emit('data', Buffer.from(`line ${n}\n`));
    assert.equal(socket.paused, true);
    socket.writableLength = 0;
    socket.emit('drain');
    await until('the line is answered', () => socket.written === 'OK\n'.repeat(n));
    assert.equal(socket.paused, false);
  }
  assert.equal(listeners(), before);
});
