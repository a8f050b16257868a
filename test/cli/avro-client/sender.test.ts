/** How the lines of a text are sent. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { directoryInputs, fileInput, type Input } from '../../../src/cli/avro-client/input.ts';
import { Sender } from '../../../src/cli/avro-client/sender.ts';
import { RpcError } from '../../../src/client/errors.ts';
import type { FlumeEvent } from '../../../src/component/flume-event.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

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
    assert.match(sender.summary(), /^2500 events \(8.9 kB\) in \d+\.\d s, \d+ events\/s$/);
  });

  test('takes lines as Java does, wherever chunks are cut; malformed UTF-8 becomes U+FFFD', async () => {
    const client = new FakeClient();
    const chunks = ['a\r', '\nü', 'b\r', 'c\n\n', 'd'].map((text) => Buffer.from(text));
    chunks.push(Buffer.from([0xff, 10]), Buffer.from('last'));
    await new Sender(client, settings).send({
      ...input(),
      read: async function* () {
        yield* chunks;
      },
    });
    assert.deepEqual(client.calls.flat(), ['a', 'üb', 'c', '', 'd\ufffd', 'last']);
  });

  test('a line that no event holds ends it, with the line’s number', async () => {
    const client = new FakeClient();
    const megabyte = Buffer.alloc(1024 * 1024, 'x');
    const read = async function* () {
      yield Buffer.from('a\nb\n');
      for (let n = 0; n < 15; n++) yield megabyte;
    };
    await assert.rejects(new Sender(client, settings).send({ ...input(), read }), {
      code: 'EVENT_TOO_LARGE',
      message: 'a file: line 3 is longer than 14680064 bytes, the most that an event holds',
    });
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
  test('files of a directory, oldest first; each is renamed when it is done', async () => {
    const directory = temporaryDirectory();
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

  test('a file or directory that is not there: an error that names it', () => {
    const path = join(temporaryDirectory(), 'missing');
    assert.throws(() => fileInput(path), /file .*missing cannot be read/);
    assert.throws(() => directoryInputs(path), /directory .*missing cannot be read/);
    assert.throws(() => fileInput(temporaryDirectory()), /it is a directory \(send it with --dirname\)/);
  });
});
