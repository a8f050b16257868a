/** Spooldir: files read in their order, marked as read, with their headers; what a start takes over. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, test } from 'node:test';
import { META_FILE, PositionTracker } from '../../../src/sources/spooldir/tracker.ts';
import { MoodyChannel } from '../../kit/flow.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';
import { runSpool, Spool } from './spool.ts';

const LARGE_BYTES = 1e9;
/** From a running source to the first event of the rest. */
const RESUME_MS_MAX = 300;

describe('spooldir: files', { concurrency: 4 }, () => {
  test('are read in the order of their times, renamed, counted and logged; later ones, too', async (t) => {
    const spool = new Spool();
    spool.put('b', 'b1\nb2\n');
    spool.put('a', 'a1\r\na2');
    spool.put('empty', '');
    spool.put('.hidden', 'no\n');
    spool.put('c.tmp', 'no\n');
    const { collected, flow } = await runSpool(t, spool, { ignorePattern: String.raw`^.*\\.tmp$` });
    await collected.untilCount(5);
    assert.deepEqual(collected.bodies, ['b1', 'b2', 'a1\r', 'a2', '']);
    await spool.untilNames('a.COMPLETED', 'b.COMPLETED', 'c.tmp', 'empty.COMPLETED');
    spool.put('later', 'l1\n');
    await collected.untilCount(6);
    await until(
      'no tracker file is left',
      () => spool.has('later.COMPLETED') && !spool.has(`.flumespool/${META_FILE}`),
    );
    assert.equal(flow.counter('source', 'r1', 'EventReceivedCount'), 6);
    assert.equal(flow.counter('source', 'r1', 'EventAcceptedCount'), 6);
    const batches = flow.counter('source', 'r1', 'AppendBatchReceivedCount');
    assert.equal(flow.counter('source', 'r1', 'AppendBatchAcceptedCount'), batches);
    await flow.untilLogged(`SpoolDirectorySource source starting with directory: ${spool.directory}`);
    await flow.untilLogged(`Preparing to move file ${spool.path('b')} to ${spool.path('b.COMPLETED')}`);
    assert.equal(flow.status('source', 'r1').state, 'running');
  });

  test('names with blanks, line ends and letters of any script', async (t) => {
    const spool = new Spool();
    const names = ['two words', 'line\nend', 'größe', '猫 😀'];
    for (const name of names) spool.put(name, `${encodeURIComponent(name)}\n`);
    const { collected } = await runSpool(t, spool, { fileHeader: true, basenameHeader: true });
    await collected.untilCount(4);
    for (const { body, headers } of collected.events) {
      assert.equal(headers.get('basename'), decodeURIComponent(body));
      assert.equal(headers.get('file'), spool.path(decodeURIComponent(body)));
    }
    await spool.untilNames(...names.map((name) => `${name}.COMPLETED`));
  });

  test('headers: under other names; a path below the working directory becomes absolute', async (t) => {
    const spool = new Spool();
    spool.put('a', 'x\ny\n');
    const below = relative(process.cwd(), spool.directory);
    const { collected } = await runSpool(t, spool, {
      spoolDir: `${below}//`,
      fileHeader: true,
      fileHeaderKey: 'path',
      basenameHeader: true,
      basenameHeaderKey: 'name',
    });
    await collected.untilCount(2);
    for (const { headers } of collected.events) {
      assert.deepEqual(Object.fromEntries(headers), { path: `${process.cwd()}/${below}/a`, name: 'a' });
    }
  });

  test('deletePolicy immediate deletes them', async (t) => {
    const spool = new Spool();
    spool.put('a', 'x\n');
    const { collected } = await runSpool(t, spool, { deletePolicy: 'immediate' });
    await collected.untilCount(1);
    await spool.untilNames();
  });

  test('tracker_dir leaves them as they are, in every directory', async (t) => {
    const spool = new Spool();
    spool.put('a', 'x\n');
    spool.put('s/t/a', 'y\n');
    const tracker = join(temporaryDirectory(), 'tracker');
    const options = { trackingPolicy: 'tracker_dir', recursiveDirectorySearch: true, trackerDir: tracker };
    const first = await runSpool(t, spool, options);
    await first.collected.untilCount(2);
    await until('marks', () => existsSync(join(tracker, 's/t/a.COMPLETED')));
    assert.equal(statSync(join(tracker, 'a.COMPLETED')).size, 0);
    await first.flow.stop();
    spool.put('b', 'z\n');
    const second = await runSpool(t, spool, options);
    await second.collected.untilCount(1);
    assert.deepEqual(second.collected.bodies, ['z']);
    assert.ok(spool.has('a') && spool.has('s/t/a') && spool.has('b'));
  });

  test('consumeOrder random: each once, an empty one as an empty event, and what comes later', async (t) => {
    const spool = new Spool();
    const names = Array.from({ length: 40 }, (_, n) => `f${n}`);
    for (const name of names) spool.put(name, `${name}\n`);
    spool.put('empty', '');
    const { collected } = await runSpool(t, spool, { consumeOrder: 'random' });
    await collected.untilCount(41);
    spool.put('later', 'later\n');
    await collected.untilCount(42);
    assert.equal(collected.bodies.at(-1), 'later');
    assert.deepEqual([...collected.bodies].sort(), ['', ...names, 'later'].sort());
    await spool.untilNames(...[...names, 'empty', 'later'].map((name) => `${name}.COMPLETED`));
  });

  test('maxLineLength cuts lines and warns in Flume’s words; bufferMaxLineLength wins over it', async (t) => {
    const spool = new Spool();
    spool.put('a', 'abcdefghijkl\nmn\n');
    const options = { 'deserializer.maxLineLength': 100, bufferMaxLineLength: 5 };
    const { collected, flow } = await runSpool(t, spool, options);
    await collected.untilCount(4);
    assert.deepEqual(collected.bodies, ['abcde', 'fghij', 'kl', 'mn']);
    assert.equal((await flow.untilLogged('Line length exceeds max (5), truncating line!')).level, 'warn');
  });
});

describe('spooldir: the channel', { concurrency: 4 }, () => {
  test('a small channel gets all events in order, each once', async (t) => {
    const spool = new Spool();
    const lines = Array.from({ length: 500 }, (_, n) => `line ${n}`);
    spool.put('a', lines.join('\n'));
    const { collected, flow } = await runSpool(
      t,
      spool,
      { batchSize: 2, maxBackoff: 10 },
      `channels.c1.type = memory
       channels.c1.capacity = 2
       channels.c1.transactionCapacity = 2
       channels.c1.keep-alive = 0
       sinks.k1.batchSize = 2`,
    );
    await collected.untilCount(500);
    assert.deepEqual(collected.bodies, lines);
    await spool.untilNames('a.COMPLETED');
    assert.ok(flow.counter('source', 'r1', 'ChannelWriteFail') > 0);
    assert.equal(flow.counter('source', 'r1', 'EventAcceptedCount'), 500);
    assert.match(
      (await flow.untilLogged('The channel is full')).text,
      /will try again after 10 milliseconds/,
    );
  });

  test('what it refuses comes before what was read behind it', async (t) => {
    const spool = new Spool();
    const lines = Array.from({ length: 200_000 }, (_, n) => `line ${n}`);
    spool.put('a', `${lines.join('\n')}\n`);
    const moody = new MoodyChannel(t);
    const { collected } = await runSpool(t, spool, { maxBackoff: 5 }, moody.channel('c1', 'alternate'));
    await collected.untilCount(lines.length);
    assert.deepEqual(collected.bodies, lines);
  });

  test('a stop while it refuses keeps the place; a start goes on there', async (t) => {
    const spool = new Spool();
    const lines = Array.from({ length: 5000 }, (_, n) => `line ${n}`);
    spool.put('a', `${lines.join('\n')}\n`);
    const full = `channels.c1.type = memory
      channels.c1.capacity = 1000
      channels.c1.transactionCapacity = 100
      channels.c1.keep-alive = 0
      sinks.k1.after = ${spool.path('.never')}`;
    const first = await runSpool(t, spool, {}, full);
    await until('the channel is full', () => first.flow.counter('source', 'r1', 'ChannelWriteFail') > 0);
    const accepted = first.flow.counter('source', 'r1', 'EventAcceptedCount');
    assert.ok(accepted > 0 && accepted < lines.length);
    writeFileSync(spool.path('.never'), '');
    await first.flow.stop();
    const done = first.collected.events.length;
    const second = await runSpool(t, spool);
    await second.collected.untilCount(lines.length - done);
    assert.deepEqual([...first.collected.bodies, ...second.collected.bodies], lines);
    await spool.untilNames('a.COMPLETED');
  });
});

describe('spooldir: a start', { concurrency: 4 }, () => {
  test('goes on at the byte that Flume’s tracker file names, with that file first', async (t) => {
    const spool = new Spool();
    spool.put('older', 'o\n');
    const path = spool.put('begun', 'done\nrest 1\nrest 2\n');
    const first = await runSpool(t, spool, { includePattern: 'nothing' });
    await first.flow.stop();
    const tracker = new PositionTracker(spool.path('.flumespool'));
    await tracker.store(path, String(statSync(path).ino), 5);
    await tracker.close();
    const { collected } = await runSpool(t, spool);
    await collected.untilCount(3);
    assert.deepEqual(collected.bodies, ['rest 1', 'rest 2', 'o']);
  });

  test('at the end of 1 GB takes no longer than with a small file', async (t) => {
    const spool = new Spool();
    const path = spool.put('large', '');
    truncateSync(path, LARGE_BYTES);
    appendFileSync(path, '\nrest\n');
    const first = await runSpool(t, spool, { includePattern: 'nothing' });
    await first.flow.stop();
    const tracker = new PositionTracker(spool.path('.flumespool'));
    await tracker.store(path, String(statSync(path).ino), LARGE_BYTES + 1);
    await tracker.close();
    const { collected } = await runSpool(t, spool);
    const startedMs = performance.now();
    await collected.untilCount(1);
    const tookMs = performance.now() - startedMs;
    assert.deepEqual(collected.bodies, ['rest']);
    assert.ok(tookMs < RESUME_MS_MAX, `${tookMs} ms`);
    await spool.untilNames('large.COMPLETED');
  });

  test('reads a file anew that is another one, or shorter than its position', async (t) => {
    for (const [inode, offset] of [
      ['1', 4],
      [null, 400],
    ] as const) {
      const spool = new Spool();
      const path = spool.put('a', 'one\ntwo\n');
      const first = await runSpool(t, spool, { includePattern: 'nothing' });
      await first.flow.stop();
      const tracker = new PositionTracker(spool.path('.flumespool'));
      await tracker.store(path, inode ?? String(statSync(path).ino), offset);
      await tracker.close();
      const { collected, flow } = await runSpool(t, spool);
      await collected.untilCount(2);
      assert.deepEqual(collected.bodies, ['one', 'two']);
      await flow.untilLogged(/a is not the file of which \d+ bytes were read: it is read from its beginning/);
    }
  });

  test('forgets a tracker file of a file that is gone, or that nobody can read', async (t) => {
    const spool = new Spool();
    spool.put(`.flumespool/${META_FILE}`, 'garbage');
    spool.put('a', 'one\n');
    const { collected, flow } = await runSpool(t, spool);
    await collected.untilCount(1);
    await flow.untilLogged(/The tracker file cannot be read \(Not an Avro data file\.\)/);
    await spool.untilNames('a.COMPLETED');
  });

  const impossible: readonly (readonly [what: string, make: (spool: Spool) => object, text: RegExp])[] = [
    [
      'no directory',
      (spool) => ({ spoolDir: spool.path('none') }),
      /Directory does not exist: .*none \(make it/,
    ],
    ['a file', (spool) => ({ spoolDir: spool.put('file', '') }), /Path is not a directory: .*file/],
    [
      'a tracker directory without its parent',
      (spool) => ({ trackerDir: spool.path('none/tracker') }),
      /Unable to mkdir nonexistent meta directory .*none\/tracker/,
    ],
  ];
  for (const [what, make, text] of impossible) {
    test(`${what}: told, and tried again`, async (t) => {
      const spool = new Spool();
      const { flow } = await runSpool(t, spool, make(spool) as Record<string, string>);
      await flow.untilLogged(text);
      assert.notEqual(flow.status('source', 'r1').state, 'running');
    });
  }

  test('leaves no canary file behind', async (t) => {
    const spool = new Spool();
    spool.put('a', 'x\n');
    const { collected } = await runSpool(t, spool);
    await collected.untilCount(1);
    await spool.untilNames('a.COMPLETED');
    assert.equal(readFileSync(spool.path('a.COMPLETED'), 'utf8'), 'x\n');
  });

  const refused: readonly (readonly [option: string, value: string, text: RegExp])[] = [
    ['includePattern', '(', /source r1: includePattern/],
    ['ignorePattern', '[', /source r1: ignorePattern/],
    ['inputCharset', 'utf-9', /source r1: inputCharset = utf-9 is not a known charset/],
    ['deserializer.outputCharset', 'x', /source r1: deserializer\.outputCharset = x is not a known charset/],
    [
      'deserializer',
      'com.example.Mine$Builder',
      /source r1: deserializer com\.example\.Mine\$Builder cannot be used/,
    ],
  ];
  test('options that cannot work are told with their name', async (t) => {
    for (const [option, value, text] of refused) {
      const { flow } = await runSpool(t, new Spool(), { [option]: value });
      await flow.untilLogged(text);
    }
  });
});
