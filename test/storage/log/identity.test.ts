/** A log keeps its name while no number can have been given twice, and gets another one when one may have. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Numbering } from '../../../src/memory/block/numbering.ts';
import { EventLog } from '../../../src/storage/log/log.ts';
import { appendAll, checkpointIn, crashed, firsts, type Place, place, segments } from './place.ts';

async function opened(settings: Place): Promise<Numbering> {
  const log = await EventLog.open(settings);
  await log.close();
  return log.numbering;
}

/** A log of 300 events of which 50 are taken, and its numbering. */
async function used(directories = 2): Promise<{ at: Place; before: Numbering }> {
  const at = place(directories);
  const log = await EventLog.open(at);
  await appendAll(log, 30);
  log.take(0, 50);
  await log.close();
  return { at, before: log.numbering };
}

test('a new log begins at 0; later openings go on with its name behind what was there', async () => {
  const { at, before } = await used();
  assert.deepEqual([before.low, before.end], [0, 0]);
  const again = await opened(at);
  assert.equal(again.log, before.log);
  assert.notEqual(again.opening, before.opening);
  assert.deepEqual([again.low, again.end], [50, 300]);
  const { at: other } = await used();
  assert.notEqual((await opened(other)).log, before.log);
});

test('a crash leaves the name', async () => {
  const at = place(2);
  const log = await EventLog.open(at);
  await appendAll(log, 5);
  const after = await opened(crashed(at));
  await log.close();
  assert.equal(after.log, log.numbering.log);
});

test('so does a checkpoint that is lost or damaged: numbers stand with the events', async () => {
  const { at, before } = await used();
  writeFileSync(checkpointIn(at), 'no checkpoint');
  assert.equal((await opened(at)).log, before.log);
  rmSync(at.checkpointDir, { recursive: true });
  const { log, end } = await opened(at);
  assert.deepEqual([log, end], [before.log, 300]);
});

const LOSSES: Readonly<Record<string, (at: Place) => Promise<Place> | Place>> = {
  'a data directory was emptied': (at) => {
    rmSync(at.dataDirs[1]!, { recursive: true });
    return at;
  },
  'a data directory is not listed any more': (at) => ({ ...at, dataDirs: at.dataDirs.slice(0, 1) }),
  'a data directory was added': (at) => ({ ...at, dataDirs: [...at.dataDirs, place().dataDirs[0]!] }),
  'a data directory is one of another log': async (at) => {
    const { at: other } = await used();
    rmSync(at.dataDirs[1]!, { recursive: true });
    cpSync(other.dataDirs[1]!, at.dataDirs[1]!, { recursive: true });
    return at;
  },
  'the newest segment cannot be read': (at) => {
    writeFileSync(segments(at.dataDirs[0]!).at(-1)!, 'no segment');
    return at;
  },
  'the newest segment lost its end': (at) => {
    const file = segments(at.dataDirs[0]!).at(-1)!;
    truncateSync(file, 8192);
    return at;
  },
  'the name itself cannot be read': (at) => {
    writeFileSync(join(at.dataDirs[0]!, 'log-name.json'), '{"log":');
    return at;
  },
};

for (const [what, lose] of Object.entries(LOSSES)) {
  test(`another name: ${what}`, async () => {
    const { at, before } = await used();
    const changed = await lose(at);
    const after = await opened(changed);
    assert.notEqual(after.log, before.log);
    const again = await opened(changed);
    assert.equal(again.log, after.log, 'and that one stays');
  });
}

test('a segment that is found broken while it is read: the next opening has another name, this one goes on', async () => {
  const at = place(1, 1 << 20);
  const first = await EventLog.open(at);
  await appendAll(first, 40, 10, 64 * 1024);
  await first.close();
  const [oldest] = segments(at.dataDirs[0]!);
  const log = await EventLog.open(at);
  assert.equal(log.numbering.log, first.numbering.log);
  writeFileSync(oldest!, 'no segment');
  assert.ok(firsts(log).length < 40);
  await log.close();
  assert.notEqual((await opened(at)).log, first.numbering.log);
});

test('directories that are moved together keep their name', async () => {
  const { at, before } = await used();
  const moved = place(2);
  mkdirSync(join(moved.checkpointDir, '..'), { recursive: true });
  renameSync(at.checkpointDir, moved.checkpointDir);
  for (const [n, directory] of at.dataDirs.entries()) renameSync(directory, moved.dataDirs[n]!);
  assert.equal((await opened(moved)).log, before.log);
});
