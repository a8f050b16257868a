/** The other thread of the ring's subject: sends every record back. */
import { isMainThread, workerData } from 'node:worker_threads';
import { RingReader, RingWriter } from '../../src/memory/ring/ring.ts';
import { Doorbell } from '../../src/memory/wait.ts';

export interface EchoSettings {
  readonly there: SharedArrayBuffer;
  readonly back: SharedArrayBuffer;
  readonly bell: SharedArrayBuffer;
  readonly senderBell: SharedArrayBuffer;
}

const SLEEP_MS = 100;

function echo(settings: EchoSettings): void {
  const reader = new RingReader(settings.there);
  const writer = new RingWriter(settings.back);
  const bell = new Doorbell(settings.bell);
  const senderBell = new Doorbell(settings.senderBell);
  while (!reader.closed) {
    const seen = bell.seen();
    // The sender never has more under way than a ring holds, so the way back has room for all.
    const count = reader.available();
    if (count === 0) {
      bell.sleepBlocking(seen, SLEEP_MS);
      continue;
    }
    for (let n = 0; n < count; n++) {
      writer.words[writer.claim()] = reader.words[reader.peek(n)]!;
      writer.publish();
    }
    reader.advance(count);
    senderBell.ring();
  }
}

if (isMainThread) throw new Error('ring-echo runs in a worker thread only');

echo(workerData as EchoSettings);
