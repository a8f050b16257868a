/** Sink groups in whole agents: who delivers, who takes over, and that every event comes once. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Collected, type Flow, kitPlugin, kitPluginPath, netcatSource, runFlow } from '../kit/flow.ts';
import { LineClient } from '../kit/lines.ts';
import { temporaryDirectory } from '../kit/temporary.ts';
import { until } from '../kit/until.ts';

interface GroupSetup {
  readonly events: number;
  readonly sinks: readonly Collected[];
  /** Lines of the group g1 and its sinks k1, k2 … */
  readonly group: string;
  readonly source?: string;
  readonly batchSize?: number;
}

function confOf({ events, sinks, group, source = '', batchSize = 10 }: GroupSetup): string {
  const names = sinks.map((_, n) => `k${n + 1}`);
  return `sources = r1
    channels = c1
    sinks = ${names.join(' ')}
    sinkgroups = g1
    sources.r1.type = ${kitPlugin('counter-source')}
    sources.r1.events = ${events}
    sources.r1.batchSize = 10
    ${source}
    sources.r1.channels = c1
    channels.c1.type = memory
    channels.c1.capacity = 100000
    ${sinks.map((one, n) => one.sink(names[n]!, 'c1', batchSize)).join('\n')}
    sinkgroups.g1.sinks = ${names.join(' ')}
    ${group}`;
}

async function untilAll(sinks: readonly Collected[], count: number): Promise<void> {
  const total = () => sinks.reduce((sum, one) => sum + one.events.length, 0);
  await until(`${count} events delivered (now ${total()})`, () => total() >= count);
}

/** Every event came once, over all sinks. */
function assertOnce(sinks: readonly Collected[], count: number): void {
  const numbers = sinks.flatMap((one) => one.bodies.map(Number)).sort((a, b) => a - b);
  assert.deepEqual(
    numbers,
    Array.from({ length: count }, (_, n) => n),
  );
}

const failuresLogged = (flow: Flow, sink: string) =>
  flow.logs.filter(
    ({ text }) => text.includes('Sink failed to consume event') && text.includes(`sink ${sink}`),
  );

// Two at a time: one of them mostly waits for Flume's pause after a failure.
describe('sink groups', { concurrency: 2 }, () => {
  test('failover: the other sink takes over at once, and hands back when the first delivers again', async (t) => {
    const preferred = new Collected(t);
    const spare = new Collected(t);
    const sinks = [preferred, spare];
    const flow = await runFlow(
      t,
      confOf({
        events: 400,
        sinks,
        source: 'sources.r1.pauseMs = 5',
        group: `sinks.k1.failures = 3
          sinkgroups.g1.processor.type = failover
          sinkgroups.g1.processor.priority.k1 = 10
          sinkgroups.g1.processor.priority.k2 = 5
          sinkgroups.g1.processor.maxpenalty = 30`,
      }),
    );
    const failed = await flow.untilLogged('Sink k1 failed and has been sent to failover list');
    assert.match(failed.error!, /sink k1 fails, as it was told to/);
    await flow.untilLogged('Sink k1 is live again');
    await untilAll(sinks, 400);
    assert.equal(await flow.stop(), true);
    assertOnce(sinks, 400);
    assert.ok(spare.events.length > 0, 'the spare one had some');
    assert.ok(preferred.bodies.includes('399'), 'the preferred one had the last');
    const handedBack = Math.min(...preferred.bodies.map(Number));
    assert.deepEqual(
      spare.bodies.map(Number).filter((n) => n > handedBack),
      [],
      'the spare one had nothing after that',
    );
    assert.equal(flow.logged('Unable to deliver event'), undefined, 'no batch was without a sink');
  });

  test('failover: when no sink is left the events wait, the reason is shown, and go out when one delivers', async (t) => {
    const sinks = [new Collected(t), new Collected(t)];
    const flow = await runFlow(
      t,
      confOf({
        events: 50,
        sinks,
        group: `sinks.k1.failures = 1
          sinks.k2.failures = 1
          sinkgroups.g1.processor.type = failover
          sinkgroups.g1.processor.priority.k1 = 10
          sinkgroups.g1.processor.maxpenalty = 10`,
      }),
    );
    const { error } = await flow.untilLogged('Unable to deliver event. Exception follows.');
    assert.match(error!, /All sinks failed to process, nothing left to failover to/);
    await until('both are shown', () =>
      ['k1', 'k2'].every((k) => flow.status('sink', k).state === 'degraded'),
    );
    await until('all wait', () => flow.counter('channel', 'c1', 'ChannelSize') === 50);
    // Flume's pause of five seconds goes by.
    await untilAll(sinks, 50);
    await until('they are well', () => ['k1', 'k2'].every((k) => flow.status('sink', k).state === 'running'));
    await flow.stop();
    assertOnce(sinks, 50);
  });

  test('failover: a sink that cannot start keeps the other from nothing, and is used once it can', async (t) => {
    const spare = new Collected(t);
    const missing = join(temporaryDirectory(), 'later');
    const flow = await runFlow(
      t,
      `sources = r1
      channels = c1
      sinks = k1 k2
      sinkgroups = g1
      sources.r1.type = ${kitPlugin('counter-source')}
      sources.r1.events = 400
      sources.r1.batchSize = 10
      sources.r1.pauseMs = 5
      sources.r1.channels = c1
      channels.c1.type = memory
      sinks.k1.type = file_roll
      sinks.k1.sink.directory = ${missing}
      sinks.k1.channel = c1
      sinks.k1.sink.batchSize = 10
      ${spare.sink('k2', 'c1', 10)}
      sinkgroups.g1.sinks = k1 k2
      sinkgroups.g1.processor.type = failover
      sinkgroups.g1.processor.priority.k1 = 10
      sinkgroups.g1.processor.maxpenalty = 20`,
    );
    await flow.untilLogged('Unable to start sink k1 of group g1; it is tried again');
    await spare.untilCount(50);
    assert.match(flow.status('sink', 'k1').reason ?? '', /later cannot be used/);
    assert.deepEqual(
      [flow.status('sink', 'k1').state, flow.status('sink', 'k2').state],
      ['degraded', 'running'],
    );
    mkdirSync(missing);
    await flow.untilLogged('Sink k1 is live again');
    assert.equal(await flow.stop(), true);
    const written = readdirSync(missing).flatMap((name) =>
      readFileSync(join(missing, name), 'utf8').split('\n').slice(0, -1),
    );
    assert.equal(flow.counter('channel', 'c1', 'ChannelSize'), 0);
    assert.equal(
      new Set([...written, ...spare.bodies]).size,
      written.length + spare.bodies.length,
      'none twice',
    );
    assert.ok(written.length > 0);
  });

  test('an idle group rests: its processor is not asked again and again', async (t) => {
    const sinks = [new Collected(t), new Collected(t)];
    const group = 'sinkgroups.g1.processor.type = failover';
    const flow = await runFlow(t, confOf({ events: 10, sinks, group }));
    await untilAll(sinks, 10);
    const asked = () => flow.counter('channel', 'c1', 'EventTakeAttemptCount');
    // Two looks that the sinks have at their files, a second each, bound the time that is looked at.
    const before = asked();
    const startMs = Date.now();
    await until('some seconds pass', () => Date.now() - startMs > 2500);
    assert.ok(asked() - before < 100, `${asked() - before} takes were asked for`);
  });

  test('failover: what is wrong with an idle sink is shown of it, and keeps nothing from the other', async (t) => {
    const preferred = new Collected(t);
    const directory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const flow = await runFlow(
      t,
      `sources = r1
      channels = c1
      sinks = k1 k2
      sinkgroups = g1
      ${netcatSource()}
      channels.c1.type = memory
      ${preferred.sink('k1', 'c1', 10)}
      sinks.k2.type = file_roll
      sinks.k2.sink.directory = ${directory}
      sinks.k2.sink.rollInterval = 1
      sinks.k2.channel = c1
      sinkgroups.g1.sinks = k1 k2
      sinkgroups.g1.processor.type = failover
      sinkgroups.g1.processor.priority.k1 = 10
      sinkgroups.g1.processor.priority.k2 = 5`,
    );
    rmSync(directory, { recursive: true });
    await flow.untilLogged('Sink k2 of group g1 is not well');
    const states = () => ['k1', 'k2'].map((name) => flow.status('sink', name).state);
    assert.deepEqual(states(), ['running', 'degraded']);
    const client = new LineClient(await flow.port('r1'));
    client.send(['a line']);
    await preferred.untilCount(1);
    client.end();
    assert.equal(flow.logged('Unable to deliver event'), undefined);
    mkdirSync(directory);
    await until('k2 is well again', () => flow.status('sink', 'k2').state === 'running');
  });

  test('load_balance: the batches are spread evenly, and each event is delivered once', async (t) => {
    const sinks = [new Collected(t), new Collected(t), new Collected(t)];
    const flow = await runFlow(
      t,
      confOf({
        events: 600,
        sinks,
        // Slower than the source, so that there is always a batch for the next one.
        source: ['k1', 'k2', 'k3'].map((name) => `sinks.${name}.pauseMs = 5`).join('\n'),
        group: 'sinkgroups.g1.processor.type = load_balance',
      }),
    );
    await untilAll(sinks, 600);
    await flow.stop();
    assertOnce(sinks, 600);
    for (const one of sinks) assert.ok(one.events.length >= 150, `${one.events.length} of 600 events`);
  });

  test('load_balance with backoff: a sink that fails is skipped for its time, the others have its share', async (t) => {
    const sinks = [new Collected(t), new Collected(t), new Collected(t)];
    const flow = await runFlow(
      t,
      confOf({
        events: 600,
        sinks,
        group: `sinks.k1.failures = -1
          sinkgroups.g1.processor.type = load_balance
          sinkgroups.g1.processor.backoff = true`,
      }),
    );
    const began = Date.now();
    await untilAll(sinks, 600);
    const tookMs = Date.now() - began;
    await flow.stop();
    assertOnce(sinks, 600);
    assert.equal(sinks[0]!.events.length, 0);
    // Tried once, again after two seconds, after four more …
    const tries = failuresLogged(flow, 'k1').length;
    assert.ok(tries >= 1 && tries <= 2 + tookMs / 2000, `${tries} tries in ${tookMs} ms`);
  });

  test('load_balance without backoff: it is tried again at each of its turns, and nothing is lost', async (t) => {
    const sinks = [new Collected(t), new Collected(t)];
    const flow = await runFlow(
      t,
      confOf({
        events: 200,
        sinks,
        group: `sinks.k1.failures = 3
          sinkgroups.g1.processor.type = load_balance`,
      }),
    );
    await untilAll(sinks, 200);
    await flow.stop();
    assertOnce(sinks, 200);
    assert.equal(failuresLogged(flow, 'k1').length, 3);
    assert.ok(sinks[0]!.events.length > 0, 'then it delivers');
  });

  for (const selector of ['random', kitPluginPath('last-first')]) {
    test(`load_balance with selector ${selector === 'random' ? selector : 'by plug-in'}: every event once`, async (t) => {
      const sinks = [new Collected(t), new Collected(t)];
      const flow = await runFlow(
        t,
        confOf({
          events: 500,
          sinks,
          group: `sinkgroups.g1.processor.type = load_balance
            sinkgroups.g1.processor.selector = ${selector}`,
        }),
      );
      await untilAll(sinks, 500);
      await flow.stop();
      assertOnce(sinks, 500);
      if (selector === 'random') for (const one of sinks) assert.ok(one.events.length > 0);
      else assert.equal(sinks[0]!.events.length, 0, 'the last one is the first choice');
    });
  }
});
