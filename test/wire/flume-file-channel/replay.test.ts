/** Against a small model of a channel: random transactions, written to random files in their order. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readBacklog } from '../../../src/wire/flume-file-channel/backlog.ts';
import { commit, FILL, put, rollback, take, writeLog } from './write.ts';

const DIRECTORIES = 3;
const FILE_RECORDS_MAX = 6;

interface Written {
  readonly directory: number;
  readonly fileId: number;
  readonly records: Buffer[];
  size: number;
}

interface Transaction {
  readonly takes: boolean;
  readonly events: { body: string; fileId: number; offset: number }[];
}

/** A channel in memory that keeps the logs which Flume would write. */
class ModelChannel {
  readonly files: Written[] = [];
  readonly #active = new Map<number, Written>();
  readonly #open = new Map<number, Transaction>();
  #queue: Transaction['events'] = [];
  #writeOrder = 1000;
  /** Committed and not taken for good, in the order of the commits. */
  backlog: string[] = [];

  step(transaction: number, action: number): void {
    const open = this.#open.get(transaction);
    if (open === undefined) this.#open.set(transaction, { takes: action % 2 === 1, events: [] });
    else if (action === 0) this.#end(transaction, open, true);
    else if (action === 1) this.#end(transaction, open, false);
    else if (open.takes) this.#take(transaction, open);
    else this.#put(transaction, open);
  }

  #put(transaction: number, open: Transaction): void {
    const order = ++this.#writeOrder;
    const body = `event ${order}`;
    open.events.push({
      body,
      ...this.#write(transaction, put(transaction, order, body, { headers: { order: body } })),
    });
  }

  #take(transaction: number, open: Transaction): void {
    const event = this.#queue.shift();
    if (event === undefined) return;
    open.events.push(event);
    this.#write(transaction, take(transaction, ++this.#writeOrder, event.fileId, event.offset));
  }

  #end(transaction: number, open: Transaction, commits: boolean): void {
    this.#open.delete(transaction);
    const order = ++this.#writeOrder;
    if (!commits) {
      this.#write(transaction, rollback(transaction, order));
      if (open.takes) this.#queue = [...open.events, ...this.#queue];
      return;
    }
    this.#write(transaction, commit(transaction, order, open.takes ? 'takes' : 'puts'));
    const bodies = open.events.map(({ body }) => body);
    if (open.takes) {
      this.backlog = this.backlog.filter((body) => !bodies.includes(body));
    } else {
      this.#queue.push(...open.events);
      this.backlog.push(...bodies);
    }
  }

  #write(transaction: number, record: Buffer): { fileId: number; offset: number } {
    const directory = transaction % DIRECTORIES;
    let file = this.#active.get(directory);
    if (file === undefined || file.records.length === FILE_RECORDS_MAX) {
      file = { directory, fileId: this.files.length + 1, records: [], size: 0 };
      this.files.push(file);
      this.#active.set(directory, file);
    }
    const offset = file.size;
    file.records.push(record);
    file.size += record.length;
    return { fileId: file.fileId, offset };
  }
}

test('a backlog is what was committed and not taken, over many files and directories', () => {
  const steps = fc.array(fc.tuple(fc.nat(5), fc.nat(7)), { maxLength: 150 });
  const at = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  const dataDirs = Array.from({ length: DIRECTORIES }, (_, i) => join(at, `data${i}`));
  try {
    fc.assert(
      fc.property(steps, (list) => {
        const model = new ModelChannel();
        for (const [transaction, action] of list) model.step(transaction, action);
        for (const directory of dataDirs) rmSync(directory, { recursive: true, force: true });
        // Each directory needs a file to be there.
        dataDirs.forEach((directory, i) => {
          writeLog(join(directory, `log-${9000 + i}`), [FILL]);
        });
        for (const { directory, fileId, records } of model.files) {
          writeLog(
            join(dataDirs[directory]!, `log-${fileId}`),
            fileId % 2 === 0 ? [...records, FILL] : records,
          );
        }
        const backlog = readBacklog({ checkpointDir: join(at, 'checkpoint'), dataDirs });
        const found = [...backlog.events()];
        assert.deepEqual(
          found.map(({ body }) => body.toString()),
          model.backlog,
        );
        for (const { body, headers } of found) assert.equal(headers.get('order'), body.toString());
        assert.ok(backlog.findings.every(({ severity }) => severity === 'info'));
      }),
      { numRuns: 60 },
    );
  } finally {
    rmSync(at, { recursive: true });
  }
});
