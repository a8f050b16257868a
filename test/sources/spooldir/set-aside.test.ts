/** Files that are passed over: when they are tried again, and what is kept of them. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { SET_ASIDE_FILE, SetAside, type SetAsideWhy } from '../../../src/sources/spooldir/set-aside.ts';
import { ManualClock, RecordedLog } from '../../kit/part.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

const SECOND = 1000;

interface Rig {
  readonly path: string;
  readonly clock: ManualClock;
  readonly setAside: SetAside;
  /** Whether the file is passed over `seconds` later. */
  isOver(seconds: number): Promise<boolean>;
  write(content: string): void;
}

function rig(why: SetAsideWhy, offset: number, content = 'one\ntwo\n'): Rig {
  const directory = temporaryDirectory();
  const path = join(directory, 'file');
  const clock = new ManualClock();
  const setAside = new SetAside(directory, clock, new RecordedLog());
  const touch = () => utimesSync(path, clock.nowMs / SECOND, clock.nowMs / SECOND);
  const write = (text: string) => {
    writeFileSync(path, text);
    touch();
  };
  write(content);
  const { size, mtimeMs, ino } = statSync(path);
  const since = new Date(clock.nowMs).toISOString();
  setAside.add({ file: path, why, reason: 'wrong', offset, size, mtimeMs, inode: String(ino), since });
  return {
    path,
    clock,
    setAside,
    write,
    isOver: async (seconds) => {
      clock.nowMs += seconds * SECOND;
      await setAside.check((file) => `${file}.COMPLETED`);
      return setAside.has(path);
    },
  };
}

describe('files that are set aside', () => {
  test('changed: what was added is read when nothing was for ten seconds', async () => {
    const { path, clock, isOver } = rig('changed', 8);
    assert.ok(await isOver(60));
    appendFileSync(path, 'three\n');
    utimesSync(path, clock.nowMs / SECOND, clock.nowMs / SECOND);
    assert.ok(await isOver(5));
    assert.ok(!(await isOver(5)));
  });

  test('changed: one that was cut short or written over stays until a start', async () => {
    const { write, isOver } = rig('changed', 8);
    write('one\n');
    assert.ok(await isOver(60));
    write('ONE\nTWO\n');
    assert.ok(await isOver(60));
  });

  test('changed: a last line that was held back is read when the file is quiet', async () => {
    const { isOver } = rig('changed', 4, 'one\ntwo');
    assert.ok(!(await isOver(10)));
  });

  test('its name was taken: tried when it is free', async () => {
    const { path, isOver } = rig('name-taken', 8);
    writeFileSync(`${path}.COMPLETED`, '');
    assert.ok(await isOver(60));
    renameSync(`${path}.COMPLETED`, `${path}.away`);
    assert.ok(!(await isOver(1)));
  });

  test('unreadable: tried every ten seconds', async () => {
    const { isOver } = rig('unreadable', 0);
    assert.ok(await isOver(9));
    assert.ok(!(await isOver(1)));
  });

  test('damaged: tried when it is another one', async () => {
    const { write, isOver } = rig('damaged', 4);
    assert.ok(await isOver(60));
    write('one\nTWO\n');
    assert.ok(await isOver(9));
    assert.ok(!(await isOver(1)));
  });

  test('one that is gone is forgotten', async () => {
    const { path, setAside, clock } = rig('damaged', 4);
    rmSync(path);
    clock.nowMs += SECOND;
    assert.equal(await setAside.check((file) => file), true);
    assert.equal(setAside.count, 0);
    assert.equal(setAside.summary(), null);
  });

  test('the record: read at a start, when all are tried again from where they were', async () => {
    const { path, setAside } = rig('damaged', 4);
    await setAside.save();
    const directory = join(path, '..');
    const next = new SetAside(directory, new ManualClock(), new RecordedLog());
    await next.load();
    assert.equal(next.has(path), false);
    assert.equal(next.get(path)?.offset, 4);
    assert.equal(next.summary(), null);
    const { files } = JSON.parse(readFileSync(join(directory, SET_ASIDE_FILE), 'utf8'));
    assert.deepEqual([files[0].file, files[0].why, files[0].reason], [path, 'damaged', 'wrong']);
  });

  test('a full disk: the record of before stays whole', async () => {
    const { path, setAside } = rig('damaged', 4);
    await setAside.save();
    const record = join(path, '..', SET_ASIDE_FILE);
    const before = readFileSync(record, 'utf8');
    symlinkSync('/dev/full', `${record}.tmp`);
    setAside.forget(path);
    await assert.rejects(setAside.save(), /ENOSPC/);
    assert.equal(readFileSync(record, 'utf8'), before);
    rmSync(`${record}.tmp`);
    await setAside.save();
    assert.deepEqual(JSON.parse(readFileSync(record, 'utf8')), { files: [] });
  });

  test('a crash between the end of a file and the record: it is forgotten, and no new one begins there', async () => {
    const { path, setAside } = rig('changed', 4);
    await setAside.save();
    rmSync(path);
    const next = new SetAside(join(path, '..'), new ManualClock(), new RecordedLog());
    await next.load();
    assert.equal(next.get(path)?.offset, 4);
    assert.equal(await next.check((file) => file), true);
    assert.equal(next.get(path), undefined);
  });

  test('a record that cannot be read is told, and holds nothing up', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, SET_ASIDE_FILE), '{"files": 7}');
    const log = new RecordedLog();
    const setAside = new SetAside(directory, new ManualClock(), log);
    await setAside.load();
    assert.equal(setAside.count, 0);
    assert.match(log.texts('warn')[0]!, /cannot be read .*: the files in it are read anew/);
  });
});
