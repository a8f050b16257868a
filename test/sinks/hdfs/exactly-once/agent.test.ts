/** exactly-once behind a file channel in a whole agent: what it does when records are not to be had. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { RECORD_BYTES_MAX } from '../../../../src/sinks/hdfs/exactly-once/record-store.ts';
import { type Flow, netcatSource, runFlow } from '../../../kit/flow.ts';
import { LineClient } from '../../../kit/lines.ts';
import { temporaryDirectory } from '../../../kit/temporary.ts';
import { until } from '../../../kit/until.ts';
import { MemoryHdfs } from '../memory-hdfs.ts';

/** Agents one after the other over the same directories. */
class Agents {
  readonly out: string;
  readonly #t: TestContext;
  readonly #base: string;

  constructor(t: TestContext) {
    this.#t = t;
    this.#base = temporaryDirectory();
    this.out = join(this.#base, 'out');
  }

  start(sink = `sinks.k1.hdfs.path = file://${this.out}`): Promise<Flow> {
    const base = this.#base;
    return runFlow(
      this.#t,
      `sources = r1
       channels = c1
       sinks = k1
       ${netcatSource()}
       channels.c1.type = file
       channels.c1.checkpointDir = ${join(base, 'checkpoint')}
       channels.c1.dataDirs = ${join(base, 'data')}
       channels.c1.minimumRequiredSpace = 1MiB
       sinks.k1.type = hdfs
       sinks.k1.channel = c1
       ${sink}
       sinks.k1.hdfs.delivery = exactly-once
       sinks.k1.hdfs.stateDir = ${join(base, 'state')}
       sinks.k1.hdfs.fileType = DataStream
       sinks.k1.hdfs.rollInterval = 0`,
    );
  }

  async send(flow: Flow, ...lines: readonly string[]): Promise<void> {
    const client = new LineClient(await flow.port('r1'));
    client.send(lines);
    assert.deepEqual(
      await client.untilLines(lines.length),
      lines.map(() => 'OK'),
    );
    client.end();
  }

  /** The newest commit record. */
  record(): string {
    const [log] = readdirSync(join(this.out, '.millrace'));
    const directory = join(this.out, '.millrace', log!);
    return join(directory, readdirSync(directory).sort().at(-1)!);
  }

  lines(): string[] {
    const files = readdirSync(this.out).filter((name) => !name.startsWith('.'));
    return files.flatMap((name) => readFileSync(join(this.out, name), 'utf8').split('\n').slice(0, -1));
  }
}

const untilDelivered = (flow: Flow) =>
  until('the channel is empty', () => flow.counter('channel', 'c1', 'ChannelSize') === 0);

test('a commit record beyond the limit: the agent runs, says which, and goes on once it is restored', async (t) => {
  const agents = new Agents(t);
  const first = await agents.start();
  await agents.send(first, 'one');
  await untilDelivered(first);
  await first.stop();
  const record = agents.record();
  const { size } = statSync(record);
  const text = readFileSync(record);
  truncateSync(record, RECORD_BYTES_MAX + 1);
  const next = await agents.start();
  await agents.send(next, 'two');
  const { reason } = await until('the sink says so', () => {
    const status = next.status('sink', 'k1');
    return status.state === 'degraded' ? status : null;
  });
  assert.ok(reason!.includes(record), reason!);
  assert.match(reason!, /it has 268435457 bytes, and 268435456 are the limit \(restore it; moving /);
  await agents.send(next, 'three');
  assert.deepEqual(agents.lines(), ['one']);
  truncateSync(record, size);
  assert.deepEqual(readFileSync(record), text);
  await untilDelivered(next);
  assert.equal(next.status('sink', 'k1').restarts, 0);
  await next.stop();
  assert.deepEqual(agents.lines().sort(), ['one', 'three', 'two']);
});

test('SIGTERM while the NameNode is silent about a commit record: it ends soon, and each event stands once', async (t) => {
  const agents = new Agents(t);
  const hdfs = await MemoryHdfs.start(t);
  const sink = `
    sinks.k1.hdfs.path = hdfs://nn/d
    sinks.k1.hdfs.nameNodes = ${hdfs.url}`;
  const first = await agents.start(sink);
  await agents.send(first, 'one');
  await untilDelivered(first);
  let isAsked = false;
  hdfs.isSilent = (operation, path) => {
    isAsked ||= operation === 'RENAME' && path.endsWith('.draft');
    return isAsked;
  };
  await agents.send(first, 'two');
  await until('the record is under way', () => isAsked);
  const began = Date.now();
  await first.stop();
  const ms = Date.now() - began;
  assert.ok(ms < 5000, `stopped after ${ms} ms`);
  hdfs.isSilent = () => false;
  const next = await agents.start(sink);
  await untilDelivered(next);
  await next.stop();
  const data = [...hdfs.files].filter(([path]) => !path.includes('/.millrace/'));
  assert.deepEqual(
    data.map(([, bytes]) => bytes.toString()),
    ['one\n', 'two\n'],
  );
  assert.ok(data.every(([path]) => !path.endsWith('.tmp')));
});
