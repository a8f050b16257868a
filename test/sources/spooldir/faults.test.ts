/** Spooldir: files and disks that are wrong. One bad file is set aside, a bad disk holds all. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { SET_ASIDE_FILE } from '../../../src/sources/spooldir/set-aside.ts';
import { META_FILE } from '../../../src/sources/spooldir/tracker.ts';
import { MoodyChannel } from '../../kit/flow.ts';
import { until } from '../../kit/until.ts';
import { type Running, runSpool, Spool, type SpoolOptions } from './spool.ts';

interface Held extends Running {
  readonly moody: MoodyChannel;
}

/** The channel holds the first put back until it is told to accept: a file is being read meanwhile. */
async function runHeld(t: TestContext, spool: Spool, options: SpoolOptions = {}): Promise<Held> {
  const moody = new MoodyChannel(t);
  const running = await runSpool(t, spool, options, moody.channel('c1', 'stall'));
  await until('a put is held', () => moody.held > 0);
  return { ...running, moody };
}

/** What is written there next meets a full disk: the one of /dev/full. */
function fillDiskOf(spool: Spool, file: string): string {
  mkdirSync(spool.path('.flumespool'), { recursive: true });
  const path = spool.path(`.flumespool/${file}.tmp`);
  symlinkSync('/dev/full', path);
  return path;
}

async function untilDegraded({ flow }: Running, reason: RegExp): Promise<void> {
  await until(`degraded with ${reason}`, () => {
    const { state, reason: told } = flow.status('source', 'r1');
    return state === 'degraded' && reason.test(told ?? '');
  });
}

/** Gauges are asked for once a second, and what failed is counted after the status tells of it. */
async function untilCounters({ flow }: Running, counters: Readonly<Record<string, number>>): Promise<void> {
  await until(JSON.stringify(counters), () =>
    Object.entries(counters).every(([name, value]) => flow.counter('source', 'r1', name) === value),
  );
}

describe('spooldir: one file is wrong', { concurrency: 4 }, () => {
  test('written to while it is read: Flume’s message, set aside, the others go on', async (t) => {
    const spool = new Spool();
    const path = spool.put('a', 'a1\na2\n');
    const other = spool.put('b', 'b1\n');
    const ages = [200_000, 100_000];
    for (const [n, file] of [path, other].entries()) {
      const changedAt = new Date(Date.now() - ages[n]!);
      utimesSync(file, changedAt, changedAt);
    }
    const held = await runHeld(t, spool);
    const [files] = (await held.flow.agent.progress())['source r1']!;
    const lags = files!.rows.map((row) => Number(row['lag ms']));
    assert.ok(
      lags.every((ms, n) => ms >= ages[n]! && ms < ages[n]! + 60_000),
      String(lags),
    );
    assert.deepEqual(files, {
      title: 'files',
      rows: [
        {
          file: path,
          state: 'reading',
          'position bytes': 0,
          'size bytes': 6,
          'lag bytes': 6,
          'lag ms': lags[0],
        },
        {
          file: other,
          state: 'waiting',
          'position bytes': 0,
          'size bytes': 3,
          'lag bytes': 3,
          'lag ms': lags[1],
        },
      ],
      omitted: 0,
    });
    await untilCounters(held, { FileCount: 2, FileFailedCount: 0, FileLagBytes: 9 });
    assert.ok(held.flow.counter('source', 'r1', 'FileLagMs') >= ages[0]!);
    appendFileSync(path, 'a3\n');
    await held.moody.set('accept');
    await held.collected.untilCount(3);
    assert.deepEqual(held.collected.bodies, ['a1', 'a2', 'b1']);
    await spool.untilNames('a', 'b.COMPLETED');
    await untilDegraded(held, /set aside: File has been modified since being read: .*\/a/);
    const { level, text } = await held.flow.untilLogged('File has been modified since being read');
    assert.equal(level, 'error');
    assert.match(text, /source r1: .*\/a\. The file is set aside at byte 6, the others are read on/);
    assert.equal(held.flow.counter('source', 'r1', 'EventReadFail'), 1);
    const [entry] = spool.setAside();
    assert.deepEqual([entry!.file, entry!.why, entry!.offset], [path, 'changed', 6]);
    const tables = (await held.flow.agent.progress())['source r1']!;
    const aside = tables.find(({ title }) => title === 'files set aside')!;
    assert.equal(aside.rows.length, 1);
    assert.equal(aside.rows[0]!.file, path);
    assert.equal(aside.rows[0]!['position bytes'], 6);
    await untilCounters(held, { FileCount: 0, FileFailedCount: 1, FileLagBytes: 0, FileLagMs: 0 });
    await held.flow.stop();
    const next = await runSpool(t, spool);
    await next.collected.untilCount(1);
    assert.deepEqual(next.collected.bodies, ['a3']);
    await spool.untilNames('a.COMPLETED', 'b.COMPLETED');
    await until('it is forgotten', () => spool.setAside().length === 0);
  });

  test('a last line is held back when the file has grown meanwhile', async (t) => {
    const spool = new Spool();
    const path = spool.put('a', 'a1\nhalf');
    const held = await runHeld(t, spool);
    appendFileSync(path, ' a line\n');
    await held.moody.set('accept');
    await untilDegraded(held, /modified since being read/);
    await held.flow.stop();
    const next = await runSpool(t, spool);
    await next.collected.untilCount(1);
    assert.deepEqual([...held.collected.bodies, ...next.collected.bodies], ['a1', 'half a line']);
  });

  test('cut short while it is read: set aside; a start reads what is there now', async (t) => {
    const spool = new Spool();
    const path = spool.put('a', 'a1\na2\n');
    const held = await runHeld(t, spool);
    truncateSync(path, 3);
    utimesSync(path, 1000, 1000);
    await held.moody.set('accept');
    await untilDegraded(held, /set aside: File has been modified since being read/);
    assert.equal(spool.setAside()[0]!.offset, 6);
    await held.flow.stop();
    const next = await runSpool(t, spool);
    await next.collected.untilCount(1);
    assert.deepEqual(next.collected.bodies, ['a1']);
    await next.flow.untilLogged(/is not the file of which 6 bytes were read/);
    await spool.untilNames('a.COMPLETED');
  });

  test('replaced while it is read by a file of its size and time: that one is read, too', async (t) => {
    const spool = new Spool();
    const path = spool.put('a', 'a1\na2\n');
    const { atime, mtime } = statSync(path);
    const held = await runHeld(t, spool);
    writeFileSync(spool.path('.other'), 'b1\nb2\n');
    utimesSync(spool.path('.other'), atime, mtime);
    renameSync(spool.path('.other'), path);
    await held.moody.set('accept');
    await held.collected.untilCount(4);
    assert.deepEqual(held.collected.bodies, ['a1', 'a2', 'b1', 'b2']);
    assert.match(
      (await held.flow.untilLogged('File has been replaced since being read')).text,
      /\/a\. The file is set aside/,
    );
    await spool.untilNames('a.COMPLETED');
  });

  test('gone while it is read: what it held is delivered, and that is that', async (t) => {
    const spool = new Spool();
    const path = spool.put('a', 'a1\na2\n');
    const held = await runHeld(t, spool);
    rmSync(path);
    await held.moody.set('accept');
    await held.flow.untilLogged(/a was read and is gone before it could be marked as read/);
    spool.put('b', 'b1\n');
    await held.collected.untilCount(3);
    assert.equal(held.flow.status('source', 'r1').state, 'running');
  });

  test('its new name is taken: set aside; marked as read, not read again, once it is free', async (t) => {
    const spool = new Spool();
    spool.put('a', 'a1\n');
    spool.put('empty', '');
    spool.put('a.COMPLETED', 'other\n');
    spool.put('empty.COMPLETED', 'other\n');
    spool.put('b', 'b1\n');
    const running = await runSpool(t, spool);
    await running.collected.untilCount(3);
    await untilDegraded(
      running,
      /File name has been re-used with different files\. Spooling assumptions violated for/,
    );
    renameSync(spool.path('a.COMPLETED'), spool.path('.a'));
    renameSync(spool.path('empty.COMPLETED'), spool.path('.empty'));
    await spool.untilNames('a.COMPLETED', 'b.COMPLETED', 'empty.COMPLETED');
    await until('it runs', () => running.flow.status('source', 'r1').state === 'running');
    assert.deepEqual(running.collected.bodies, ['a1', '', 'b1']);
  });

  test('bytes that are not of the charset: the lines before come out, the place is told', async (t) => {
    const spool = new Spool();
    spool.put('a', Buffer.from('a1\nb\xe9d\na3\n', 'latin1'));
    spool.put('b', 'b1\n');
    const running = await runSpool(t, spool);
    await running.collected.untilCount(2);
    assert.deepEqual(running.collected.bodies, ['a1', 'b1']);
    await untilDegraded(
      running,
      /a cannot be read: the line at byte 3 is not of the file’s charset \(correct inputCharset/,
    );
    assert.equal(spool.setAside()[0]!.offset, 3);
    assert.equal(running.flow.counter('source', 'r1', 'EventReadFail'), 1);
    await running.flow.stop();
    const next = await runSpool(t, spool, { inputCharset: 'ISO-8859-1' });
    await next.collected.untilCount(2);
    assert.deepEqual(
      next.collected.bodies.map((body) => Buffer.from(body, 'latin1').toString()),
      ['béd', 'a3'],
    );
  });

  test('a file that the system does not read: set aside, the others go on', async (t) => {
    const spool = new Spool();
    // A plain file whose first bytes cannot be read, whoever asks.
    symlinkSync('/proc/self/mem', spool.path('a'));
    spool.put('b', 'b1\n');
    const running = await runSpool(t, spool);
    await running.collected.untilCount(1);
    await untilDegraded(running, /set aside: .*\/a cannot be read: EIO/);
    await untilCounters(running, { GenericProcessingFail: 1 });
    assert.equal(spool.setAside()[0]!.why, 'unreadable');
  });

  test('badFilePolicy = stop: nothing more is read until a start, in Flume’s words', async (t) => {
    const spool = new Spool();
    spool.put('a', Buffer.from('a1\n\xff\n', 'latin1'));
    spool.put('b', 'b1\n');
    const running = await runSpool(t, spool, { badFilePolicy: 'stop' });
    const { text } = await running.flow.untilLogged(/FATAL/);
    assert.match(
      text,
      /^FATAL: Spool Directory source r1: \{ spoolDir: .* \}: Uncaught exception in SpoolDirectorySource thread\. Restart or reconfigure Flume to continue processing\./,
    );
    await untilDegraded(running, /the line at byte 3/);
    assert.deepEqual(spool.names(), ['a', 'b']);
    assert.ok(spool.has(`.flumespool/${META_FILE}`));
    await running.flow.stop();
    const next = await runSpool(t, spool, { badFilePolicy: 'stop', decodeErrorPolicy: 'REPLACE' });
    await next.collected.untilCount(2);
    assert.deepEqual(next.collected.bodies.slice(1), ['b1']);
  });
});

describe('spooldir: the disk is wrong', { concurrency: 4 }, () => {
  test('a position that cannot be written holds the source, and little is read again', async (t) => {
    const spool = new Spool();
    // The new tracker file cannot be made where a directory stands.
    const obstacle = spool.path(`.flumespool/${META_FILE}.tmp`);
    mkdirSync(obstacle, { recursive: true });
    const lines = Array.from({ length: 200_000 }, (_, n) => `line ${n} ${'x'.repeat(20)}`);
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    spool.put('a', bytes);
    const running = await runSpool(t, spool);
    await untilDegraded(running, /The position cannot be written: EISDIR.*\. Nothing is read until it can/);
    await until('a failure', () => running.flow.counter('source', 'r1', 'GenericProcessingFail') >= 1);
    const accepted = () => running.flow.counter('source', 'r1', 'EventAcceptedCount');
    const held = accepted();
    assert.ok(held < lines.length * 0.6, `${held} of ${lines.length} were put`);
    rmSync(obstacle, { recursive: true });
    await running.collected.untilCount(lines.length);
    assert.deepEqual(running.collected.bodies, lines);
    await until('it runs', () => running.flow.status('source', 'r1').state === 'running');
    await spool.untilNames('a.COMPLETED');
  });

  test('a full disk under the position: it is written when there is room again', async (t) => {
    const spool = new Spool();
    const full = fillDiskOf(spool, META_FILE);
    const count = 200_000;
    spool.put('a', 'line\n'.repeat(count));
    const running = await runSpool(t, spool);
    await untilDegraded(running, /The position cannot be written: ENOSPC/);
    assert.ok(!spool.has(`.flumespool/${META_FILE}`));
    rmSync(full);
    await running.collected.untilCount(count);
    await spool.untilNames('a.COMPLETED');
    assert.equal(running.collected.bodies.length, count);
  });

  test('a full disk under the record of files that are set aside holds the source, and ends', async (t) => {
    const spool = new Spool();
    const full = fillDiskOf(spool, SET_ASIDE_FILE);
    const path = spool.put('a', Buffer.from('a1\nb\xe9d\n', 'latin1'));
    spool.put('b', 'b1\n');
    const running = await runSpool(t, spool);
    await untilDegraded(
      running,
      /The list of files that are set aside cannot be written: ENOSPC.*\. Nothing is read until it can/,
    );
    assert.deepEqual(running.collected.bodies, ['a1']);
    await untilCounters(running, { GenericProcessingFail: 1 });
    rmSync(full);
    await running.collected.untilCount(2);
    assert.deepEqual(running.collected.bodies, ['a1', 'b1']);
    await spool.untilNames('a', 'b.COMPLETED');
    await untilDegraded(running, /^set aside: .*\/a cannot be read/);
    assert.deepEqual(
      spool.setAside().map(({ file, offset }) => [file, offset]),
      [[path, 3]],
    );
  });

  test('a stop before that record could be written: a start reads nothing again', async (t) => {
    const spool = new Spool();
    const full = fillDiskOf(spool, SET_ASIDE_FILE);
    spool.put('a', Buffer.from('a1\nb\xe9d\n', 'latin1'));
    spool.put('b', 'b1\n');
    const running = await runSpool(t, spool);
    await untilDegraded(running, /The list of files that are set aside cannot be written/);
    await running.flow.stop();
    rmSync(full);
    const next = await runSpool(t, spool, { decodeErrorPolicy: 'IGNORE' });
    await next.collected.untilCount(2);
    assert.deepEqual([...running.collected.bodies, ...next.collected.bodies], ['a1', 'bd', 'b1']);
  });

  test('a file that cannot be marked as read holds the source, and is not read again', async (t) => {
    const spool = new Spool();
    spool.put('s/a', 'a1\n');
    spool.put('b', 'b1\n');
    // Where the mark's directory should be stands a file.
    writeFileSync(spool.put('.flumespool/s', ''), '');
    const options = { trackingPolicy: 'tracker_dir', recursiveDirectorySearch: true };
    const running = await runSpool(t, spool, options);
    await untilDegraded(running, /The end of .*s\/a cannot be written/);
    assert.deepEqual(running.collected.bodies, ['a1']);
    rmSync(spool.path('.flumespool/s'));
    await running.collected.untilCount(2);
    assert.deepEqual(running.collected.bodies, ['a1', 'b1']);
    await until('the mark', () => spool.has('.flumespool/s/a.COMPLETED'));
  });

  test('a stop does not wait for such a disk', async (t) => {
    const spool = new Spool();
    mkdirSync(spool.path(`.flumespool/${META_FILE}.tmp`), { recursive: true });
    spool.put('a', 'line\n'.repeat(300_000));
    const running = await runSpool(t, spool);
    await untilDegraded(running, /The position cannot be written/);
    const began = Date.now();
    await running.flow.stop();
    assert.ok(Date.now() - began < 5000, `${Date.now() - began} ms`);
  });

  test('the directory is removed and made again', async (t) => {
    const spool = new Spool();
    spool.put('a', 'a1\n');
    const running = await runSpool(t, spool);
    await spool.untilNames('a.COMPLETED');
    rmSync(spool.directory, { recursive: true });
    await untilDegraded(running, /I\/O exception occurred while listing directories.*ENOENT/);
    spool.put('b', 'b1\n'.repeat(200_000));
    await running.collected.untilCount(200_001);
    await spool.untilNames('b.COMPLETED');
    await until('it runs', () => running.flow.status('source', 'r1').state === 'running');
    await untilCounters(running, { GenericProcessingFail: 1 });
  });
});
