/** Exec: how a command is run, read, run again and ended. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { LINE_BYTES_MAX } from '../../../src/component/lines.ts';
import { Collected, type Flow, MoodyChannel, runFlow } from '../../kit/flow.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';

interface Exec {
  readonly flow: Flow;
  readonly collected: Collected;
}

type Options = Readonly<Record<string, string | number | boolean>>;

const MEMORY = `
  channels.c1.type = memory
  channels.c1.capacity = 100000
  channels.c1.transactionCapacity = 100000`;

function sourceLines(name: string, options: Options): string {
  return Object.entries({ type: 'exec', channels: 'c1', ...options })
    .map(([key, value]) => `sources.${name}.${key} = ${value}`)
    .join('\n');
}

async function runExec(t: TestContext, options: Options, channel = MEMORY): Promise<Exec> {
  const collected = new Collected(t);
  const flow = await runFlow(
    t,
    `sources = r1
     channels = c1
     sinks = k1
     ${sourceLines('r1', options)}
     ${channel}
     ${collected.sink('k1', 'c1')}`,
    { 'millrace.workers.max': '1' },
  );
  return { flow, collected };
}

/** A file whose text a command writes. */
function file(content: string | Buffer): string {
  const path = join(temporaryDirectory(), 'output');
  writeFileSync(path, content);
  return path;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A process that has ended and that nobody asked for is no process that runs.
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'));
}

/** The process ids that the commands of a test wrote into `path`, one a line. */
async function pids(path: string, count: number): Promise<number[]> {
  return await until(`${count} process ids`, () => {
    const found = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
    return found.length >= count ? found.map(Number) : null;
  });
}

describe('exec: commands', () => {
  const shell = '/bin/bash -c';
  const rows: readonly (readonly [what: string, options: Options, bodies: readonly string[]])[] = [
    ['words are split on blanks', { command: 'echo  one   two' }, ['one two']],
    [
      'without a shell quotes and variables are plain text',
      { command: 'echo "a  b" $HOME' },
      ['"a b" $HOME'],
    ],
    ['a sequence', { command: 'seq 5', shell }, ['1', '2', '3', '4', '5']],
    ['back ticks', { command: 'echo `seq 5`', shell }, ['1 2 3 4 5']],
    ['dollar brackets', { command: 'echo $(seq 5)', shell }, ['1 2 3 4 5']],
    ['pipes', { command: 'echo zzz 1234 xyz | xargs -n1 echo | sort -f', shell }, ['1234', 'xyz', 'zzz']],
    ['loops', { command: 'for i in {1..3}; do echo $i;done', shell }, ['1', '2', '3']],
    ['arithmetic', { command: 'if ((2+2>3)); then  echo good; else echo not good; fi', shell }, ['good']],
    [
      'quotes and backslashes',
      // The file's own grammar takes one of two backslashes.
      { command: String.raw`echo "'1'"; echo "\\"2\\""; echo "\\\\3"; echo "\\4"`, shell },
      ["'1'", '"2"', '\\3', '\\4'],
    ],
    ['awk', { command: "seq 3 | awk ' { print $1 + 1 } '", shell }, ['2', '3', '4']],
    ['a last line without a line end', { command: String.raw`printf 'a\\nb'`, shell }, ['a', 'b']],
    [
      'carriage returns end lines',
      { command: String.raw`printf 'a\\rb\\r\\nc\\n\\nd'`, shell },
      ['a', 'b', 'c', '', 'd'],
    ],
    ['standard error is no event', { command: 'echo out; echo err >&2', shell }, ['out']],
    ['a command that fails after its output', { command: 'echo x; exit 3', shell }, ['x']],
  ];

  // One agent runs all of them; a header tells whose event it is.
  let flow: Flow;
  let collected: Collected;
  const cleanups: (() => unknown)[] = [];
  before(async () => {
    const t = { after: (clean: unknown) => void cleanups.push(clean as () => unknown) };
    collected = new Collected(t as TestContext);
    const sources = rows.map(
      ([, options], n) => `${sourceLines(`r${n}`, options)}
        sources.r${n}.interceptors = i1
        sources.r${n}.interceptors.i1.type = static
        sources.r${n}.interceptors.i1.key = row
        sources.r${n}.interceptors.i1.value = ${n}`,
    );
    flow = await runFlow(
      t as TestContext,
      `sources = ${rows.map((_, n) => `r${n}`).join(' ')}
       channels = c1
       sinks = k1
       ${sources.join('\n')}
       ${MEMORY}
       ${collected.sink('k1', 'c1')}`,
      { 'millrace.workers.max': '1' },
    );
  });
  after(async () => {
    for (const clean of cleanups) await clean();
  });

  for (const [n, [what, , bodies]] of rows.entries()) {
    test(what, async () => {
      const name = `r${n}`;
      await until('the command has ended', () =>
        flow.logs.some(({ thread, text }) => thread === `SourceRunner-${name}` && /exited with/.test(text)),
      );
      const own = () => collected.events.filter((event) => event.headers.get('row') === String(n));
      await until('its lines', () => own().length >= bodies.length);
      assert.deepEqual(
        own().map((event) => event.body),
        bodies,
      );
      assert.equal(flow.counter('source', name, 'EventReceivedCount'), bodies.length);
      assert.equal(flow.counter('source', name, 'EventAcceptedCount'), bodies.length);
    });
  }
});

describe('exec: output', { concurrency: 4 }, () => {
  test('lines come out before the command has ended, also fewer than batchSize', async (t) => {
    const path = join(temporaryDirectory(), 'log');
    writeFileSync(path, 'one\ntwo\n');
    const { collected } = await runExec(t, { command: `tail -n +1 -f ${path}`, batchSize: 1000 });
    await collected.untilCount(2);
    writeFileSync(path, 'three\n', { flag: 'a' });
    await collected.untilCount(3);
    assert.deepEqual(collected.bodies, ['one', 'two', 'three']);
  });

  test('many lines come out each once, in order', async (t) => {
    const { collected, flow } = await runExec(t, { command: 'seq 50000' });
    await collected.untilCount(50_000);
    assert.deepEqual(
      collected.bodies,
      Array.from({ length: 50_000 }, (_, n) => `${n + 1}`),
    );
    assert.equal(flow.counter('source', 'r1', 'EventAcceptedCount'), 50_000);
  });

  const charsets: readonly (readonly [charset: string, output: string, bodies: readonly string[]])[] = [
    ['UTF-8', 'c3a90a', ['c3a9']],
    // Malformed bytes are handed on as they are: Flume loses what they were.
    ['UTF-8', '61ff620a', ['61ff62']],
    ['ISO-8859-1', 'e90a', ['e9']],
    ['UTF-16LE', 'e9000a000a0062000a', ['e900', '', '6200']],
    ['UTF-16BE', '00e90a0a000a', ['00e90a0a']],
  ];
  test('bodies are in the charset of the output', async (t) => {
    const all = charsets.map(async ([charset, output, bodies]) => {
      const one = await runExec(t, { command: `cat ${file(Buffer.from(output, 'hex'))}`, charset });
      await one.flow.untilLogged(/exited with/);
      await one.collected.untilCount(bodies.length);
      const found = one.collected.bodies.map((body) => Buffer.from(body, 'latin1').toString('hex'));
      assert.deepEqual(found, bodies, `${charset} ${output}`);
    });
    await Promise.all(all);
  });

  test('an unknown charset removes the source, told with option and remedy', async (t) => {
    const { flow } = await runExec(t, { command: 'echo x', charset: 'utf-9' });
    const { text } = await flow.untilLogged(/utf-9/);
    assert.match(text, /source r1: charset = utf-9 is not a known charset \(use a charset such as UTF-8/);
    assert.equal(flow.status('source', 'r1').state, 'failed');
  });

  test('a line that no event can hold is skipped, counted and told; those around it come out', async (t) => {
    const shell = '/bin/sh -c';
    const command = `echo before; head -c ${LINE_BYTES_MAX + 1} /dev/zero; echo; echo after`;
    const { collected, flow } = await runExec(t, { command, shell });
    await collected.untilCount(2);
    assert.deepEqual(collected.bodies, ['before', 'after']);
    assert.equal(flow.counter('source', 'r1', 'EventReadFail'), 1);
    const { level, text } = await flow.untilLogged(/longer than/);
    assert.equal(level, 'error');
    assert.match(text, /source r1: .*it is skipped \(let the command write shorter lines\)/);
  });

  test('logStdErr: each line of the standard error is logged, the last one without its end too', async (t) => {
    const command = String.raw`printf 'one\\ntwo\\r\\nthree' >&2; echo out`;
    const { flow, collected } = await runExec(t, { command, shell: '/bin/sh -c', logStdErr: true });
    await collected.untilCount(1);
    await flow.untilLogged('StdErr: three');
    const lines = flow.logs.filter(({ text }) => text.startsWith('StdErr')).map(({ text }) => text);
    assert.deepEqual(lines, ['StdErr: one', 'StdErr: two', 'StdErr: three']);
    assert.deepEqual(collected.bodies, ['out']);
  });

  test('without logStdErr a flood on the standard error holds nothing up and is not logged', async (t) => {
    const command = 'head -c 3000000 /dev/zero >&2; echo out';
    const { flow, collected } = await runExec(t, { command, shell: '/bin/sh -c' });
    await collected.untilCount(1);
    assert.equal(flow.logged(/StdErr/), undefined);
  });
});

describe('exec: restart', { concurrency: 4 }, () => {
  test('a command that ends is run again after restartThrottle, whatever its exit code', async (t) => {
    const command = 'echo run; exit 7';
    const options = { command, shell: '/bin/sh -c', restart: true, restartThrottle: 10 };
    const { collected, flow } = await runExec(t, options);
    await collected.untilCount(5);
    assert.deepEqual(new Set(collected.bodies), new Set(['run']));
    assert.equal((await flow.untilLogged(/Restarting/)).text, 'Restarting in 10ms, exit code 7');
  });

  test('a command that is killed is run again', async (t) => {
    const path = join(temporaryDirectory(), 'pids');
    const command = `echo $$ >> ${path}; exec sleep 1000`;
    const options = { command, shell: '/bin/sh -c', restart: true, restartThrottle: 1 };
    const { flow } = await runExec(t, options);
    const [first] = await pids(path, 1);
    process.kill(first!, 'SIGKILL');
    const [, second] = await pids(path, 2);
    assert.notEqual(second, first);
    assert.equal((await flow.untilLogged(/Restarting/)).text, 'Restarting in 1ms, exit code SIGKILL');
    await flow.stop();
    await until('the second has ended', () => !isAlive(second!));
  });

  test('without restart the command is run once', async (t) => {
    const { flow, collected } = await runExec(t, { command: 'echo once' });
    const { text } = await flow.untilLogged(/exited with/);
    assert.equal(text, 'Command [echo once] exited with 0');
    await collected.untilCount(1);
    assert.equal(flow.status('source', 'r1').state, 'running');
  });

  test('a command that is missing degrades the source with what to check, and is tried again', async (t) => {
    const path = join(temporaryDirectory(), 'late');
    const { flow, collected } = await runExec(t, { command: path, restart: true, restartThrottle: 20 });
    const { level, text } = await flow.untilLogged(/cannot be run/);
    assert.equal(level, 'error');
    assert.match(text, /source r1: command .*late cannot be run: .*ENOENT \(check the path; without shell/);
    await until('it is degraded', () => flow.status('source', 'r1').state === 'degraded');
    assert.match(flow.status('source', 'r1').reason!, /late cannot be run/);
    writeFileSync(path, '#!/bin/sh\necho here\n', { mode: 0o755 });
    await collected.untilCount(1);
    assert.equal(collected.bodies[0], 'here');
    await until('it runs', () => flow.status('source', 'r1').state === 'running');
  });

  test('a stop does not wait for restartThrottle', async (t) => {
    const { flow } = await runExec(t, { command: 'true', restart: true, restartThrottle: 60_000 });
    await flow.untilLogged(/Restarting in 60000ms/);
    const began = Date.now();
    await flow.stop();
    assert.ok(Date.now() - began < 3000, `stopped after ${Date.now() - began} ms`);
  });
});

describe('exec: stop', { concurrency: 4 }, () => {
  test('the command and the children of its shell are ended', async (t) => {
    const path = join(temporaryDirectory(), 'pids');
    const command = `sleep 1000 & echo $! >> ${path}; sleep 1000 | cat & echo $! >> ${path}; echo $$ >> ${path}; wait`;
    const { flow } = await runExec(t, { command, shell: '/bin/sh -c' });
    const all = await pids(path, 3);
    for (const pid of all) assert.ok(isAlive(pid));
    await flow.stop();
    for (const pid of all) await until(`process ${pid} has ended`, () => !isAlive(pid));
  });

  test('a child that ignores SIGTERM is killed when its shell has gone', async (t) => {
    const path = join(temporaryDirectory(), 'pids');
    const command = `(trap '' TERM; echo go >> ${path}.ready; sleep 1000) & echo $! >> ${path}; wait`;
    const { flow } = await runExec(t, { command, shell: '/bin/sh -c' });
    const [child] = await pids(path, 1);
    await until('the trap is set', () => existsSync(`${path}.ready`));
    await flow.stop();
    await until('the child has ended', () => !isAlive(child!));
  });

  test('a command that ignores SIGTERM is killed after five seconds', async (t) => {
    const path = join(temporaryDirectory(), 'pids');
    const command = `trap '' TERM; echo $$ >> ${path}; while :; do sleep 0.05; done`;
    const { flow } = await runExec(t, { command, shell: '/bin/sh -c' });
    const [pid] = await pids(path, 1);
    await flow.stop();
    await until('the command has ended', () => !isAlive(pid!));
  });
});

describe('exec: a channel without room', { concurrency: 4 }, () => {
  test('lines that were refused are put again in order, each once, and the command waits', async (t) => {
    const moody = new MoodyChannel(t);
    const LINES = 100_000;
    const { flow, collected } = await runExec(t, { command: `seq ${LINES}` }, moody.channel('c1', 'refuse'));
    await until('a refusal', () => flow.counter('source', 'r1', 'ChannelWriteFail') > 0);
    const read = flow.counter('source', 'r1', 'EventReceivedCount');
    assert.ok(read < LINES, `${read} lines were read`);
    // What was under way behind the first refusal must have been refused, too.
    await until('all puts were tried', () => flow.counter('channel', 'c1', 'EventPutAttemptCount') >= read);
    assert.equal(collected.events.length, 0);
    await moody.set('accept');
    await collected.untilCount(LINES);
    assert.deepEqual(
      collected.bodies,
      Array.from({ length: LINES }, (_, n) => `${n + 1}`),
    );
    assert.equal(flow.counter('source', 'r1', 'EventReceivedCount'), LINES);
    assert.equal(flow.counter('source', 'r1', 'EventAcceptedCount'), LINES);
  });

  test('a last line without its end is put again, too', async (t) => {
    const moody = new MoodyChannel(t);
    const { flow, collected } = await runExec(
      t,
      { command: `cat ${file('one\ntwo')}` },
      moody.channel('c1', 'refuse'),
    );
    await until('a refusal', () => flow.counter('source', 'r1', 'ChannelWriteFail') > 0);
    await moody.set('accept');
    await collected.untilCount(2);
    assert.deepEqual(collected.bodies, ['one', 'two']);
  });

  test('a full memory channel: what its sink takes late comes out once', async (t) => {
    const small = `
      channels.c1.type = memory
      channels.c1.capacity = 50
      channels.c1.transactionCapacity = 50
      channels.c1.keep-alive = 0
      sinks.k1.pauseMs = 1`;
    const { collected } = await runExec(t, { command: 'seq 400' }, small);
    await collected.untilCount(400);
    assert.deepEqual(
      collected.bodies,
      Array.from({ length: 400 }, (_, n) => `${n + 1}`),
    );
  });
});
