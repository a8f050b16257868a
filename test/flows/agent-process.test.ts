/** The agent as a process: the quickstart, signals, logs, metrics. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { LineClient } from '../kit/lines.ts';
import { confFile, type RunningMillrace, startMillrace } from '../kit/process.ts';
import { until } from '../kit/until.ts';

const CONSOLE = '-Dflume.root.logger=INFO,console';

function conf(sink = 'logger', more = ''): string {
  return confFile(
    `a1.sources = r1
     a1.channels = c1
     a1.sinks = k1
     a1.sources.r1.type = netcat
     a1.sources.r1.bind = 127.0.0.1
     a1.sources.r1.port = 0
     a1.sources.r1.channels = c1
     a1.channels.c1.type = memory
     a1.sinks.k1.type = ${sink}
     a1.sinks.k1.channel = c1
     ${more}`,
  );
}

async function portOf(agent: RunningMillrace): Promise<number> {
  const [, port] = await agent.untilWrites(
    /Created serverSocket:sun\.nio\.ch\.ServerSocketChannelImpl\[\/127\.0\.0\.1:(\d+)\]/,
  );
  return Number(port);
}

async function send(agent: RunningMillrace, line: string): Promise<void> {
  const client = new LineClient(await portOf(agent));
  client.send([line]);
  assert.deepEqual(await client.untilLines(1), ['OK']);
  client.end();
}

describe('the agent as a process', () => {
  for (const property of [CONSOLE, '-Dflume.root.logger==INFO,console']) {
    test(`with ${property} a line sent to netcat gets OK and stands on the console as Flume prints it`, async (t) => {
      const agent = startMillrace(t, ['agent', '--conf-file', conf(), '--name', 'a1', property]);
      await send(agent, 'hello\r');
      await agent.untilWrites(/LoggerSink.* Event: \{ headers:\{\} body: 68 65 6C 6C 6F 0D {31}hello\. \}/);
      agent.signal('SIGTERM');
      assert.equal(await agent.exit(), 0);
      await agent.untilWrites(/Component type: SOURCE, name: r1 stopped/);
    });
  }

  for (const args of [
    (file: string) => ['agent', '-c', 'conf', '-f', file, '-n', 'a1', CONSOLE],
    (file: string) => ['agent', '-n', 'a1', '-c', 'conf/', '-f', file, '-name', 'a1', CONSOLE],
    (file: string) => ['agent', '--conf', 'conf/', '--name', 'a1', '--conf-file', file, CONSOLE],
  ]) {
    test(`the form ${args('FILE').join(' ')} starts it`, async (t) => {
      const agent = startMillrace(t, args(conf()));
      await portOf(agent);
      agent.signal('SIGINT');
      assert.equal(await agent.exit(), 0);
    });
  }

  test('without console logging the log stands in logs/flume.log under the working directory', async (t) => {
    const agent = startMillrace(t, ['agent', '-f', conf(), '-n', 'a1']);
    const file = join(agent.directory, 'logs/flume.log');
    await until(
      'the log tells of the start',
      () =>
        existsSync(file) && readFileSync(file, 'utf8').includes('Component type: SOURCE, name: r1 started'),
    );
    assert.match(readFileSync(file, 'utf8'), /^\d\d \w{3} \d{4} \d\d:\d\d:\d\d,\d{3} INFO {2}\[[^\]]+\] \(/m);
    agent.signal('SIGTERM');
    assert.equal(await agent.exit(), 0);
    assert.doesNotMatch(agent.stderr, /started/);
  });

  test('millrace.log.format=json writes a JSON object a line', async (t) => {
    const agent = startMillrace(t, [
      'agent',
      '-f',
      conf(),
      '-n',
      'a1',
      CONSOLE,
      '-Dmillrace.log.format=json',
    ]);
    await agent.untilWrites(/SOURCE, name: r1 started/);
    agent.signal('SIGTERM');
    await agent.exit();
    const lines = agent.stderr.split('\n').filter((line) => line.startsWith('{'));
    const started = lines.map((line) => JSON.parse(line)).find((one) => one.msg.includes('name: r1 started'));
    assert.equal(started.logger, 'org.apache.flume.instrumentation.MonitoredCounterGroup');
    assert.ok(Date.parse(started.time) > 0);
  });

  test('SIGTERM stops sources at once and ends when the channels are empty; what was accepted is delivered', async (t) => {
    const slow = new URL('../kit/plugins/slow-file.ts', import.meta.url).href;
    const file = conf(slow);
    const agent = startMillrace(t, ['agent', '-f', file, '-n', 'a1', CONSOLE]);
    const client = new LineClient(await portOf(agent));
    const lines = Array.from({ length: 30 }, (_, n) => `line ${n}`);
    client.send(lines);
    await client.untilLines(30);
    // `timeout` signals the process and then its group: that is one request to stop.
    agent.signal('SIGTERM');
    agent.signal('SIGTERM');
    assert.equal(await agent.exit(), 0);
    assert.match(agent.stderr, /Draining \d+ events/);
    const delivered = readFileSync(join(agent.directory, 'delivered'), 'utf8').trimEnd().split('\n');
    assert.deepEqual(delivered, lines);
  });

  /** It runs, but nobody is there to take what it sends. */
  const NOBODY = 'a1.sinks.k1.hostname = 127.0.0.1\na1.sinks.k1.port = 1';

  test('the drain deadline ends the wait and tells how many events stay', async (t) => {
    const args = ['agent', '-f', conf('avro', NOBODY), '-n', 'a1', CONSOLE];
    const agent = startMillrace(t, [...args, '-Dmillrace.drain.seconds=1']);
    await send(agent, 'kept');
    agent.signal('SIGTERM');
    assert.equal(await agent.exit(), 0);
    assert.match(agent.stderr, /Stopped with 1 events still in channels \(c1\): the drain deadline is over/);
  });

  test('events that no sink can take are not waited for', async (t) => {
    const nowhere = `a1.sinks.k1.sink.directory = ${join('/', 'nowhere', 'at-all')}`;
    const agent = startMillrace(t, ['agent', '-f', conf('file_roll', nowhere), '-n', 'a1', CONSOLE]);
    await send(agent, 'kept');
    agent.signal('SIGTERM');
    assert.equal(await agent.exit(), 0);
    assert.match(agent.stderr, /Stopped with 1 events .*\(c1\): no sink that runs takes from them/);
  });

  test('a second signal ends at once, whatever the deadline', async (t) => {
    const agent = startMillrace(t, ['agent', '-f', conf('avro', NOBODY), '-n', 'a1', CONSOLE]);
    await send(agent, 'kept');
    agent.signal('SIGINT');
    await agent.untilWrites(/Draining 1 events/);
    await until('the second signal ends it', () => {
      agent.signal('SIGINT');
      return agent.ended;
    });
    assert.equal(agent.ended, 130);
    assert.match(agent.stderr, /SIGINT again: ending at once/);
  });

  test('a signal ends a start that waits for a server, too', async (t) => {
    const silent = createServer();
    const port = await new Promise<number>((resolve) => {
      silent.listen(0, '127.0.0.1', () => resolve((silent.address() as AddressInfo).port));
    });
    t.after(() => silent.close());
    const asked = once(silent, 'connection');
    const uri = `http://127.0.0.1:${port}/flume.conf`;
    const agent = startMillrace(t, ['agent', '-u', uri, '-n', 'a1', CONSOLE]);
    const [connection] = (await asked) as [Socket];
    agent.signal('SIGTERM');
    assert.equal(await agent.exit(), 0);
    connection.destroy();
  });

  test('metrics answer with Flume’s keys and string values', async (t) => {
    const agent = startMillrace(t, [
      'agent',
      '-f',
      conf('null'),
      '-n',
      'a1',
      CONSOLE,
      '-Dflume.monitoring.type=http',
      '-Dflume.monitoring.port=0',
    ]);
    const [, port] = await agent.untilWrites(/[Mm]etrics.*port (\d+)/);
    await send(agent, 'one');
    const get = async (path: string) => await fetch(`http://127.0.0.1:${port}${path}`);
    await until('the event is taken', async () => {
      const metrics = (await (await get('/metrics')).json()) as Record<string, Record<string, string>>;
      return metrics['CHANNEL.c1']?.EventTakeSuccessCount === '1';
    });
    const metrics = (await (await get('/metrics')).json()) as Record<string, Record<string, string>>;
    const channel = metrics['CHANNEL.c1']!;
    assert.equal(channel.EventPutSuccessCount, '1');
    assert.equal(channel.ChannelCapacity, '100');
    assert.equal(channel.ChannelFillPercentage, '0.0');
    assert.equal(channel.Type, 'CHANNEL');
    assert.ok(Number(channel.StartTime) > 0);
    assert.equal(channel.StopTime, '0');
    assert.equal(metrics['SOURCE.r1'], undefined, 'Flume registers no counters of netcat');
    const status = (await (await get('/status')).json()) as { components: { name: string; state: string }[] };
    assert.deepEqual(
      new Set(status.components.map((one) => `${one.name} ${one.state}`)),
      new Set(['r1 running', 'c1 running', 'k1 running']),
    );
    assert.equal(await (await get('/healthz')).text(), 'ok\n');
    assert.equal((await get('/nothing')).status, 404);
  });

  test('of several files one that is gone for now takes nothing away', async (t) => {
    const first = conf('logger');
    const second = confFile('a1.sinks.k1.maxBytesToLog = 3');
    const args = ['agent', '-f', first, '-f', second, '-n', 'a1', CONSOLE, '--poll-interval', '1'];
    const agent = startMillrace(t, args);
    await portOf(agent);
    renameSync(second, `${second}.away`);
    const before = readFileSync(first, 'utf8');
    writeFileSync(
      first,
      before.replace('a1.channels = c1', 'a1.channels = c1\na1.channels.c1.capacity = 200'),
    );
    await agent.untilWrites(/cannot be read whole \(.*flume\.conf\): the running one is kept/);
    await send(agent, 'abcdef');
    await agent.untilWrites(/body: 61 62 63 {2,}abc /);
    renameSync(`${second}.away`, second);
    await agent.untilWrites(/Component type: CHANNEL, name: c1 stopped/);
    agent.signal('SIGTERM');
    assert.equal(await agent.exit(), 0);
  });

  test('a changed file is taken over; a broken change leaves the running configuration alone', async (t) => {
    const file = conf('logger');
    const agent = startMillrace(t, ['agent', '-f', file, '-n', 'a1', CONSOLE, '--poll-interval', '1']);
    const port = await portOf(agent);
    const before = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      before.replace('a1.sinks.k1.type = logger', 'a1.sinks.k1.type = logger\na1.sinks.k1.maxBytesToLog = 3'),
    );
    await agent.untilWrites(/Component type: SINK, name: k1 stopped/);
    await until(
      'the sink runs again',
      () => agent.stderr.split('Component type: SINK, name: k1 started').length === 3,
    );
    const client = new LineClient(port);
    client.send(['after']);
    assert.deepEqual(await client.untilLines(1), ['OK'], 'the source kept its port');
    client.end();
    await agent.untilWrites(/body: 61 66 74 {2,}aft/);
    assert.equal(
      agent.stderr.split('Component type: SOURCE, name: r1 started').length,
      2,
      'the source was not restarted',
    );
    writeFileSync(file, '\n');
    await agent.untilWrites(/has no properties: the running one is kept/);
    writeFileSync(file, before.replaceAll('a1.', 'a2.'));
    await agent.untilWrites(/nothing of agent a1 that can run: the running one is kept/);
    const again = new LineClient(port);
    again.send(['still there']);
    assert.deepEqual(await again.untilLines(1), ['OK']);
    again.end();
  });
});
