/** The log file: rolling, and a disk that is not there for a while. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { LogRecord } from '../../../src/base/log.ts';
import type { LogSettings } from '../../../src/watch/log/settings.ts';
import { LogWriter } from '../../../src/watch/log/writer.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

const settings = (directory: string, more: Partial<LogSettings> = {}): LogSettings => ({
  root: 'info',
  appenders: ['LOGFILE'],
  levels: new Map(),
  directory,
  file: 'flume.log',
  rollBytes: 1000,
  backups: 2,
  format: 'text',
  warnings: [],
  ...more,
});

const line = (text: string): LogRecord => ({ timeMs: 0, level: 'info', thread: 'main', logger: 'x', text });

describe('the log file', () => {
  test('rolls at its size and keeps as many as it may', () => {
    const directory = temporaryDirectory();
    const writer = new LogWriter(settings(directory));
    for (let n = 0; n < 100; n++) writer.write(line(`${n} ${'é'.repeat(20)}`));
    assert.deepEqual(readdirSync(directory).sort(), ['flume.log', 'flume.log.1', 'flume.log.2']);
    for (const name of readdirSync(directory)) {
      assert.ok(readFileSync(join(directory, name)).length <= 1000, name);
    }
    assert.match(readFileSync(join(directory, 'flume.log'), 'utf8'), /99 é+\n$/);
  });

  test('without backups starts anew', () => {
    const directory = temporaryDirectory();
    const writer = new LogWriter(settings(directory, { backups: 0 }));
    for (let n = 0; n < 100; n++) writer.write(line(`${n}`));
    assert.deepEqual(readdirSync(directory), ['flume.log']);
  });

  test('that was taken away is written anew', () => {
    const directory = temporaryDirectory();
    const writer = new LogWriter(settings(directory));
    writer.write(line('before'));
    rmSync(join(directory, 'flume.log'));
    writer.write(line('after'));
    assert.match(readFileSync(join(directory, 'flume.log'), 'utf8'), /after/);
  });

  test('that cannot be written is tried again after a while, and gets what comes then', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 });
    const directory = join(temporaryDirectory(), 'logs');
    // A file where the directory should be: nothing can be written below it, not by root either.
    writeFileSync(directory, '');
    const writer = new LogWriter(settings(directory, { appenders: ['LOGFILE'] }));
    writer.write(line('lost to the file'));
    rmSync(directory);
    writer.write(line('still not tried'));
    assert.equal(existsSync(directory), false);
    t.mock.timers.tick(30_000);
    writer.write(line('written'));
    const text = readFileSync(join(directory, 'flume.log'), 'utf8');
    assert.match(text, /written\n$/);
    assert.doesNotMatch(text, /still not tried/);
  });
});
