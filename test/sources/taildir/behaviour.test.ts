import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { until } from '../../kit/until.ts';
import { numbered, TailRig, text } from './rig.ts';

describe('lines of a file', () => {
  test('end with \\n; a \\r directly before it goes, one elsewhere stays; bytes stay as they are', async (t) => {
    const rig = await TailRig.open(t);
    writeFileSync(rig.path('a.log'), Buffer.from('one\r\ntwo\rmore\n\n\r\n\xff\x00\xfe\nlast\r\n', 'latin1'));
    await rig.untilCount(6);
    assert.deepEqual(rig.bodies, ['one', 'two\rmore', '', '', '\xff\x00\xfe', 'last']);
  });

  test('that are appended follow, in order, and the position with them', async (t) => {
    const rig = await TailRig.open(t, {}, (it) => writeFileSync(it.path('a.log'), 'one\n'));
    await rig.untilCount(1);
    for (const line of ['two', 'three', 'four']) {
      appendFileSync(rig.path('a.log'), `${line}\n`);
      await rig.untilCount(rig.events.length + 1);
    }
    assert.deepEqual(rig.bodies, ['one', 'two', 'three', 'four']);
    await rig.untilStored('a.log', 19);
  });

  test('a line without an end waits for the rest of it', async (t) => {
    const rig = await TailRig.open(t, {}, (it) => writeFileSync(it.path('a.log'), 'one\ntw'));
    await rig.untilCount(1);
    await rig.untilStored('a.log', 4);
    appendFileSync(rig.path('a.log'), 'o\nthr');
    await rig.untilCount(2);
    assert.deepEqual(rig.bodies, ['one', 'two']);
  });

  test('a line without an end is delivered once the file is idle, which is closed then', async (t) => {
    const rig = await TailRig.open(t, { idleTimeout: '150' }, (it) =>
      writeFileSync(it.path('a.log'), 'one\ntwo'),
    );
    await rig.untilCount(2);
    assert.deepEqual(rig.bodies, ['one', 'two']);
    await until('the file is closed', () => rig.disk.openPaths.length === 0);
    // It is opened again when it grows; what comes is a line of its own.
    appendFileSync(rig.path('a.log'), ' goes on\nthree\n');
    await rig.untilCount(4);
    assert.deepEqual(rig.bodies, ['one', 'two', ' goes on', 'three']);
  });

  test('of an empty file are none, until it grows', async (t) => {
    const rig = await TailRig.open(t, {}, (it) => writeFileSync(it.path('empty.log'), ''));
    await rig.untilStored('empty.log', 0);
    appendFileSync(rig.path('empty.log'), 'one\n');
    await rig.untilCount(1);
    assert.deepEqual(rig.bodies, ['one']);
  });

  test('of megabytes come in order and once, with long lines among them', async (t) => {
    const lines: string[] = [];
    for (let n = 0; n < 30_000; n++) lines.push(`${n} ${'x'.repeat(n % 301)}`);
    lines.push('y'.repeat(3_000_000));
    lines.push('z'.repeat(40_000), 'end');
    const rig = await TailRig.open(t, {}, (it) => writeFileSync(it.path('a.log'), text(lines)));
    await rig.untilCount(lines.length);
    assert.deepEqual(rig.bodies, lines);
    assert.ok(rig.puts.length < 100, `${rig.puts.length} puts`);
  });

  test('a long line that comes bit by bit is one event', async (t) => {
    const rig = await TailRig.open(t);
    const pieces = ['a'.repeat(20_000), 'b'.repeat(1_100_000), 'c'.repeat(500_000), 'd'.repeat(10)];
    let size = 0;
    for (const piece of pieces) {
      appendFileSync(rig.path('a.log'), piece);
      size += piece.length;
      await until(`all is seen`, () => rig.progress().some((row) => row['size bytes'] === size));
    }
    appendFileSync(rig.path('a.log'), '\r\nnext\n');
    await rig.untilCount(2);
    assert.ok(rig.bodies[0] === pieces.join(''), `a body of ${rig.bodies[0]!.length}`);
    assert.equal(rig.bodies[1], 'next');
  });

  for (const [size, bytesMax] of [
    [25, 10],
    [70_000, 20_000],
    [3_000_000, 1_200_000],
  ] as const) {
    test(`a line of ${size} bytes over maxLineLength ${bytesMax} is split, counted and told`, async (t) => {
      const long = Array.from({ length: size }, (_, n) => String.fromCharCode(97 + (n % 26))).join('');
      const exact = 'e'.repeat(bytesMax);
      const rig = await TailRig.open(t, { maxLineLength: String(bytesMax) }, (it) =>
        writeFileSync(it.path('a.log'), `first\n${long}\r\n${exact}\r\n${exact}\nlast\n`),
      );
      const pieces: string[] = [];
      for (let at = 0; at < size; at += bytesMax) pieces.push(long.slice(at, at + bytesMax));
      const wanted = ['first', ...pieces, exact, exact, 'last'];
      await rig.untilCount(wanted.length);
      assert.ok(rig.bodies.join('|') === wanted.join('|'), `sizes ${rig.bodies.map((body) => body.length)}`);
      assert.ok(rig.counters.get('EventReadFail') >= 1);
      assert.match(rig.log.texts('warn').join('\n'), /a\.log holds a line of more than .* bytes/);
    });
  }
});

describe('headers', () => {
  const offsets = (rig: TailRig) => rig.events.map((event) => event.headers.get('byteoffset'));

  test('byteoffset is where the line starts, in small and in large files', async (t) => {
    const lines = numbered('line', 40_000);
    const rig = await TailRig.open(t, { byteOffsetHeader: 'true' }, (it) => {
      writeFileSync(it.path('a.log'), 'one\r\n\nthree\n');
      writeFileSync(it.path('b.log'), text(lines));
      utimesSync(it.path('a.log'), 1, 1);
    });
    await rig.untilCount(3 + lines.length);
    assert.deepEqual(offsets(rig).slice(0, 3), ['0', '5', '6']);
    const wanted: string[] = [];
    let at = 0;
    for (const line of lines) {
      wanted.push(String(at));
      at += line.length + 1;
    }
    assert.deepEqual(offsets(rig).slice(3), wanted);
    appendFileSync(rig.path('a.log'), 'four\n');
    await rig.untilCount(4 + lines.length);
    assert.equal(offsets(rig).at(-1), '12');
  });

  test('a group’s headers, then the file’s path, win over others of the same name', async (t) => {
    const properties = {
      filegroups: 'f1 f2',
      'filegroups.f1': '@/a\\.log',
      'filegroups.f2': '@/[ab]\\.log',
      'headers.f1.kind': 'first',
      'headers.f1.byteoffset': 'mine',
      'headers.f1.a.dotted.name': 'yes',
      'headers.f2.path': 'hidden',
      fileHeader: 'true',
      fileHeaderKey: 'path',
      byteOffsetHeader: 'true',
    };
    const rig = await TailRig.open(t, properties, (it) => {
      writeFileSync(it.path('a.log'), 'a\n');
      writeFileSync(it.path('b.log'), 'b\n');
    });
    await rig.untilCount(2);
    assert.deepEqual(
      rig.events.map(({ body, headers }) => [body, Object.fromEntries(headers)]),
      [
        ['a', { kind: 'first', byteoffset: 'mine', 'a.dotted.name': 'yes', path: rig.path('a.log') }],
        ['b', { path: rig.path('b.log'), byteoffset: '0' }],
      ],
    );
  });

  test('each file’s own are kept where lines of many files share a put', async (t) => {
    const names = Array.from({ length: 80 }, (_, n) => `${n}.log`);
    const rig = await TailRig.open(t, { fileHeader: 'true' }, (it) => {
      for (const name of names) writeFileSync(it.path(name), `${name} 1\n${name} 2\n`);
    });
    await rig.untilCount(160);
    for (const name of names) appendFileSync(rig.path(name), `${name} 3\n`);
    await rig.untilCount(240);
    assert.ok(rig.puts.length < 80, `${rig.puts.length} puts for 80 files`);
    for (const { body, headers } of rig.events) {
      assert.equal(headers.get('file'), rig.path(body.split(' ')[0]!));
    }
  });
});

describe('which files, in which order', () => {
  test('the last part of a path is a pattern for the whole name; directories below are not entered', async (t) => {
    const rig = await TailRig.open(t, { 'filegroups.f1': '@/[ab]\\.log' }, (it) => {
      for (const name of ['a.log', 'b.log', 'a.log.1', 'c.log', 'xa.log'])
        writeFileSync(it.path(name), `${name}\n`);
      mkdirSync(it.path('b'));
      writeFileSync(it.path('b/a.log'), 'below\n');
    });
    await rig.untilCount(2);
    await rig.untilStored('b.log', 6);
    assert.deepEqual(rig.bodies.sort(), ['a.log', 'b.log']);
  });

  test('groups come one after another, in each the file changed longest ago first', async (t) => {
    const rig = await TailRig.open(
      t,
      { filegroups: 'g2 g1', 'filegroups.g1': '@/1.*\\.log', 'filegroups.g2': '@/2.*\\.log' },
      (it) => {
        const big = text(numbered('12', 5000));
        for (const [name, seconds] of [
          ['11.log', 300],
          ['12.log', 100],
          ['13.log', 200],
          ['21.log', 400],
        ] as const) {
          writeFileSync(it.path(name), name === '12.log' ? big : `${name}\n`);
          utimesSync(it.path(name), seconds, seconds);
        }
      },
    );
    await rig.untilCount(5003);
    const order = rig.bodies.map((body) => body.slice(0, 2)).filter((id, n, all) => id !== all[n - 1]);
    assert.deepEqual(order, ['21', '12', '13', '11']);
  });

  test('with maxBatchCount files take turns', async (t) => {
    const rig = await TailRig.open(t, { batchSize: '1', maxBatchCount: '2' }, (it) => {
      for (const name of ['a', 'b']) {
        writeFileSync(it.path(`${name}.log`), text([1, 2, 3, 4, 5].map((n) => name + n)));
        utimesSync(it.path(`${name}.log`), 100, name === 'a' ? 100 : 200);
      }
    });
    await rig.untilCount(10);
    assert.equal(rig.bodies.join(' '), 'a1 a2 b1 b2 a3 a4 b3 b4 a5 b5');
  });

  test('with maxBatchCount a large file lets the others have their turn', async (t) => {
    const rig = await TailRig.open(t, { batchSize: '100', maxBatchCount: '10' }, (it) => {
      writeFileSync(it.path('a.log'), text(numbered('a', 5000)));
      writeFileSync(it.path('b.log'), text(numbered('b', 10)));
      utimesSync(it.path('a.log'), 1, 1);
    });
    await rig.untilCount(5010);
    const at = rig.bodies.findIndex((body) => body.startsWith('b'));
    assert.equal(at, 1000);
    assert.deepEqual(
      rig.bodies.filter((body) => body.startsWith('a')),
      numbered('a', 5000),
    );
  });

  test('a file that comes later is read from its beginning, with skipToEnd too', async (t) => {
    const rig = await TailRig.open(t, { skipToEnd: 'true' }, (it) =>
      writeFileSync(it.path('old.log'), 'passed over\n'),
    );
    writeFileSync(rig.path('new.log'), 'new\n');
    await rig.untilCount(1);
    appendFileSync(rig.path('old.log'), 'old\n');
    await rig.untilCount(2);
    assert.deepEqual(rig.bodies, ['new', 'old']);
  });

  test('skipToEnd does not count for a file whose position is known', async (t) => {
    const rig = await TailRig.open(t, {}, (it) => writeFileSync(it.path('a.log'), 'one\n'));
    await rig.untilStored('a.log', 4);
    await rig.stop();
    appendFileSync(rig.path('a.log'), 'two\n');
    writeFileSync(rig.path('b.log'), 'passed over\n');
    await rig.start({ skipToEnd: 'true' });
    await rig.untilCount(2);
    await rig.untilStored('b.log', 12);
    assert.deepEqual(rig.bodies, ['one', 'two']);
  });

  test('without watching, and without a cache of names, files are found and followed by polling', async (t) => {
    for (const cachePatternMatching of ['true', 'false']) {
      const rig = await TailRig.open(t, {
        watch: 'false',
        cachePatternMatching,
        backoffSleepIncrement: '20',
      });
      writeFileSync(rig.path('a.log'), 'one\n');
      await rig.untilCount(1);
      appendFileSync(rig.path('a.log'), 'two\n');
      await rig.untilCount(2);
      assert.deepEqual(rig.bodies, ['one', 'two']);
      await rig.stop();
    }
  });

  test('no more files than maxOpenFiles are open, and all are read', async (t) => {
    const names = Array.from({ length: 200 }, (_, n) => `${n}.log`);
    const rig = await TailRig.open(t, { maxOpenFiles: '8' }, (it) => {
      for (const name of names) writeFileSync(it.path(name), `${name}\n`);
    });
    await rig.untilCount(200);
    for (const name of names) appendFileSync(rig.path(name), 'more\n');
    await rig.untilCount(400);
    // What is being read stays open: 32 at once.
    assert.ok(rig.disk.mostOpen <= 8 + 32, `${rig.disk.mostOpen} open at once`);
    await until('the surplus is closed', () => rig.disk.openPaths.length <= 8);
  });
});

describe('the channel', () => {
  test('that refuses some gets the same lines again, in order, after Flume’s pause', async (t) => {
    const lines = numbered('line', 20_000);
    const rig = await TailRig.open(t, {}, (it) => writeFileSync(it.path('a.log'), text(lines)));
    let asked = 0;
    rig.channel = (count) => (++asked === 1 ? Math.min(count, 7) : count);
    await rig.stop();
    rig.events.length = 0;
    await rig.start({ positionFile: `${rig.positionFile}2` });
    await rig.untilCount(lines.length);
    assert.deepEqual(rig.bodies, lines);
    assert.equal(rig.counters.get('ChannelWriteFail'), 1);
    assert.match(
      rig.log.texts('warn').join('\n'),
      /The channel is full or unexpected failure\. The source will try again after 1000 ms/,
    );
  });

  test('that does not answer holds the position; what was not answered is read again', async (t) => {
    const rig = await TailRig.open(t, {}, (it) => writeFileSync(it.path('a.log'), 'one\n'));
    await rig.untilStored('a.log', 4);
    let answer = (_: number) => {};
    rig.channel = () =>
      new Promise<number>((resolve) => {
        answer = resolve;
      });
    appendFileSync(rig.path('a.log'), 'two\n');
    await until('a put waits', () => rig.puts.length === 2);
    const stopping = rig.stop();
    await stopping;
    assert.equal(rig.stored().get(rig.path('a.log')), 4);
    rig.channel = (count) => count;
    answer(0);
    await rig.start();
    await rig.untilCount(2);
    assert.deepEqual(rig.bodies, ['one', 'two']);
  });

  test('counters count lines and Flume’s batches', async (t) => {
    const rig = await TailRig.open(t, { batchSize: '100' }, (it) => {
      writeFileSync(it.path('a.log'), text(numbered('a', 250)));
      writeFileSync(it.path('b.log'), text(numbered('b', 1)));
    });
    await rig.untilCount(251);
    await rig.untilStored('b.log', text(numbered('b', 1)).length);
    const counts = [
      'EventReceivedCount',
      'EventAcceptedCount',
      'AppendBatchReceivedCount',
      'AppendBatchAcceptedCount',
    ];
    assert.deepEqual(
      counts.map((name) => rig.counters.get(name as 'EventReceivedCount')),
      [251, 251, 4, 4],
    );
  });

  test('status tells per file the position and how much is left', async (t) => {
    const rig = await TailRig.open(t, {}, (it) => writeFileSync(it.path('a.log'), 'one\ntwo'));
    await rig.untilStored('a.log', 4);
    await until('the file is at its end', () => rig.progress()[0]!.state === 'at its end');
    assert.deepEqual(rig.progress(), [
      {
        file: rig.path('a.log'),
        state: 'at its end',
        'position bytes': 4,
        'size bytes': 7,
        'lag bytes': 3,
        'lag ms': 0,
      },
    ]);
    assert.deepEqual(rig.gauges(), { FileCount: 1, FileFailedCount: 0, FileLagBytes: 3, FileLagMs: 0 });
    rig.channel = () => 0;
    appendFileSync(rig.path('a.log'), '\n');
    await until('it lags', () => Number(rig.progress()[0]!['lag ms']) > 0);
    assert.equal(rig.progress()[0]!.state, 'reading');
    const { FileLagBytes, FileLagMs } = rig.gauges();
    assert.equal(FileLagBytes, 4);
    assert.ok(FileLagMs! > 0);
  });
});
