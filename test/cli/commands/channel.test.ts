/** `millrace channel` status, check, repair and export over logs made here. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { BlockCipher } from '../../../src/storage/log/cipher.ts';
import { netcatSource, runFlow } from '../../kit/flow.ts';
import { confFile, runMillrace } from '../../kit/process.ts';
import { readAvroFile } from '../../kit/serialize.ts';
import {
  channel,
  exported,
  filesOf,
  fill,
  filled,
  flip,
  killed,
  linesIn,
  numbered,
  openLog,
  type Place,
  place,
  segmentIn,
} from '../channel-kit.ts';

describe('channel status', { concurrency: 4 }, () => {
  test('tells events, offsets, the oldest and the newest, and who holds it', async (t) => {
    const at = await filled(2);
    const { ended, stdout } = await channel(t, 'status', at);
    assert.equal(ended, 0);
    const rows = new Map(stdout.split('\n').map((line) => [line.slice(0, 12).trim(), line.slice(13)]));
    assert.equal(rows.get('events'), '75, offsets 25 to 99');
    assert.equal(rows.get('oldest'), '1970-01-01T00:00:02.000Z');
    assert.equal(rows.get('newest'), '1970-01-01T00:00:09.000Z');
    assert.equal(rows.get('lock'), 'free');
    const bytes = at.data.reduce((sum, directory) => sum + statSync(segmentIn(directory)).size, 0);
    assert.equal(rows.get('segments'), `2, ${bytes} bytes on the disk`);
  });

  test('--json tells the same; directories may be found below one that is given', async (t) => {
    const at = await filled(2);
    const { ended, stdout } = await runMillrace(t, ['channel', at.base, 'status', '--json']);
    assert.equal(ended, 0);
    const { checkpointDir, directories, content, lock, segments } = JSON.parse(stdout);
    assert.equal(checkpointDir, at.checkpoint);
    assert.deepEqual(directories.map((one: { path: string }) => one.path).sort(), [...at.data].sort());
    assert.deepEqual([content.events, content.offsets, segments], [75, { from: 25, to: 100 }, 2]);
    assert.equal(lock.state, 'free');
  });

  test('of a channel whose agent was killed tells what is in its journal; export and repair find it, too', async (t) => {
    const at = await killed();
    const before = filesOf(at.base);
    const { ended, stdout } = await channel(t, 'status', at);
    assert.equal(ended, 0);
    const rows = new Map(stdout.split('\n').map((line) => [line.slice(0, 12).trim(), line.slice(13)]));
    assert.equal(rows.get('events'), '100, offsets 0 to 99');
    assert.equal(rows.get('segments'), '0, 0 bytes on the disk');
    assert.equal(rows.get('journal'), '65536 bytes on the disk');
    assert.deepEqual(filesOf(at.base), before, 'nothing has changed');
    assert.equal((await exported(t, at)).length, 100);
    const repaired = await channel(t, 'repair', at);
    assert.equal(repaired.ended, 0);
    assert.match(repaired.stdout, /nothing had to be repaired\n100 events in the channel/);
    assert.ok(segmentIn(at.data[0]!), 'an end that is clean puts them into a segment');
  });

  test('leaves files and locks as they were', async (t) => {
    const at = await filled();
    const before = filesOf(at.base);
    assert.equal((await channel(t, 'status', at)).ended, 0);
    assert.deepEqual(filesOf(at.base), before);
  });

  test('while an agent runs it names the agent’s channel and the files, and no more; nothing else is done then', async (t) => {
    const at = place();
    await runFlow(
      t,
      `sources = r1
       channels = c1
       ${netcatSource()}
       channels.c1.type = file
       channels.c1.checkpointDir = ${at.checkpoint}
       channels.c1.dataDirs = ${at.data[0]}
       channels.c1.minimumRequiredSpace = 1MiB`,
    );
    const { ended, stdout } = await channel(t, 'status', at);
    assert.equal(ended, 0);
    assert.match(stdout, new RegExp(`^lock +held by channel c1 \\(process ${process.pid} on `, 'm'));
    assert.match(stdout, /^events +not read while the channel is in use/m);
    for (const action of ['check', 'repair', 'export']) {
      const refused = await channel(t, action, at);
      assert.equal(refused.ended, 1);
      assert.match(refused.stderr, new RegExp(`^Error: ${at.data[0]} is in use by channel c1 `), action);
    }
  });

  test('a lock that was left behind is told, and in nobody’s way', async (t) => {
    const at = await filled();
    const holder = { pid: 2 ** 22 + 1, host: hostname(), started: '1', owner: 'channel old' };
    writeFileSync(join(at.data[0]!, 'in_use.lock'), JSON.stringify(holder));
    const { stdout } = await channel(t, 'status', at);
    assert.match(stdout, /^lock +left behind by channel old/m);
    assert.match(stdout, /^events +75, /m);
  });

  test('of a channel that flume.conf names, encrypted blocks are read with its keys', async (t) => {
    const at = place();
    const key = Buffer.alloc(16, 7);
    const keyFile = join(at.base, 'key');
    writeFileSync(keyFile, key);
    const log = await openLog(at, new BlockCipher('k1', key, () => null));
    await fill(log, [numbered(0, 3)]);
    await log.close();
    const conf = confFile(
      `a1.sources = r1
       a1.channels = c1 c2
       a1.sources.r1.type = seq
       a1.sources.r1.channels = c1 c2
       a1.channels.c2.type = memory
       a1.channels.c1.type = file
       a1.channels.c1.checkpointDir = ${at.checkpoint}
       a1.channels.c1.dataDirs = ${at.data[0]}
       a1.channels.c1.encryption.activeKey = k1
       a1.channels.c1.encryption.cipherProvider = AESCTRNOPADDING
       a1.channels.c1.encryption.keyProvider = KEYFILE
       a1.channels.c1.encryption.keyProvider.keys = k1
       a1.channels.c1.encryption.keyProvider.keys.k1.file = ${keyFile}`,
    );
    const byConf = ['channel', '--conf-file', conf, '--name', 'a1'];
    const { ended, stdout, stderr } = await runMillrace(t, [...byConf, 'export']);
    assert.equal(ended, 0, stderr);
    assert.deepEqual(
      linesIn(stdout).map((line) => line.body),
      ['event 0', 'event 1', 'event 2'],
    );
    const without = await channel(t, 'check', at);
    assert.equal(without.ended, 1);
    assert.match(without.stdout, /is encrypted with the key k1/);
    const memory = await runMillrace(t, [...byConf, '--channel', 'c2', 'status']);
    assert.deepEqual(
      [memory.ended, memory.stderr.includes('channel c2 of type memory has no directories')],
      [78, true],
    );
    const unknown = await runMillrace(t, [...byConf, '--channel', 'c3', 'status']);
    assert.deepEqual([unknown.ended, /no such channel.*c1, c2/.test(unknown.stderr)], [78, true]);
  });
});

describe('channel check', { concurrency: 4 }, () => {
  test('finds nothing in a sound channel, and changes nothing', async (t) => {
    const at = await filled(2);
    const before = filesOf(at.base);
    const { ended, stdout } = await channel(t, 'check', at);
    assert.equal(ended, 0);
    assert.equal(stdout, '75 events in 8 blocks can be delivered; 0 problems\n');
    assert.deepEqual(filesOf(at.base), before);
  });

  const DAMAGES: readonly {
    readonly name: string;
    readonly damage: (at: Place) => void;
    readonly found: RegExp;
    /** Events that are left, of 75. */
    readonly left: (count: number) => boolean;
    readonly repaired: RegExp;
  }[] = [
    {
      name: 'a flipped byte',
      damage: (at) => flip(segmentIn(at.data[0]!), 'event 47'),
      found: /segment-0+\.mdb: error: the block of events 40 to 49 \(10\) fails its checksum\n +→ /,
      left: (count) => count === 65,
      repaired: /events 40 to 49 \(10\) fails its checksum: it is kept in .*quarantine\/block-40/,
    },
    {
      name: 'a torn tail',
      damage: (at) => truncateSync(segmentIn(at.data[0]!), statSync(segmentIn(at.data[0]!)).size >> 1),
      found: /error: the segment is damaged: .*; the records that are whole are used\n +→ /,
      left: (count) => count < 75,
      repaired: /is damaged \(.*\): the records that are whole are used; it is kept as .*\.mdb\.damaged/,
    },
    {
      name: 'a segment that is none',
      damage: (at) => writeFileSync(segmentIn(at.data[0]!), Buffer.alloc(8192, 'x')),
      found: /error: the segment cannot be read: it does not begin as an LMDB file does/,
      left: (count) => count < 75,
      repaired: /cannot be read .*: it is set aside as .*\.mdb\.damaged/,
    },
    {
      name: 'a checkpoint that is none',
      damage: (at) => writeFileSync(segmentIn(at.checkpoint), Buffer.alloc(8192, 'x')),
      found: /error: the checkpoint cannot be read: it does not begin/,
      left: (count) => count === 100,
      repaired: /The checkpoint in .* could not be read/,
    },
  ];
  for (const { name, damage, found, left, repaired } of DAMAGES) {
    test(`${name}: is reported and left alone; repair sets it aside, and then there is nothing to report`, async (t) => {
      const at = await filled();
      damage(at);
      const before = filesOf(at.base);
      const checked = await channel(t, 'check', at);
      assert.equal(checked.ended, 1, checked.stdout);
      assert.match(checked.stdout, found);
      assert.deepEqual(filesOf(at.base), before);
      const fixed = await channel(t, 'repair', at);
      assert.equal(fixed.ended, 0, fixed.stderr);
      assert.match(fixed.stdout, repaired);
      const after = await channel(t, 'check', at);
      assert.equal(after.ended, 0, after.stdout);
      const count = Number(/^(\d+) events? in /m.exec(after.stdout)![1]);
      assert.ok(left(count), `${count} events are left`);
    });
  }

  test('a segment that is missing: its events are named, --json for programs', async (t) => {
    const at = place(2);
    const log = await openLog(at);
    await fill(log, [numbered(0, 10), numbered(10, 10), numbered(20, 10)]);
    await log.close();
    rmSync(segmentIn(at.data[1]!));
    const { ended, stdout } = await channel(t, 'check', at, '--json');
    assert.equal(ended, 1);
    const { sound, events, problems, findings } = JSON.parse(stdout);
    assert.deepEqual([sound, events, problems], [false, 20, 1]);
    assert.match(findings[0].text, /^events 10 to 19 \(10\) are missing/);
  });

  test('repair of a sound channel says so and takes nothing', async (t) => {
    const at = await filled();
    const { ended, stdout } = await channel(t, 'repair', at);
    assert.deepEqual([ended, stdout], [0, 'nothing had to be repaired\n75 events in the channel\n']);
  });
});

describe('channel export', { concurrency: 4 }, () => {
  test('writes the untaken events as JSON lines, and the channel keeps them', async (t) => {
    const at = await filled(2);
    const before = filesOf(at.base);
    const lines = await exported(t, at);
    assert.deepEqual(
      lines,
      numbered(25, 75).map(({ body, headers }, i) => ({ offset: 25 + i, headers, body, encoding: 'utf8' })),
    );
    assert.deepEqual(filesOf(at.base), before);
  });

  test('what is not UTF-8 is base64, and says so', async (t) => {
    const at = place();
    const log = await openLog(at);
    const bytes = Buffer.from([0, 255, 128]);
    await fill(log, [[{ body: bytes }, { body: 'Grüße\n"' }, { body: '' }]]);
    await log.close();
    assert.deepEqual(
      (await exported(t, at)).map(({ body, encoding }) => [body, encoding]),
      [
        [bytes.toString('base64'), 'base64'],
        ['Grüße\n"', 'utf8'],
        ['', 'utf8'],
      ],
    );
  });

  test('--format avro --to FILE writes a container with headers and bodies', async (t) => {
    const at = await filled();
    const file = join(at.base, 'backlog.avro');
    const { ended, stderr } = await channel(t, 'export', at, '--format', 'avro', '--to', file);
    assert.deepEqual([ended, stderr], [0, 'exported 75 events; 0 could not be read\n']);
    assert.deepEqual(readAvroFile(readFileSync(file)).events, numbered(25, 75));
    const again = await channel(t, 'export', at, '--to', file);
    assert.deepEqual([again.ended, again.stderr.includes(`${file} exists already`)], [1, true]);
  });

  test('passes over a block that is damaged, says so, and exits with 1', async (t) => {
    const at = await filled();
    flip(segmentIn(at.data[0]!), 'event 47');
    const { ended, stdout, stderr } = await channel(t, 'export', at);
    assert.equal(ended, 1);
    assert.equal(linesIn(stdout).length, 65);
    assert.match(stderr, /^Warning: events 40 to 49 \(10\) fail their checksum, in /);
  });

  test('a format that there is not', async (t) => {
    const { ended, stderr } = await channel(t, 'export', await filled(), '--format', 'xml');
    assert.deepEqual(
      [ended, stderr],
      [1, 'Error: --format xml is neither json nor avro (give one of them)\n'],
    );
  });
});

describe('channel, called wrongly', { concurrency: 4 }, () => {
  const CASES: readonly (readonly [
    name: string,
    args: (at: Place) => readonly string[],
    code: number,
    text: RegExp,
  ])[] = [
    [
      'without an action',
      (at) => [...at.named],
      1,
      /^Error: give an action: status, check, repair, export, import\n/,
    ],
    ['an action misspelt', (at) => ['statsu', ...at.named], 1, /did you mean status\?/],
    [
      'a directory that does not exist',
      (at) => ['check', ...at.named],
      78,
      /^Error: checkpoint directory .* does not exist/,
    ],
    [
      'a folder that does not exist',
      (at) => [join(at.base, 'x'), 'status'],
      78,
      /^Error: directory .*x does not exist/,
    ],
    [
      'a folder without a channel',
      (at) => [at.base, 'status'],
      1,
      /^Error: there is no checkpoint directory among /,
    ],
    [
      'data without a checkpoint',
      () => ['check', '--data', 'd'],
      1,
      /^Error: --checkpoint and --data go together/,
    ],
    ['the channel twice', (at) => [at.base, 'check', ...at.named], 1, /^Error: the channel is named twice/],
    ['an import of nothing', (at) => ['import', ...at.named], 1, /^Error: nothing to import is named/],
    [
      'an import of a file that is not there',
      (at) => ['import', ...at.named, '--from', join(at.base, 'none')],
      1,
      /^Error: .*none cannot be read/,
    ],
    [
      'an import of directories that are not there',
      (at) => [
        'import',
        ...at.named,
        '--from-flume-checkpoint',
        at.base,
        '--from-flume-data',
        join(at.base, 'none'),
      ],
      78,
      /^Error: data directory .*none does not exist/,
    ],
  ];
  for (const [name, args, code, text] of CASES) {
    test(`${name}: exit ${code}, and nothing is made`, async (t) => {
      const at = place();
      const { ended, stderr } = await runMillrace(t, ['channel', ...args(at)]);
      assert.equal(ended, code, stderr);
      assert.match(stderr, text);
      assert.deepEqual(readdirSync(at.base), []);
    });
  }
});
