/** `millrace channel import`: channels of Java Flume, and JSON lines. */
import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { confFile, runMillrace } from '../../kit/process.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { unpack } from '../../wire/flume-file-channel/fixture.ts';
import { directoriesAt } from '../../wire/flume-file-channel/script.ts';
import { channel, exported, filesOf, fill, linesIn, numbered, openLog, place } from '../channel-kit.ts';

describe('channel import', { concurrency: 4 }, () => {
  function flumeArguments(at: string, dataDirs: number): string[] {
    const { checkpointDir, dataDirs: data } = directoriesAt(at, dataDirs);
    return ['--from-flume-checkpoint', checkpointDir, '--from-flume-data', data.join(',')];
  }

  for (const name of ['killed', 'closed', 'texts'] as const) {
    test(`brings over what Flume would deliver (${name}), once, and reads only`, async (t) => {
      const flume = temporaryDirectory();
      const fixture = unpack(name, flume);
      const before = filesOf(flume);
      const from = flumeArguments(flume, fixture.dataDirs);
      const at = place();
      const { ended, stdout, stderr } = await channel(t, 'import', at, ...from);
      assert.deepEqual([ended, stdout], [0, `imported ${fixture.delivered.length} events\n`], stderr);
      assert.deepEqual(filesOf(flume), before);
      const lines = await exported(t, at);
      assert.deepEqual(
        lines.map(({ headers, body, encoding }) => ({
          headers,
          body: Buffer.from(body, encoding as BufferEncoding).toString('base64'),
        })),
        fixture.delivered,
      );
      const second = await channel(t, 'import', at, ...from);
      assert.equal(second.ended, 1);
      assert.match(second.stderr, /was imported into this channel on 20.*--again/s);
      assert.equal((await exported(t, at)).length, lines.length);
      assert.equal((await channel(t, 'import', at, ...from, '--again')).ended, 0);
      assert.equal((await exported(t, at)).length, 2 * lines.length);
    });
  }

  test('may go into the directories that Flume had, whose files stay as they are', async (t) => {
    const flume = temporaryDirectory();
    const fixture = unpack('killed', flume);
    const { checkpointDir: checkpoint, dataDirs: data } = directoriesAt(flume, fixture.dataDirs);
    const before = filesOf(flume);
    const at = {
      base: flume,
      checkpoint,
      data,
      named: ['--checkpoint', checkpoint, '--data', data.join(',')],
    };
    const { ended, stderr } = await channel(t, 'import', at, ...flumeArguments(flume, fixture.dataDirs));
    assert.equal(ended, 0, stderr);
    assert.equal((await exported(t, at)).length, fixture.delivered.length);
    const after = filesOf(flume);
    for (const [file, content] of before) {
      if (!file.endsWith('in_use.lock')) assert.equal(after.get(file), content, file);
    }
  });

  test('reads an encrypted channel with its key store', async (t) => {
    const flume = temporaryDirectory();
    const fixture = unpack('encrypted', flume);
    const at = place();
    const from = flumeArguments(flume, fixture.dataDirs);
    const without = await channel(t, 'import', at, ...from);
    assert.equal(without.ended, 78);
    const { ended, stdout, stderr } = await channel(
      t,
      'import',
      at,
      ...from,
      '--from-flume-keys',
      join(flume, 'keys.jceks'),
      '--from-flume-keys-password',
      join(flume, 'store.password'),
      '--from-flume-key-password',
      `second=${join(flume, 'second.password')}`,
    );
    assert.deepEqual([ended, stdout], [0, `imported ${fixture.delivered.length} events\n`], stderr);
  });

  test('refuses while a Flume agent has its directories', async (t) => {
    const flume = temporaryDirectory();
    const fixture = unpack('killed', flume);
    const from = flumeArguments(flume, fixture.dataDirs);
    const fd = openSync(join(flume, 'checkpoint', 'in_use.lock'), 'w');
    t.after(() => closeSync(fd));
    const at = place();
    const { ended, stderr } = await channel(t, 'import', at, ...from);
    assert.equal(ended, 1);
    assert.match(stderr, /checkpoint is in use by process/);
    assert.equal(existsSync(at.checkpoint), false);
  });

  test('stops before the disk is full, says how far it got, and goes on when there is room', async (t) => {
    const at = place();
    const file = join(at.base, 'events.jsonl');
    writeFileSync(file, '{"body":"one"}\n{"body":"two"}\n');
    const conf = confFile(
      `a1.sources = r1
       a1.channels = c1
       a1.sources.r1.type = seq
       a1.sources.r1.channels = c1
       a1.channels.c1.type = file
       a1.channels.c1.checkpointDir = ${at.checkpoint}
       a1.channels.c1.dataDirs = ${at.data[0]}
       a1.channels.c1.minimumRequiredSpace = 4000000000000000`,
    );
    const full = await runMillrace(t, ['channel', 'import', '-f', conf, '-n', 'a1', '--from', file]);
    assert.equal(full.ended, 1);
    assert.match(
      full.stderr,
      /^Error: Usable space exhausted, .*: 0 of 2 events are imported \(free space /m,
    );
    const { ended, stdout } = await channel(t, 'import', at, '--from', file);
    assert.deepEqual([ended, stdout], [0, 'imported 2 events\n']);
  });

  test('an import that was interrupted goes on where it stood', async (t) => {
    const flume = temporaryDirectory();
    const fixture = unpack('killed', flume);
    const from = flumeArguments(flume, fixture.dataDirs);
    const at = place();
    assert.equal((await channel(t, 'import', at, ...from)).ended, 0);
    // As it is after a crash: two events are in the log, the others are not.
    const file = join(at.checkpoint, 'imports.json');
    const record = JSON.parse(readFileSync(file, 'utf8'));
    record.imports[0].done = 2;
    record.imports[0].endedAt = null;
    rmSync(at.checkpoint, { recursive: true });
    rmSync(at.data[0]!, { recursive: true });
    mkdirSync(at.checkpoint);
    writeFileSync(file, JSON.stringify(record));
    const { ended, stdout, stderr } = await channel(t, 'import', at, ...from);
    assert.deepEqual([ended, stdout], [0, `imported ${fixture.delivered.length - 2} events\n`]);
    assert.match(stderr, /goes on behind its first 2 events/);
  });

  test('refuses while somebody has the channel', async (t) => {
    const flume = temporaryDirectory();
    const fixture = unpack('killed', flume);
    const at = place();
    const log = await openLog(at);
    t.after(() => log.close());
    const { ended, stderr } = await channel(t, 'import', at, ...flumeArguments(flume, fixture.dataDirs));
    assert.equal(ended, 1);
    assert.match(stderr, /is in use by channel c1 /);
    assert.equal(log.end, 0);
  });

  test('takes JSON lines as export wrote them, bytes for bytes', async (t) => {
    const source = place();
    const log = await openLog(source);
    await fill(log, [
      [{ body: Buffer.from([0, 255]) }, { body: 'Grüße', headers: { k: 'v', leer: '' } }],
      numbered(0, 2500),
    ]);
    await log.close();
    const file = join(source.base, 'events.jsonl');
    assert.equal((await channel(t, 'export', source, '--to', file)).ended, 0);
    const at = place(2);
    const { ended, stdout } = await channel(t, 'import', at, '--from', file);
    assert.deepEqual([ended, stdout], [0, 'imported 2502 events\n']);
    assert.deepEqual(await exported(t, at), linesIn(readFileSync(file, 'utf8')));
    assert.equal((await channel(t, 'import', at, '--from', file)).ended, 1);
  });

  test('imports nothing from a file with a line that is no event, and names the line', async (t) => {
    const at = place();
    const file = join(at.base, 'events.jsonl');
    writeFileSync(file, '{"body":"good"}\n\nnonsense\n{"body":7}\n{"body":"x","headers":{"k":1}}\n');
    const { ended, stderr } = await channel(t, 'import', at, '--from', file);
    assert.equal(ended, 1);
    assert.match(
      stderr,
      /line 3 is not JSON; line 4 has no text as "body"; line 5 has a header that is no text/,
    );
    assert.equal(existsSync(at.checkpoint), false);
  });

  test('an event larger than a block is left out with a warning, the others are imported', async (t) => {
    const at = place();
    const file = join(at.base, 'events.jsonl');
    const huge = 'x'.repeat(17 * 1024 * 1024);
    writeFileSync(file, ['before', huge, 'after'].map((body) => `${JSON.stringify({ body })}\n`).join(''));
    const { ended, stdout, stderr } = await channel(t, 'import', at, '--from', file);
    assert.deepEqual([ended, stdout], [1, 'imported 2 events; 1 could not be\n']);
    assert.match(stderr, /an event of 17825792 bytes is larger than a block may be/);
    assert.deepEqual(
      (await exported(t, at)).map((line) => line.body),
      ['before', 'after'],
    );
  });
});
