/** Records through control rings: in one thread, and to another thread and back. */
import '../native-off.ts';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { RING_RECORDS } from '../../src/base/limits.ts';
import { allocateRing, RECORD_WORDS, RingReader, RingWriter } from '../../src/memory/ring/ring.ts';
import { Doorbell } from '../../src/memory/wait.ts';
import type { Case, Subject } from '../kit.ts';
import type { EchoSettings } from './ring-echo.ts';

const RECORD_BYTES = RECORD_WORDS * 4;

/** Both ends in this thread: fill what fits, take it, until `size` records have passed. */
function oneThread(size: number): Case {
  const memory = allocateRing(RING_RECORDS);
  const writer = new RingWriter(memory);
  const reader = new RingReader(memory);
  let sum = 0;
  return {
    name: 'one thread, publish and take',
    items: size,
    bytes: size * RECORD_BYTES,
    pass: () => {
      sum = 0;
      for (let sent = 0; sent < size; ) {
        const count = Math.min(writer.room(), size - sent);
        publish(writer, sent, count);
        sent += count;
        sum += takeRecords(reader, reader.available());
      }
    },
    check: () => assert.equal(sum, sumTo(size)),
  };
}

/** Words of a record: its number in the first, the rest as a put would fill them. */
function publish(writer: RingWriter, first: number, count: number): void {
  const { words } = writer;
  for (let n = first; n < first + count; n++) {
    const at = writer.claim();
    words[at] = n;
    words[at + 1] = 1;
    words[at + 2] = n;
    words[at + 3] = 64;
    writer.publish();
  }
}

/** Frees the first `count` records; returns the sum of their first words. */
function takeRecords(reader: RingReader, count: number): number {
  let sum = 0;
  for (let n = 0; n < count; n++) sum += reader.words[reader.peek(n)]!;
  reader.advance(count);
  return sum;
}

const sumTo = (size: number) => (size * (size - 1)) / 2;

/** A thread that sends every record back, and this thread's ends of the two rings. */
interface Echo {
  readonly out: RingWriter;
  readonly in: RingReader;
  readonly bell: Doorbell;
  readonly theirBell: Doorbell;
  close(): Promise<void>;
}

async function startEcho(): Promise<Echo> {
  const settings: EchoSettings = {
    there: allocateRing(RING_RECORDS),
    back: allocateRing(RING_RECORDS),
    bell: new Doorbell().memory,
    senderBell: new Doorbell().memory,
  };
  const worker = new Worker(new URL('./ring-echo.ts', import.meta.url), { workerData: settings });
  const exited = once(worker, 'exit');
  await once(worker, 'online');
  const theirBell = new Doorbell(settings.bell);
  const out = new RingWriter(settings.there);
  return {
    out,
    in: new RingReader(settings.back),
    bell: new Doorbell(settings.senderBell),
    theirBell,
    close: async () => {
      out.close();
      theirBell.ring();
      await exited;
    },
  };
}

const SLEEP_MS = 100;
const SLEEPS_MAX = 100;

/** Sends `size` records, at most `inFlight` on their way at a time, and takes them as they come back. */
function thereAndBack(echo: Echo, size: number, inFlight: number): number {
  let sum = 0;
  let sent = 0;
  let taken = 0;
  let sleeps = 0;
  while (taken < size) {
    const seen = echo.bell.seen();
    const count = Math.min(echo.out.room(), size - sent, inFlight - (sent - taken));
    if (count > 0) {
      publish(echo.out, sent, count);
      sent += count;
      echo.theirBell.ring();
    }
    const available = echo.in.available();
    if (available > 0) {
      sum += takeRecords(echo.in, available);
      taken += available;
      sleeps = 0;
    } else if (count === 0) {
      assert.ok(sleeps++ < SLEEPS_MAX, `the other thread has sent back ${taken} of ${size} records`);
      echo.bell.sleepBlocking(seen, SLEEP_MS);
    }
  }
  return sum;
}

async function twoThreads(name: string, size: number, inFlight: number): Promise<Case> {
  const echo = await startEcho();
  let sum = 0;
  return {
    name,
    items: size,
    bytes: size * RECORD_BYTES,
    pass: () => {
      sum = thereAndBack(echo, size, inFlight);
    },
    check: () => assert.equal(sum, sumTo(size)),
    close: echo.close,
  };
}

export const ring: Subject = {
  name: 'ring',
  title: 'records through control rings',
  size: 20_000,
  cases: async (size) => [
    oneThread(size),
    await twoThreads('two threads, there and back, a ring full', size, RING_RECORDS),
    // One at a time: a wake each way. A few of them tell as much as many.
    await twoThreads('two threads, there and back, one at a time', Math.ceil(size / 100), 1),
  ],
};
