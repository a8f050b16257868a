/** Lines of a text, and how they are sent. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { directoryInputs, fileInput, type Input } from '../../../src/cli/avro-client/input.ts';
import { LineSplitter } from '../../../src/cli/avro-client/lines.ts';
import { Sender } from '../../../src/cli/avro-client/sender.ts';
import { RpcError } from '../../../src/client/errors.ts';
import type { FlumeEvent } from '../../../src/client/event.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

function split(chunks: readonly Buffer[]): string[] {
  const splitter = new LineSplitter();
  const lines = chunks.flatMap((chunk) => splitter.split(chunk));
  return [...lines, ...splitter.finish()].map((line) => line.toString('utf8'));
}

describe('lines', () => {
  test('end in \\n, \\r or \\r\\n, wherever chunks are cut; the last one needs no end', () => {
    const piece = fc.constantFrom('a', 'ü', '\n', '\r', '\r\n', 'xyz');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.nat(60)), (pieces, cuts) => {
        const text = pieces.join('');
        const bytes = Buffer.from(text);
        const places = [...new Set([0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length])];
        places.sort((x, y) => x - y);
        const chunks = places.slice(1).map((end, n) => bytes.subarray(places[n], end));
        const wanted = text.split(/\r\n|\r|\n/);
        if (wanted.at(-1) === '') wanted.pop();
        assert.deepEqual(split(chunks), wanted);
      }),
    );
  });

  test('malformed UTF-8 becomes U+FFFD', () => {
    assert.deepEqual(split([Buffer.from([0x61, 0xff, 0x62, 10, 0x63])]), ['a\ufffdb', 'c']);
  });
});

function input(...lines: readonly string[]): Input & { isDone: boolean } {
  const one = {
    name: 'a file',
    bytes: null,
    isDone: false,
    async *read() {
      for (const line of lines) yield Buffer.from(`${line}\n`);
    },
    done: () => {
      one.isDone = true;
    },
  };
  return one;
}

class FakeClient {
  readonly calls: string[][] = [];
  failures: Error[] = [];
  isOrdered = true;
  atOnce = 0;
  most = 0;

  async appendBatch(events: readonly FlumeEvent[]): Promise<void> {
    this.most = Math.max(this.most, ++this.atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    this.atOnce--;
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    this.calls.push(events.map(({ body }) => body.toString()));
  }
}

const settings = { headers: new Map([['h', 'v']]), retryMs: 5000, tell: () => {} };
const numbers = (count: number) => Array.from({ length: count }, (_, n) => `${n}`);

describe('sending', () => {
  test('goes in batches of 1,000, in order, and counts what was acknowledged', async () => {
    const client = new FakeClient();
    const sender = new Sender(client, settings);
    const one = input(...numbers(2500));
    await sender.send(one);
    assert.deepEqual(
      client.calls.map(({ length }) => length),
      [1000, 1000, 500],
    );
    assert.deepEqual(client.calls.flat(), numbers(2500));
    assert.equal(sender.acknowledged, 2500);
    assert.ok(client.most > 1, 'several at once');
    assert.equal(one.isDone, true);
    assert.match(sender.summary(), /^2500 events \(0\.0 MB\) in \d+\.\d s, \d+ events\/s$/);
  });

  test('goes batch after batch to a source that may mix them up', async () => {
    const client = new FakeClient();
    client.isOrdered = false;
    await new Sender(client, settings).send(input(...numbers(3000)));
    assert.deepEqual(client.calls.flat(), numbers(3000));
    assert.equal(client.most, 1);
  });

  test('what the source refuses is sent again, without what it took', async () => {
    const client = new FakeClient();
    const refusal = new RpcError('refused', 'no room');
    refusal.delivered = 1;
    client.failures = [refusal];
    const told: string[] = [];
    const sender = new Sender(client, { ...settings, tell: (text) => told.push(text) });
    await sender.send(input('a', 'b', 'c'));
    assert.deepEqual(client.calls, [['b', 'c']]);
    assert.match(told.join(), /refuses events/);
  });

  for (const [what, error, retryMs] of [
    ['a connection that breaks', new RpcError('connection', 'gone'), 5000],
    ['a refusal for longer than the time for it', new RpcError('refused', 'no room'), 0],
  ] as const) {
    test(`${what} ends it; the file is not done`, async () => {
      const client = new FakeClient();
      client.failures = [error];
      const sender = new Sender(client, { ...settings, retryMs });
      const one = input('a');
      await assert.rejects(sender.send(one), error);
      assert.equal(one.isDone, false);
      assert.equal(sender.acknowledged, 0);
    });
  }
});

describe('what is sent', () => {
  test('files of a directory, oldest first; each is renamed when it is done', async (t) => {
    const directory = temporaryDirectory(t);
    for (const [n, name] of ['b', 'a', '.hidden', 'old.COMPLETED'].entries()) {
      writeFileSync(join(directory, name), `${name}\n`);
      utimesSync(join(directory, name), 1000 + n, 1000 + n);
    }
    mkdirSync(join(directory, 'folder'));
    const client = new FakeClient();
    const sender = new Sender(client, settings);
    for (const one of directoryInputs(directory)) await sender.send(one);
    assert.deepEqual(client.calls.flat(), ['b', 'a']);
    assert.deepEqual(readdirSync(directory).sort(), [
      '.hidden',
      'a.COMPLETED',
      'b.COMPLETED',
      'folder',
      'old.COMPLETED',
    ]);
  });

  test('a file or directory that is not there: an error that names it', (t) => {
    const path = join(temporaryDirectory(t), 'missing');
    assert.throws(() => fileInput(path), /file .*missing cannot be read/);
    assert.throws(() => directoryInputs(path), /directory .*missing cannot be read/);
    assert.throws(() => fileInput(temporaryDirectory(t)), /it is a directory \(send it with --dirname\)/);
  });
});
