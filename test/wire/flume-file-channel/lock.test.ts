import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, linkSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Findings } from '../../../src/wire/flume-file-channel/findings.ts';
import { refuseIfHeld } from '../../../src/wire/flume-file-channel/lock.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

/** A directory with a lock file, and one without. */
function directories(): { at: string; lock: string; both: string[] } {
  const at = temporaryDirectory();
  const [data, checkpoint] = [join(at, 'data'), join(at, 'checkpoint')];
  mkdirSync(data);
  const lock = join(data, 'in_use.lock');
  writeFileSync(lock, '');
  return { at, lock, both: [checkpoint, data] };
}

/** Processes as Linux shows them: `open` is a file that it has open, null when that is not to be known. */
function processes(at: string, list: Record<string, { command: string; open: string | null }>): string {
  const proc = join(at, 'proc');
  mkdirSync(proc);
  writeFileSync(join(proc, 'uptime'), '');
  for (const [pid, { command, open }] of Object.entries(list)) {
    mkdirSync(join(proc, pid));
    writeFileSync(join(proc, pid, 'cmdline'), command);
    if (open === null) continue;
    mkdirSync(join(proc, pid, 'fd'));
    linkSync(open, join(proc, pid, 'fd', '7'));
  }
  return proc;
}

describe('a directory of a channel', () => {
  test('is refused while a process has its lock file open, and then no longer', async () => {
    const { lock, both } = directories();
    const fd = openSync(lock, 'r+');
    const holder = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
      stdio: ['pipe', 'ignore', 'ignore', fd],
    });
    const ended = new Promise((resolve) => holder.once('exit', resolve));
    closeSync(fd);
    try {
      assert.throws(() => refuseIfHeld(both, new Findings()), {
        code: 'STORAGE_LOCKED',
        message: `${both[1]} is in use by process ${holder.pid}`,
      });
    } finally {
      holder.stdin!.end();
      await ended;
    }
    refuseIfHeld(both, new Findings());
  });

  test('is free when only other files are open', () => {
    const { at, both } = directories();
    const other = join(at, 'other');
    writeFileSync(other, '');
    const proc = processes(at, { 12: { command: 'java org.apache.flume.node.Application', open: other } });
    const findings = new Findings();
    refuseIfHeld(both, findings, proc);
    assert.deepEqual(findings.list(), []);
  });

  test('may be in use when an agent of another user runs: a warning', () => {
    const { at, lock, both } = directories();
    const proc = processes(at, {
      7: { command: 'kworker', open: null },
      12: { command: 'java\0org.apache.flume.node.Application', open: null },
    });
    const findings = new Findings();
    refuseIfHeld(both, findings, proc);
    const [finding, ...more] = findings.list();
    assert.deepEqual([finding!.severity, finding!.file, more.length], ['warning', lock, 0]);
    assert.match(finding!.text, /process 12 of another user/);
  });

  test('may be in use where processes cannot be listed: a warning', () => {
    const { at, both } = directories();
    const findings = new Findings();
    refuseIfHeld(both, findings, join(at, 'no-proc'));
    assert.match(
      findings.list()[0]!.text,
      /^an agent may be running on the directory: open files cannot be listed/,
    );
  });

  test('without a lock file nobody is asked for', () => {
    const { at, both } = directories();
    const findings = new Findings();
    refuseIfHeld([both[0]!], findings, join(at, 'no-proc'));
    assert.deepEqual(findings.list(), []);
  });
});
