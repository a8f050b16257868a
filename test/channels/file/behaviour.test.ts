/** The file channel in whole agents: restarts, backlogs longer than memory, deaths, disks that are full. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Collected, kitPlugin, netcatSource, runFlow } from '../../kit/flow.ts';
import { LineClient } from '../../kit/lines.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';

function channel(directory: string, more = ''): string {
  return `channels.c1.type = file
    channels.c1.checkpointDir = ${join(directory, 'checkpoint')}
    channels.c1.dataDirs = ${join(directory, 'data1')}, ${join(directory, 'data2')}
    channels.c1.maxFileSize = 4MiB
    channels.c1.minimumRequiredSpace = 1MiB
    ${more}`;
}

function counter(events: number, batchSize: number, more = ''): string {
  return `sources.r1.type = ${kitPlugin('counter-source')}
    sources.r1.events = ${events}
    sources.r1.batchSize = ${batchSize}
    sources.r1.channels = c1
    ${more}`;
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${n}`);
}

describe('the file channel', () => {
  test('keeps its events over a restart, and gives them out in order', async (t) => {
    const directory = temporaryDirectory();
    const first = await runFlow(
      t,
      `sources = r1\nchannels = c1\n${counter(3000, 30)}\n${channel(directory)}`,
    );
    await until('all are put', () => first.counter('channel', 'c1', 'EventPutSuccessCount') === 3000);
    const began = Date.now();
    assert.equal(await first.stop(), true);
    assert.ok(Date.now() - began < 5000, 'a stop does not wait for an empty channel');
    const collected = new Collected(t);
    const second = await runFlow(
      t,
      `sources = r1
       channels = c1
       sinks = k1
       ${netcatSource()}
       ${channel(directory)}
       ${collected.sink('k1', 'c1')}`,
    );
    await collected.untilCount(3000);
    assert.deepEqual(collected.bodies, numbers(3000));
    await until('it is empty', () => second.counter('channel', 'c1', 'ChannelSize') === 0);
    await second.stop();
    const third = await runFlow(t, `sources = r1\nchannels = c1\n${netcatSource()}\n${channel(directory)}`);
    assert.equal(third.counter('channel', 'c1', 'ChannelSize'), 0, 'what was delivered is not there again');
  });

  test('a backlog longer than the memory it may use is read back in order, and its disk space comes back', async (t) => {
    const directory = temporaryDirectory();
    const go = join(directory, 'go');
    const collected = new Collected(t);
    const events = 12_000;
    const flow = await runFlow(
      t,
      `sources = r1
       channels = c1
       sinks = k1
       ${counter(events, 100, 'sources.r1.bodyBytes = 8000')}
       ${channel(directory)}
       ${collected.sink('k1', 'c1')}
       sinks.k1.after = ${go}`,
    );
    await until(
      'all are put',
      () => flow.counter('channel', 'c1', 'EventPutSuccessCount') === events,
      60_000,
    );
    assert.ok(flow.counter('channel', 'c1', 'SyncCount') > 0);
    assert.equal(flow.counter('channel', 'c1', 'SyncedEventCount'), events);
    const segments = () =>
      ['data1', 'data2'].flatMap((name) =>
        readdirSync(join(directory, name)).filter((one) => one.endsWith('.mdb')),
      );
    const before = segments().length;
    assert.ok(before > 15, `${before} segments`);
    writeFileSync(go, '');
    await until('all are delivered', () => collected.events.length >= events, 60_000);
    assert.deepEqual(
      collected.bodies.map((body) => body.trimEnd()),
      numbers(events),
    );
    await until('segments are deleted', () => segments().length <= 2);
  });

  test('its worker may die while events flow: every acknowledged line is delivered', async (t) => {
    const collected = new Collected(t);
    const flow = await runFlow(
      t,
      `sources = r1
       channels = c1
       sinks = k1
       ${netcatSource()}
       ${channel(temporaryDirectory())}
       ${collected.sink('k1', 'c1')}`,
    );
    const port = await flow.port('r1');
    const acknowledged: string[] = [];
    for (let round = 1; round <= 3; round++) {
      const client = new LineClient(port);
      const lines = Array.from({ length: 100 }, (_, n) => `r${round}-${n}`);
      client.send(lines);
      if (round < 3) {
        await client.untilLines(20);
        await flow.agent.killWorkerOf('channel c1');
      }
      (await client.untilLines(100)).forEach((answer, n) => {
        if (answer === 'OK') acknowledged.push(lines[n]!);
      });
      client.end();
      await until('it is back', () => {
        const { state, restarts } = flow.status('channel', 'c1');
        return state === 'running' && restarts === Math.min(round, 2);
      });
    }
    assert.ok(acknowledged.length >= 100);
    await until('all are delivered', () => acknowledged.every((line) => collected.bodies.includes(line)));
  });

  test('a disk with too little free space: puts are refused and the reason is shown', async (t) => {
    const flow = await runFlow(
      t,
      `sources = r1
       channels = c1
       ${netcatSource()}
       ${channel(temporaryDirectory()).replace('minimumRequiredSpace = 1MiB', `minimumRequiredSpace = ${2 ** 52}`)}`,
    );
    const client = new LineClient(await flow.port('r1'));
    client.send(['a', 'b']);
    const answers = await client.untilLines(2);
    client.end();
    for (const answer of answers) assert.match(answer, /^FAILED: Unable to put event on required channel/);
    const { state, reason } = flow.status('channel', 'c1');
    assert.equal(state, 'degraded');
    assert.match(reason!, /Usable space exhausted, only \d+ bytes remaining, required \d+ bytes/);
    assert.equal(flow.counter('channel', 'c1', 'ChannelSize'), 0);
  });

  test('a data directory that goes away: puts are refused and told, and it goes on', async (t) => {
    const directory = temporaryDirectory();
    const collected = new Collected(t);
    const flow = await runFlow(
      t,
      `sources = r1
       channels = c1
       sinks = k1
       ${netcatSource()}
       sources.r1.max-line-length = 300000
       ${channel(directory)
         .replace(/, \S+data2/, '')
         .replace('4MiB', '1MiB')}
       ${collected.sink('k1', 'c1')}`,
    );
    const client = new LineClient(await flow.port('r1'));
    const answers = new Map<string, string>();
    let sent = 0;
    const send = async (count: number) => {
      const lines = Array.from({ length: count }, (_, n) => `${sent + n}-`.padEnd(200_000, 'x'));
      client.send(lines);
      sent += count;
      (await client.untilLines(sent)).slice(sent - count).forEach((answer, n) => {
        answers.set(lines[n]!, answer);
      });
    };
    await send(4);
    // The next segment cannot be made.
    renameSync(join(directory, 'data1'), join(directory, 'away'));
    writeFileSync(join(directory, 'data1'), 'no directory any more');
    await send(20);
    await until('it is told', () => ['degraded', 'failed'].includes(flow.status('channel', 'c1').state));
    assert.ok(flow.counter('channel', 'c1', 'EventPutErrorCount') > 0);
    rmSync(join(directory, 'data1'), { recursive: true, force: true });
    renameSync(join(directory, 'away'), join(directory, 'data1'));
    await until('puts are taken again', async () => {
      await send(1);
      return answers.get([...answers.keys()].at(-1)!) === 'OK';
    });
    client.end();
    const of = (kind: RegExp) => [...answers].filter(([, answer]) => kind.test(answer)).map(([line]) => line);
    assert.ok(of(/^FAILED/).length > 0);
    await until('what was acknowledged is delivered', () =>
      of(/^OK/).every((line) => collected.bodies.includes(line)),
    );
    await until('its status is right', () => flow.status('channel', 'c1').state === 'running');
  });

  test('two channels on one directory: the second fails with the name of the first, the rest runs', async (t) => {
    const directory = temporaryDirectory();
    const conf = `sources = r1
      channels = c1 c2
      ${netcatSource()}
      sources.r1.channels = c1 c2
      ${channel(directory)}
      ${channel(directory).replaceAll('channels.c1', 'channels.c2')}`;
    const flow = await runFlow(t, conf);
    await until('one of them fails', () => flow.agent.status().some((one) => one.state === 'failed'));
    const failed = flow.agent.status().find((one) => one.state === 'failed')!;
    const other = failed.name === 'c1' ? 'c2' : 'c1';
    assert.match(failed.reason!, new RegExp(`in use by channel ${other} \\(process ${process.pid}`));
    assert.equal(flow.status('channel', other).state, 'running');
    assert.equal(flow.counter('channel', failed.name, 'Unhealthy'), 1);
    assert.equal(flow.counter('channel', other, 'Open'), 1);
  });

  test('a flipped byte on the disk: the block is passed over, told, and shown', async (t) => {
    const directory = temporaryDirectory();
    const first = await runFlow(
      t,
      `sources = r1\nchannels = c1\n${counter(300, 100)}\n${channel(directory)}`,
    );
    await until('all are put', () => first.counter('channel', 'c1', 'EventPutSuccessCount') === 300);
    await first.stop();
    const file = ['data1', 'data2']
      .flatMap((name) => readdirSync(join(directory, name)).map((one) => join(directory, name, one)))
      .find((one) => one.endsWith('.mdb') && readFileSync(one).includes('150151152'));
    const bytes = readFileSync(file!);
    // Small blocks stand in pages of LMDB's tree, of which older copies are in the file, too.
    for (let at = bytes.indexOf('150151152'); at >= 0; at = bytes.indexOf('150151152', at + 1))
      bytes[at] = 0x21;
    writeFileSync(file!, bytes);
    const collected = new Collected(t);
    const second = await runFlow(
      t,
      `sources = r1
       channels = c1
       sinks = k1
       ${netcatSource()}
       ${channel(directory)}
       ${collected.sink('k1', 'c1')}`,
    );
    await second.untilLogged(/events 100 to 199 \(100\) fails its checksum/);
    await collected.untilCount(200);
    assert.deepEqual(collected.bodies, [...numbers(300).slice(0, 100), ...numbers(300).slice(200)]);
    assert.equal(second.status('channel', 'c1').state, 'degraded');
    await until('all are taken', () => second.counter('channel', 'c1', 'ChannelSize') === 0);
    assert.equal(second.counter('channel', 'c1', 'EventTakeErrorCount'), 1);
    const client = new LineClient(await second.port('r1'));
    client.send(['more']);
    assert.deepEqual(await client.untilLines(1), ['OK']);
    client.end();
    assert.match(
      second.status('channel', 'c1').reason!,
      /fails its checksum/,
      'it is still shown after a put',
    );
    assert.ok(existsSync(join(file!, '..', 'quarantine', 'block-100')));
  });

  test('pages of LMDB overwritten on the disk: the agent lives, delivers every event, and says so', async (t) => {
    const directory = temporaryDirectory();
    const first = await runFlow(
      t,
      `sources = r1\nchannels = c1\n${counter(3000, 30)}\n${channel(directory)}`,
    );
    await until('all are put', () => first.counter('channel', 'c1', 'EventPutSuccessCount') === 3000);
    await first.stop();
    const name = readdirSync(join(directory, 'data1')).find((one) => one.endsWith('.mdb'))!;
    const file = join(directory, 'data1', name);
    const bytes = readFileSync(file);
    // Both meta pages, and the header of every other page.
    bytes.fill(0xff, 0, 8192);
    for (let page = 8192; page < bytes.length; page += 4096) bytes.fill(0xff, page, page + 24);
    writeFileSync(file, bytes);
    const collected = new Collected(t);
    const second = await runFlow(
      t,
      `sources = r1
       channels = c1
       sinks = k1
       ${netcatSource()}
       ${channel(directory)}
       ${collected.sink('k1', 'c1')}`,
    );
    await collected.untilCount(3000);
    assert.deepEqual(collected.bodies, numbers(3000));
    const { state, reason } = second.status('channel', 'c1');
    assert.equal(state, 'degraded');
    assert.match(
      reason!,
      /is damaged \(.*\): the records that are whole are used; it is kept as .*\.damaged/,
    );
  });
});
