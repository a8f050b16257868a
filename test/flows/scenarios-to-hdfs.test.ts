/**
 * The examples that bring files to HDFS, as they stand but for their places: a local directory for HDFS, a
 * temporary one for the rest. Every line comes out once, in few files with their final names.
 */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type Flow, runFlow } from '../kit/flow.ts';
import { HOME } from '../kit/process.ts';
import { temporaryDirectory } from '../kit/temporary.ts';
import { until } from '../kit/until.ts';

interface Scenario {
  readonly flow: Flow;
  /** Of what the example has below /tmp/millrace. */
  path(name: string): string;
}

/** Starts the example after `directories` were made. */
async function start(t: TestContext, example: string, directories: readonly string[]): Promise<Scenario> {
  const folder = temporaryDirectory();
  const path = (name: string) => join(folder, name);
  for (const name of directories) mkdirSync(path(name));
  const conf = readFileSync(join(HOME, `conf/examples/scenarios/${example}.conf`), 'utf8')
    .replaceAll(/^a1\./gm, '')
    .replaceAll('/tmp/millrace', folder)
    .replaceAll('hdfs://namenode:8020', `file://${path('hdfs')}`);
  return { flow: await runFlow(t, conf), path };
}

function lines(what: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${what} ${n}`);
}

function text(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}

/** Waits until so many events are safe, then stops the agent. */
async function delivered({ flow }: Scenario, count: number): Promise<void> {
  const drained = () => flow.counter('sink', 'k1', 'EventDrainSuccessCount');
  await until(`${count} events are written`, () => drained() >= count);
  assert.equal(await flow.stop(), true);
  assert.equal(flow.logged(/Unable to deliver event/), undefined);
}

/**
 * What stands in the files below a directory of HDFS. They are in one directory by hour, one file in each
 * (two hours when one ends meanwhile), and are named as `name` says.
 */
function written({ path }: Scenario, directory: string, name: RegExp): string[] {
  const files = readdirSync(path(directory), { recursive: true, encoding: 'utf8' }).filter((file) =>
    /^\d{4}-\d\d-\d\d\/\d\d\/./.test(file),
  );
  const hours = new Set(files.map((file) => file.slice(0, '2024-01-02/03'.length)));
  assert.equal(files.length, hours.size, files.join());
  for (const file of files) assert.match(file.slice('2024-01-02/03/'.length), name);
  return files.sort().flatMap((file) => {
    const bytes = readFileSync(join(path(directory), file));
    return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').split('\n').slice(0, -1);
  });
}

describe('conf/examples/scenarios', { concurrency: 3 }, () => {
  test('exec-tail-to-hdfs.conf: lines that are appended while it runs', async (t) => {
    const log = 'app.log';
    const scenario = await start(t, 'exec-tail-to-hdfs', []);
    const received = () => scenario.flow.counter('source', 'r1', 'EventReceivedCount');
    // tail tells nobody that it has begun.
    await until('tail follows the file', () => {
      appendFileSync(scenario.path(log), text(['begin']));
      return received() > 0;
    });
    const body = lines('line', 3000);
    appendFileSync(scenario.path(log), text([...body, 'end']));
    await until('the last line is written', () => {
      if (!existsSync(scenario.path('hdfs'))) return false;
      const logged = readdirSync(scenario.path('hdfs'), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.includes('.log'))
        .map((name) => readFileSync(join(scenario.path('hdfs'), name), 'utf8'));
      return logged.some((content) => content.endsWith('\nend\n'));
    });
    await delivered(scenario, received());
    const out = written(scenario, 'hdfs/flume/logs', /^app\..+\.\d{13}\.log$/);
    assert.deepEqual(
      out.filter((line) => line !== 'begin'),
      [...body, 'end'],
    );
  });

  test('directory-to-hdfs.conf: files that are complete, compressed', async (t) => {
    const scenario = await start(t, 'directory-to-hdfs', ['upload']);
    const upload = (name: string) => scenario.path(`upload/${name}`);
    const contents = [lines('first', 5000), [...lines('second', 10), 'long '.repeat(2000)]];
    for (const [n, content] of contents.entries()) {
      writeFileSync(upload(`x${n}.tmp`), text(content));
      renameSync(upload(`x${n}.tmp`), upload(`x${n}.txt`));
      await until(`x${n}.txt is read`, () => existsSync(upload(`x${n}.txt.COMPLETED`)));
    }
    writeFileSync(upload('unfinished.tmp'), 'not yet\n');
    await delivered(scenario, 5011);
    assert.deepEqual(written(scenario, 'hdfs/flume/upload', /^upload\..+\.\d{13}\.gz$/), contents.flat());
    assert.ok(existsSync(upload('unfinished.tmp')));
  });

  test('taildir-to-hdfs.conf: files that grow and are rotated, by application', async (t) => {
    const scenario = await start(t, 'taildir-to-hdfs', ['web', 'jobs']);
    const access = scenario.path('web/access.log');
    const first = lines('first', 2000);
    const second = lines('second', 2000);
    const third = lines('third', 500);
    const jobs = lines('job', 300);
    writeFileSync(access, text(first));
    const accepted = (count: number) =>
      until(
        `${count} lines are read`,
        () => scenario.flow.counter('source', 'r1', 'EventAcceptedCount') >= count,
      );
    await accepted(first.length);
    appendFileSync(access, text(second));
    renameSync(access, `${access}.1`);
    writeFileSync(access, text(third));
    writeFileSync(scenario.path('jobs/job-7.log'), text(jobs));
    writeFileSync(scenario.path('jobs/other.log'), 'of no group\n');
    const count = first.length + second.length + third.length + jobs.length;
    await accepted(count);
    await delivered(scenario, count);
    const web = written(scenario, 'hdfs/flume/logs/web', /^web\..+\.\d{13}\.log$/);
    const of = (what: string) => web.filter((line) => line.startsWith(what));
    assert.equal(web.length, first.length + second.length + third.length);
    assert.deepEqual([of('first'), of('second'), of('third')], [first, second, third]);
    assert.deepEqual(written(scenario, 'hdfs/flume/logs/jobs', /^jobs\..+\.\d{13}\.log$/), jobs);
  });
});
