import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileSystemError } from '../../../src/sinks/hdfs/file-system/door.ts';
import { LocalFileSystem } from '../../../src/sinks/hdfs/file-system/local.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

const disk = new LocalFileSystem();
const is = (kind: string) => (error: unknown) => error instanceof FileSystemError && error.kind === kind;

test('a file is made with its directories, written in order from many views, and committed', async () => {
  const path = join(temporaryDirectory(), 'a/b/c.tmp');
  const file = await disk.create(path);
  assert.equal(file.committed, 0);
  const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(0x73);
  const views = Array.from({ length: 2000 }, (_, n) => Buffer.from(`${n},`));
  await file.write([...views, shared]);
  await file.commit();
  const first = `${views.map(String).join('')}ssss`;
  assert.equal(file.committed, first.length);
  await file.write([Buffer.from('tail')]);
  assert.equal(file.committed, first.length);
  await file.close();
  assert.equal(file.committed, first.length + 4);
  assert.equal(readFileSync(path, 'utf8'), `${first}tail`);
});

test('a file without bytes is there after close', async () => {
  const path = join(temporaryDirectory(), 'empty');
  const file = await disk.create(path);
  await file.close();
  assert.equal((await disk.status(path))?.length, 0);
});

test('nothing is overwritten', async () => {
  const directory = temporaryDirectory();
  const [a, b] = [join(directory, 'a'), join(directory, 'b')];
  writeFileSync(a, '1');
  writeFileSync(b, '2');
  await assert.rejects(disk.create(a), is('exists'));
  await assert.rejects(disk.rename(a, b), is('exists'));
  await assert.rejects(disk.rename(join(directory, 'none'), join(directory, 'c')), is('missing'));
  assert.equal(readFileSync(b, 'utf8'), '2');
  await disk.rename(a, join(directory, 'c'));
  assert.deepEqual((await disk.list(directory)).map(({ path }) => path).sort(), [b, join(directory, 'c')]);
});

test('a file where a directory should be is no file of that name', async () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'file'), '');
  await assert.rejects(disk.create(join(directory, 'file/x')), is('missing'));
  await assert.rejects(disk.create(join(directory, 'file/x/y')), is('missing'));
});

test('recover cuts to a length, keeps all, or says that there is nothing', async () => {
  const path = join(temporaryDirectory(), 'f');
  assert.equal(await disk.recover(path, 3), null);
  writeFileSync(path, 'abcdef');
  assert.equal(await disk.recover(path, null), path);
  assert.equal(await disk.recover(path, 3), path);
  assert.equal(readFileSync(path, 'utf8'), 'abc');
  await assert.rejects(disk.recover(path, 5), is('other'));
});

test('delete takes files only', async () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'd'));
  writeFileSync(join(directory, 'f'), '');
  assert.equal(await disk.delete(join(directory, 'f')), true);
  assert.equal(await disk.delete(join(directory, 'f')), false);
  await assert.rejects(disk.delete(join(directory, 'd')));
  assert.deepEqual(await disk.list(join(directory, 'none')), []);
});

test('a file that was given up takes nothing more', async () => {
  const file = await disk.create(join(temporaryDirectory(), 'f'));
  await file.write([Buffer.from('x')]);
  file.abandon();
  file.abandon();
  await assert.rejects(file.commit(), is('other'));
});
