/** The position files: Flume's form, ours beside it, and what is made of damaged ones. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FileTable } from '../../../src/sources/taildir/file-table.ts';
import { PositionTexts, readPositions } from '../../../src/sources/taildir/positions.ts';
import { PRINT_BYTES, printOf, Tail } from '../../../src/sources/taildir/print.ts';
import { TailFile } from '../../../src/sources/taildir/tail-file.ts';
import { until } from '../../kit/until.ts';
import { numbered, TailRig, text } from './rig.ts';

const group = {
  name: 'f1',
  index: 0,
  directory: '/',
  matches: () => true,
  headers: new Map<string, string>(),
};

interface Entry {
  readonly ino: bigint;
  readonly dev: bigint;
  readonly pos: number;
  readonly path: string;
  readonly tail: string | null;
  readonly head: string | null;
}

function fileOf({ ino, dev, pos, path, tail, head }: Entry): TailFile {
  const status = { ino, dev, size: pos, mtimeMs: 0, kind: 'file' } as const;
  const place = { pos, tail: tail === null ? null : Tail.printed(tail) };
  const file = new TailFile(status, { text: path, bytes: null }, group, place, 0);
  file.moveTo({ text: path, bytes: null }, group, { path: '/' }, 'x');
  file.head = head;
  return file;
}

function positionTexts(files: readonly TailFile[], before: string | null): PositionTexts {
  const texts = new PositionTexts();
  texts.update(files, before);
  return texts;
}

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const print = fc.option(fc.string({ minLength: 22, maxLength: 22 }));
const entry: fc.Arbitrary<Entry> = fc.record(
  {
    ino: u64,
    dev: u64,
    pos: fc.maxSafeNat(),
    path: fc.string({ unit: 'binary' }).map((name) => `/${name}`),
    tail: print,
    head: print,
  },
  { noNullPrototype: true },
);
const entries = fc.uniqueArray(entry, { selector: ({ ino }) => ino, maxLength: 8 });

describe('the texts of positions', () => {
  test('are what Flume writes: a list in one line, keys in its order; empty without files', () => {
    const one = fileOf({ ino: 2496272n, dev: 1n, pos: 12, path: '/var/log/a.log', tail: null, head: null });
    const two = fileOf({ ino: 2n ** 64n - 1n, dev: 1n, pos: 0, path: '/a "b"\n', tail: null, head: null });
    assert.equal(
      positionTexts([one, two], null).plain.toString(),
      '[{"inode":2496272,"pos":12,"file":"/var/log/a.log"},{"inode":-1,"pos":0,"file":"/a \\"b\\"\\n"}]',
    );
    assert.equal(positionTexts([], null).plain.length, 0);
  });

  test('give back every place, inodes of 64 bits too', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const { plain, exact } = positionTexts(list.map(fileOf), null);
        const read = readPositions(plain, exact);
        assert.deepEqual(read, { places: list, complaints: [] });
        const theirs = readPositions(plain, null);
        assert.deepEqual(
          theirs.places,
          list.map(({ ino, pos, path }) => ({ ino, dev: null, pos, path, tail: null, head: null })),
        );
      }),
    );
  });

  test('written over where entries stand are those of the same files put together anew', () => {
    const moves = fc.array(fc.record({ n: fc.nat(), pos: fc.nat(2000), tail: print }), { maxLength: 20 });
    fc.assert(
      fc.property(entries, entries, moves, (first, later, list) => {
        const known = new Set(first.map(({ ino }) => ino));
        const files = first.map(fileOf);
        const kept = positionTexts(files, null);
        for (const { n, pos, tail } of list) {
          const file = files[n % files.length];
          if (n % 5 === 0) files.splice(n % (files.length + 1), 1);
          else if (n % 5 === 1)
            files.push(
              ...later
                .filter(({ ino }) => !known.has(ino))
                .slice(0, 1)
                .map(fileOf),
            );
          else if (n % 5 === 2 && file !== undefined) new FileTable('content', []).detach(file);
          else file?.advance({ pos, tail: tail === null ? null : Tail.printed(tail) });
          const before = kept.print;
          const isChanged = kept.update(files, before);
          const entriesNow = files.map((one) => one.entry);
          for (const one of files) one.entry = null;
          const fresh = positionTexts(files, before);
          assert.equal(kept.plain.toString(), fresh.plain.toString());
          if (isChanged) assert.equal(kept.exact.toString(), fresh.exact.toString());
          files.forEach((one, at) => {
            one.entry = entriesNow[at]!;
          });
        }
        assert.equal(kept.update(files, kept.print), false);
      }),
    );
  });

  test('give back by which path a renamed file belongs to its group, in ours only', () => {
    const renamed = { ino: 1n, dev: 1n, pos: 5, path: '/a.log.1', tail: 't', head: null };
    const file = fileOf(renamed);
    file.home = null;
    file.matchedAs = '/a.log';
    const { plain, exact } = positionTexts([file], null);
    assert.equal(plain.length, 0);
    assert.deepEqual(readPositions(plain, exact).places, [{ ...renamed, matchedAs: '/a.log' }]);
  });

  test('of any content, cut anywhere, never fail: whole entries are used', () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.uint8Array(), (list, cut, rubbish) => {
        const { plain, exact } = positionTexts(list.map(fileOf), null);
        const part = plain.subarray(0, cut % (plain.length + 1));
        const { places } = readPositions(part, null);
        for (const place of places)
          assert.ok(list.some(({ ino, pos }) => ino === place.ino && pos === place.pos));
        if (part.length < plain.length && list.length > 1 && part.length > plain.length - 5) {
          assert.ok(places.length >= list.length - 1);
        }
        readPositions(Buffer.from(rubbish), exact);
        readPositions(plain, Buffer.from(rubbish));
      }),
    );
  });

  test('that Flume has written since win over ours; what ours know beside stays', () => {
    const a = { ino: 1n, dev: 9n, pos: 100, path: '/a', tail: 'ta', head: 'ha' };
    const b = { ino: 2n, dev: 9n, pos: 200, path: '/b', tail: 'tb', head: 'hb' };
    const c = { ino: 3n, dev: 9n, pos: 300, path: '/c', tail: 'tc', head: 'hc' };
    const { exact } = positionTexts([a, b, c].map(fileOf), null);
    const theirs = '[{"inode":1,"pos":100,"file":"/a"},{"inode":2,"pos":250,"file":"/b"}]';
    const { places } = readPositions(Buffer.from(theirs), exact);
    const unknown = { dev: null, tail: null, head: null };
    assert.deepEqual(places, [a, { ino: 2n, pos: 250, path: '/b', ...unknown }, c]);
  });

  test('of which only ours was written when the process died count as ours', () => {
    const a = { ino: 1n, dev: 9n, pos: 100, path: '/a', tail: 'ta', head: 'ha' };
    const before = positionTexts([fileOf(a)], null);
    const after = positionTexts([fileOf({ ...a, pos: 200, tail: 'tb' })], before.print);
    const { places } = readPositions(before.plain, after.exact);
    assert.deepEqual(places, [{ ...a, pos: 200, tail: 'tb' }]);
  });

  test('without Flume’s file begin anew, whatever ours say', () => {
    const { exact } = positionTexts(
      [fileOf({ ino: 1n, dev: 1n, pos: 1, path: '/a', tail: null, head: null })],
      null,
    );
    assert.deepEqual(readPositions(null, exact), { places: [], complaints: [] });
  });

  test('an entry without a key is left out and told in Flume’s words', () => {
    const { places, complaints } = readPositions(
      Buffer.from('[{"inode":1,"file":"/a"},{"inode":2,"pos":5,"file":"/b"},null]'),
      null,
    );
    assert.deepEqual(
      places.map(({ path }) => path),
      ['/b'],
    );
    assert.match(
      complaints[0]!,
      /Detected missing value in position file\. inode: 1, pos: undefined, path: \/a/,
    );
    assert.equal(complaints.length, 2);
  });
});

describe('the position file', () => {
  test('written by Flume is honoured: inode and path must be the same', async (t) => {
    const rig = await TailRig.open(t, {}, (it) => {
      for (const name of ['a.log', 'b.log', 'c.log']) writeFileSync(it.path(name), '1\n2\n3\n');
      const inode = (name: string) => statSync(it.path(name)).ino;
      const list = [
        { inode: inode('a.log'), pos: 4, file: it.path('a.log') },
        { inode: inode('b.log'), pos: 4, file: it.path('other.log') },
        { inode: inode('c.log'), pos: 400, file: it.path('c.log') },
      ];
      mkdirSync(dirname(it.positionFile));
      writeFileSync(it.positionFile, JSON.stringify(list));
    });
    await rig.untilCount(7);
    assert.deepEqual([...rig.bodies].sort(), ['1', '1', '2', '2', '3', '3', '3']);
    assert.match(rig.log.texts('info').join('\n'), /Pos 400 is larger than file size! Restarting from pos 0/);
  });

  test('is honoured by us after Flume has gone on with it', async (t) => {
    const rig = await TailRig.open(t, {}, (it) => writeFileSync(it.path('a.log'), '1\n2\n'));
    await rig.untilStored('a.log', 4);
    await rig.stop();
    appendFileSync(rig.path('a.log'), '3\n4\n');
    const inode = statSync(rig.path('a.log')).ino;
    writeFileSync(rig.positionFile, JSON.stringify([{ inode, pos: 6, file: rig.path('a.log') }]));
    await rig.start();
    await rig.untilCount(3);
    assert.deepEqual(rig.bodies, ['1', '2', '4']);
  });

  test('that is empty or damaged costs nothing when ours is whole; the damaged one is kept', async (t) => {
    for (const content of ['', '[{"inode":12,"pos":', 'rubbish \x00']) {
      const rig = await TailRig.open(t, {}, (it) => writeFileSync(it.path('a.log'), '1\n2\n'));
      await rig.untilStored('a.log', 4);
      await rig.stop();
      writeFileSync(rig.positionFile, content);
      appendFileSync(rig.path('a.log'), '3\n');
      await rig.start();
      await rig.untilCount(3);
      assert.deepEqual(rig.bodies, ['1', '2', '3'], content);
      if (content !== '') {
        assert.match(rig.log.texts('error').join('\n'), /Failed loading positionFile: .*it is damaged/);
        assert.equal(readFileSync(`${rig.positionFile}.damaged`, 'utf8'), content);
      }
      await rig.stop();
    }
  });

  test('that is damaged, and ours too, begins anew', async (t) => {
    const rig = await TailRig.open(t, {}, (it) => writeFileSync(it.path('a.log'), '1\n2\n'));
    await rig.untilStored('a.log', 4);
    await rig.stop();
    writeFileSync(rig.positionFile, '{}');
    writeFileSync(`${rig.positionFile}.millrace`, '{"version":1');
    await rig.start();
    await rig.untilCount(4);
    assert.deepEqual(rig.bodies, ['1', '2', '1', '2']);
  });

  test('on a disk that is full or read-only: lines flow, the source is degraded, and it recovers', async (t) => {
    for (const code of ['ENOSPC', 'EROFS', 'EIO']) {
      const rig = await TailRig.open(t, {}, (it) => writeFileSync(it.path('a.log'), '1\n'));
      await rig.untilStored('a.log', 2);
      rig.disk.fails = (call) => (call === 'writeFile' ? code : null);
      appendFileSync(rig.path('a.log'), '2\n3\n');
      await rig.untilCount(3);
      const degraded = await until('it is degraded', () => rig.degraded);
      assert.match(degraded, new RegExp(`Failed writing positionFile: ${code}`));
      assert.deepEqual([...rig.stored().values()], [2], 'the old one is whole');
      assert.ok(rig.counters.get('GenericProcessingFail') > 0);
      assert.equal(rig.log.texts('error').length, 1, 'told once');
      rig.disk.fails = () => null;
      await rig.untilStored('a.log', 6);
      await until('it is so no more', () => rig.degraded === null);
      await rig.stop();
    }
  });

  test('that may be written in a directory that may not is written in place, as Flume does', async (t) => {
    const rig = await TailRig.open(t, {}, (it) => {
      writeFileSync(it.path('a.log'), '1\n');
      it.disk.fails = (call, path) => (call === 'writeFile' && path.endsWith('.tmp') ? 'EACCES' : null);
    });
    await rig.untilStored('a.log', 2);
    assert.equal(rig.degraded, null);
  });

  test('behind a link stays behind it', async (t) => {
    const rig = await TailRig.open(t, {}, (it) => {
      writeFileSync(it.path('a.log'), '1\n');
      mkdirSync(dirname(it.positionFile));
      writeFileSync(it.path('real.json'), '');
      symlinkSync(it.path('real.json'), it.positionFile);
    });
    await rig.untilStored('a.log', 2);
    assert.match(
      readFileSync(rig.path('real.json'), 'utf8'),
      /^\[\{"inode":\d+,"pos":2,"file":".*a\.log"\}\]$/,
    );
  });

  test('that cannot be read keeps the source from starting, with option and remedy', async (t) => {
    const rig = await TailRig.open(t);
    await rig.stop();
    rig.disk.fails = (call) => (call === 'readFile' ? 'EACCES' : null);
    await assert.rejects(
      rig.start(),
      (error: { code: string; detail: { option: string; remedy: string } }) => {
        assert.equal(error.code, 'SOURCE_FAILED');
        assert.equal(error.detail.option, 'positionFile');
        assert.match(error.detail.remedy, /read and write/);
        return true;
      },
    );
  });

  test('of many files resumes each where it was', async (t) => {
    const names = Array.from({ length: 300 }, (_, n) => `${n}.log`);
    const rig = await TailRig.open(t, {}, (it) => {
      for (const name of names) writeFileSync(it.path(name), text(numbered(name, 3)));
    });
    await rig.untilCount(900);
    await rig.stop();
    for (const name of names) appendFileSync(rig.path(name), `${name}\n`);
    rig.events.length = 0;
    await rig.start();
    await rig.untilCount(300);
    assert.deepEqual([...rig.bodies].sort(), [...names].sort());
  });
});

describe('the tail of what was delivered', () => {
  test('is the same by its bytes and by its print, also after it was renewed with fewer', () => {
    const [long, short] = [Buffer.alloc(PRINT_BYTES, 'a'), Buffer.from('bc\n')];
    const tail = Tail.of(long);
    const other = Buffer.from(long);
    other[17] = 0;
    for (const one of [tail, Tail.printed(printOf(long))]) {
      assert.deepEqual(
        [long, other, short].map((bytes) => one.matches(bytes)),
        [true, false, false],
      );
    }
    tail.renew(short);
    for (const one of [tail, Tail.printed(tail.print), tail]) {
      assert.deepEqual(
        [long, short, short.subarray(1)].map((bytes) => one.matches(bytes)),
        [false, true, false],
      );
    }
    assert.equal(tail.print, printOf(short));
  });
});
