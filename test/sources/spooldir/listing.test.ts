/** Which files are candidates, and in which order. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { javaPattern } from '../../../src/base/java/regex.ts';
import { Listing, type ListingSettings } from '../../../src/sources/spooldir/listing.ts';
import { RecordedLog } from '../../kit/part.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

interface Rig {
  readonly listing: Listing;
  readonly directory: string;
  readonly log: RecordedLog;
  readonly failures: string[];
  /** Names below the directory, in order. */
  list(): Promise<string[]>;
  put(name: string, ageSeconds?: number): void;
}

const NOW = Math.floor(Date.now() / 1000);

function rig(given: Partial<ListingSettings> = {}): Rig {
  const directory = temporaryDirectory();
  const log = new RecordedLog();
  const failures: string[] = [];
  const listing = new Listing({
    spoolDir: directory,
    trackerDir: `${directory}/.flumespool`,
    fileSuffix: '.COMPLETED',
    include: null,
    ignore: javaPattern('^$'),
    recursive: false,
    order: 'oldest',
    marksInTracker: false,
    onFailure: (text) => failures.push(text),
    log,
    ...given,
  });
  return {
    listing,
    directory,
    log,
    failures,
    list: async () => (await listing.list()).map(({ path }) => path.slice(directory.length + 1)),
    put: (name, ageSeconds = 100) => {
      const path = join(directory, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, '');
      utimesSync(path, NOW - ageSeconds, NOW - ageSeconds);
    },
  };
}

describe('candidates', () => {
  test('the oldest first, or the youngest; of the same age by name', async () => {
    for (const [order, wanted] of [
      ['oldest', ['z-old', 'a', 'b c', 'ü\nx', 'A-young']],
      ['youngest', ['A-young', 'a', 'b c', 'ü\nx', 'z-old']],
    ] as const) {
      const { put, list } = rig({ order });
      for (const name of ['ü\nx', 'b c', 'a']) put(name);
      put('z-old', 200);
      put('A-young', 50);
      assert.deepEqual(await list(), wanted, order);
    }
  });

  test('not those that were read, begin with a dot, are ignored or not included', async () => {
    const { put, list } = rig({ include: javaPattern('.*\\.log'), ignore: javaPattern('^x.*') });
    for (const name of ['a.log', 'a.log.COMPLETED', '.b.log', 'xc.log', 'd.txt', 'sub/e.log']) put(name);
    assert.deepEqual(await list(), ['a.log']);
  });

  test('recursively: not in directories that begin with a dot or are ignored', async () => {
    const { put, list } = rig({ recursive: true, ignore: javaPattern('^skip$') });
    for (const name of ['a', 's/b', 's/t/c', '.d/e', 'skip/f', 's/skip/g', 's/skip.not']) put(name);
    assert.deepEqual(await list(), ['a', 's/b', 's/t/c', 's/skip.not']);
  });

  test('tracker_dir: not those that have an empty file of their name there', async () => {
    const { put, list } = rig({ recursive: true, marksInTracker: true });
    for (const name of ['a', 'b', 's/a', 's/b']) put(name);
    put('.flumespool/a.COMPLETED');
    put('.flumespool/s/b.COMPLETED');
    assert.deepEqual(await list(), ['s/a', 'b']);
  });

  test('links are followed to files; what is no file is passed over and told once', async () => {
    const { put, list, directory, log, failures } = rig();
    const other = temporaryDirectory();
    writeFileSync(join(other, 'file'), '');
    symlinkSync(join(other, 'file'), join(directory, 'link'));
    symlinkSync(other, join(directory, 'link-to-directory'));
    symlinkSync(join(other, 'nothing'), join(directory, 'link-to-nothing'));
    symlinkSync(join(directory, 'loop'), join(directory, 'loop'));
    put('plain');
    for (let n = 0; n < 2; n++) assert.deepEqual(new Set(await list()), new Set(['link', 'plain']));
    assert.equal(failures.length, 1);
    assert.match(failures[0]!, /I\/O exception occurred while listing directories\. .*loop: ELOOP/);
    assert.equal(log.texts('warn').length, 1);
    assert.match(log.texts('warn')[0]!, /link-to-directory is not a plain file: it is passed over/);
  });

  test('a directory that did not change is not read again, one that did is', async () => {
    const { put, list, directory } = rig({ recursive: true });
    put('s/a');
    const old = NOW - 1000;
    utimesSync(directory, old, old);
    utimesSync(join(directory, 's'), old, old);
    assert.deepEqual(await list(), ['s/a']);
    put('s/b');
    assert.deepEqual(await list(), ['s/a', 's/b']);
    // The same time as before: what was added is not seen, as nothing tells of it.
    utimesSync(join(directory, 's'), old, old);
    await list();
    put('s/c');
    utimesSync(join(directory, 's'), old, old);
    assert.deepEqual(await list(), ['s/a', 's/b']);
    rmSync(join(directory, 's'), { recursive: true });
    assert.deepEqual(await list(), []);
  });

  test('a directory that is gone is the caller’s matter, and found again', async () => {
    const { put, list, directory } = rig();
    rmSync(directory, { recursive: true });
    await assert.rejects(list(), { code: 'ENOENT' });
    put('a');
    assert.deepEqual(await list(), ['a']);
  });
});
