/** The jdbc channel over SQLite: in whole agents, and when things go wrong. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import declaration from '../../../src/channels/jdbc/index.ts';
import { AsyncChannelRig } from '../../kit/async-channel.ts';
import { Collected, kitPlugin, netcatSource, runFlow } from '../../kit/flow.ts';
import { LineClient } from '../../kit/lines.ts';
import type { Properties } from '../../kit/part.ts';
import { confFile, type RunningMillrace, startMillrace } from '../../kit/process.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';

function place(): { file: string; properties: Properties } {
  const file = join(temporaryDirectory(), 'sub', 'sqlite');
  return { file, properties: { 'driver.url': `jdbc:sqlite:${file}` } };
}

function channel(file: string, name = 'c1'): string {
  return `channels.${name}.type = jdbc\nchannels.${name}.driver.url = jdbc:sqlite:${file}`;
}

function counter(events: number, batchSize: number, name = 'r1', to = 'c1'): string {
  return `sources.${name}.type = ${kitPlugin('counter-source')}
    sources.${name}.events = ${events}
    sources.${name}.batchSize = ${batchSize}
    sources.${name}.channels = ${to}`;
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${n}`);
}

describe('the jdbc channel in an agent', () => {
  test('keeps its events over a restart, and gives them out in order', async (t) => {
    const { file } = place();
    const conf = `sources = r1\nchannels = c1\n${counter(12_000, 100)}\n${channel(file)}`;
    const first = await runFlow(t, conf);
    await until('all are put', () => first.counter('channel', 'c1', 'EventPutSuccessCount') === 12_000);
    assert.equal(await first.stop(), true);
    const collected = new Collected(t);
    const second = await runFlow(
      t,
      `sources = r1\nchannels = c1\nsinks = k1\n${netcatSource()}\n${channel(file)}\n${collected.sink('k1', 'c1')}`,
    );
    await collected.untilCount(12_000);
    assert.deepEqual(collected.bodies, numbers(12_000));
    await until('it is empty', () => second.counter('channel', 'c1', 'ChannelSize') === 0);
    await second.stop();
    const third = await runFlow(t, `sources = r1\nchannels = c1\n${netcatSource()}\n${channel(file)}`);
    assert.equal(third.counter('channel', 'c1', 'ChannelSize'), 0, 'what was delivered is not there again');
  });

  test('two channels share a file, each with its own events', async (t) => {
    const { file } = place();
    const [one, other] = [new Collected(t), new Collected(t)];
    await runFlow(
      t,
      `sources = r1 r2
       channels = c1 c2
       sinks = k1 k2
       ${counter(2000, 50)}
       ${counter(1000, 50, 'r2', 'c2')}
       ${channel(file)}
       ${channel(file, 'c2')}
       ${one.sink('k1', 'c1')}
       ${other.sink('k2', 'c2')}`,
    );
    await one.untilCount(2000);
    await other.untilCount(1000);
    assert.deepEqual(one.bodies, numbers(2000));
    assert.deepEqual(other.bodies, numbers(1000));
  });

  test('its worker may die while events flow: every acknowledged line is delivered', async (t) => {
    const collected = new Collected(t);
    const flow = await runFlow(
      t,
      `sources = r1\nchannels = c1\nsinks = k1\n${netcatSource()}\n${channel(place().file)}\n${collected.sink('k1', 'c1')}`,
    );
    const client = new LineClient(await flow.port('r1'));
    const lines = Array.from({ length: 200 }, (_, n) => `line ${n}`);
    client.send(lines);
    await client.untilLines(20);
    await flow.agent.killWorkerOf('channel c1');
    const answers = await client.untilLines(200);
    const acknowledged = lines.filter((_, n) => answers[n] === 'OK');
    assert.ok(acknowledged.length >= 20);
    await until('all are delivered', () => acknowledged.every((line) => collected.bodies.includes(line)));
  });
});

describe('a jdbc channel whose process is killed', () => {
  const start = async (t: TestContext, file: string, env: Record<string, string> = {}) => {
    const lines = `sources = r1\nchannels = c1\n${netcatSource()}\n${channel(file)}`.split('\n');
    const conf = lines.filter((line) => line.trim() !== '').map((line) => `a1.${line.trim()}\n`);
    const args = ['agent', '-f', confFile(conf.join('')), '-n', 'a1', '--no-reload-conf'];
    const agent = startMillrace(t, [...args, '-Dflume.root.logger=INFO,console'], { env });
    const [, port] = await agent.untilWrites(/Created serverSocket:.*:(\d+)\]/);
    return { agent, client: new LineClient(Number(port)) };
  };

  /** Sends numbered lines until the process is gone; returns those that were acknowledged. */
  const feed = async (client: LineClient, kill: (agent?: RunningMillrace) => void): Promise<string[]> => {
    const acknowledged: string[] = [];
    for (let next = 0; !client.closed; next += 10) {
      const lines = Array.from({ length: 10 }, (_, n) => `${next + n}`);
      client.send(lines);
      const answers = await client.untilLines(next + 10);
      answers.slice(next).forEach((answer, n) => {
        if (answer === 'OK') acknowledged.push(lines[n]!);
      });
      if (next === 200) kill();
    }
    return acknowledged;
  };

  /** What the next one finds: everything that was acknowledged, in order, and nothing that was not sent. */
  const check = async (t: TestContext, properties: Properties, acknowledged: readonly string[]) => {
    const rig = await AsyncChannelRig.open(declaration, properties);
    t.after(() => rig.channel.stop());
    const found = await rig.drain();
    assert.deepEqual(found, numbers(found.length), 'in order, each once');
    assert.deepEqual(acknowledged, found.slice(0, acknowledged.length));
  };

  test('with SIGKILL, has everything that was acknowledged', async (t) => {
    const { file, properties } = place();
    const { agent, client } = await start(t, file);
    const acknowledged = await feed(client, () => agent.signal('SIGKILL'));
    assert.equal(await agent.exit(), 'SIGKILL');
    assert.ok(acknowledged.length >= 200);
    await check(t, properties, acknowledged);
  });

  for (const point of ['append', 'stored', 'answered']) {
    test(`at the point ${point}, has everything that was acknowledged`, async (t) => {
      const { file, properties } = place();
      const { agent, client } = await start(t, file, { MILLRACE_CRASH_AT: `${point}:5` });
      const acknowledged = await feed(client, () => {});
      assert.equal(await agent.exit(), 'SIGKILL');
      await check(t, properties, acknowledged);
    });
  }
});

describe('the jdbc channel when things go wrong', () => {
  const open = async (t: TestContext, properties: Properties) => {
    const rig = await AsyncChannelRig.open(declaration, properties);
    t.after(() => rig.channel.stop());
    return rig;
  };

  test('a put that the database refuses is refused, and takes no other with it', async (t) => {
    const { file, properties } = place();
    const rig = await open(t, properties);
    await rig.putAll(['first']);
    const db = new DatabaseSync(file);
    t.after(() => db.close());
    db.exec(`CREATE TRIGGER trap BEFORE INSERT ON millrace_event WHEN CAST(NEW.body AS TEXT) = 'poison'
      BEGIN SELECT RAISE(ABORT, 'it is a trap'); END`);
    // The first flies alone; the others share the transaction behind it.
    const puts = ['a', 'b', 'poison', 'c'].map((body) => rig.put([body]));
    const statuses: string[] = [];
    for (const put of puts) statuses.push((await rig.answerTo(put)).status);
    assert.deepEqual(statuses, ['ok', 'ok', 'failed', 'ok']);
    assert.match(rig.log.texts('error').join('\n'), /it is a trap/);
    await rig.until('it is well again', () => rig.degraded === null);
    assert.deepEqual(await rig.drain(), ['first', 'a', 'b', 'c']);
    assert.equal(rig.held, 0, 'all blocks are given back');
  });

  test('while the database refuses everything it is degraded, and goes on when that is over', async (t) => {
    const { file, properties } = place();
    const rig = await open(t, properties);
    await rig.putAll(numbers(5));
    const db = new DatabaseSync(file);
    t.after(() => db.close());
    db.exec(
      "CREATE TRIGGER trap BEFORE DELETE ON millrace_event BEGIN SELECT RAISE(ABORT, 'no delete'); END",
    );
    rig.channel.commit((await rig.take(3)).take);
    await rig.until('it says why', () => /no delete/.test(rig.degraded ?? ''));
    const refused = await rig.answerTo(rig.put(['refused']));
    assert.equal(refused.status, 'failed');
    db.exec('DROP TRIGGER trap');
    await rig.until('it is well again', () => rig.degraded === null);
    assert.deepEqual(await rig.drain(), ['3', '4']);
    const left = db.prepare('SELECT count(*) AS n FROM millrace_event');
    await rig.until('what was taken is deleted', () => left.get()!.n === 0);
  });

  test('a file that held a backlog gives its disk space back when that is taken', async (t) => {
    const { file, properties } = place();
    const rig = await AsyncChannelRig.open(declaration, properties);
    t.after(() => rig.channel.stop());
    for (let n = 0; n < 40; n++) {
      await rig.putAll(Array.from({ length: 100 }, () => 'x'.repeat(10_000)));
    }
    const full = statSync(file).size;
    assert.ok(full > 35_000_000, `${full} bytes`);
    while (rig.channel.size() > 0) rig.channel.commit((await rig.take(100)).take);
    // The last commits give back what is left of it.
    await until('the file is small', async () => {
      await rig.putAll(['y']);
      rig.channel.commit((await rig.take(1)).take);
      return statSync(file).size < 8_000_000;
    });
  });

  test('rows that somebody removed are not waited for', async (t) => {
    const { file, properties } = place();
    const before = await open(t, properties);
    await before.putAll(numbers(10));
    await before.channel.stop();
    const rig = await open(t, properties);
    const db = new DatabaseSync(file);
    t.after(() => db.close());
    db.exec('DELETE FROM millrace_event WHERE id IN (2, 3, 10)');
    const { bodies, take } = await rig.take(100);
    assert.deepEqual(bodies, ['0', '3', '4', '5', '6', '7', '8']);
    rig.channel.commit(take);
    await rig.until('it is empty', () => rig.channel.size() === 0);
    assert.match(rig.log.texts('warn').join('\n'), /3 events are not in the table any more/);
  });

  test('a second channel of that name on the file is refused, naming the first', async (t) => {
    const { file } = place();
    const flow = await runFlow(t, `sources = r1\nchannels = c1\n${netcatSource()}\n${channel(file)}`);
    const args = ['agent', '-n', 'a1', '--no-reload-conf', '-Dflume.root.logger=INFO,console'];
    const lines = `sources = r1\nchannels = c1\n${netcatSource()}\n${channel(file)}`.split('\n');
    const conf = lines.filter((line) => line.trim() !== '').map((line) => `a1.${line.trim()}\n`);
    const agent = startMillrace(t, [...args, '-f', confFile(conf.join(''))]);
    await agent.untilWrites(new RegExp(`in use by channel c1 \\(process ${process.pid} `));
    assert.equal(flow.status('channel', 'c1').state, 'running');
  });

  test('a Derby URL leaves the channel out with a remedy, and is not tried again', async (t) => {
    const url = 'jdbc:derby:/tmp/db;create=true';
    const flow = await runFlow(
      t,
      `sources = r1\nchannels = c1\n${netcatSource()}\nchannels.c1.type = jdbc\nchannels.c1.driver.url = ${url}`,
    );
    await flow.untilLogged(/is a Derby database, which only Java can open.*leave driver\.url out/);
    await until('it has failed', () => flow.status('channel', 'c1').state === 'failed');
  });
});
