/**
 * What every sink owes: a batch is committed only once it is delivered; a batch that fails is rolled back,
 * kept in the channel, and tried again after Flume's pause; events arrive in order; a worker that dies loses
 * nothing; what was taken is delivered before the sink stops.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type Flow, kitPlugin, runFlow } from '../kit/flow.ts';
import { temporaryDirectory } from '../kit/temporary.ts';
import { until } from '../kit/until.ts';

export interface SinkTarget {
  /** Lines of flume.conf for sink k1, without its channel. */
  readonly conf: string;
  /** The bodies that have arrived, in order. */
  delivered(flow: Flow): readonly string[];
  /** What a failed delivery is logged with; the runner's text unless the sink holds the events by itself. */
  readonly failure?: string;
  /** Makes deliveries fail, until `mend`; absent for sinks that cannot fail. */
  fail?(flow: Flow): Promise<unknown>;
  mend?(): void;
}

export interface SinkSubject {
  readonly name: string;
  target(t: TestContext): SinkTarget;
  /** False for sinks that keep nothing that could be looked at (null). */
  readonly observable: boolean;
}

const EVENTS = 2000;

function confOf(target: SinkTarget, extra = ''): string {
  return `sources = r1
    channels = c1
    sinks = k1
    sources.r1.type = ${kitPlugin('counter-source')}
    sources.r1.events = ${EVENTS}
    sources.r1.batchSize = 50
    sources.r1.prefix = n
    ${extra}
    sources.r1.channels = c1
    channels.c1.type = memory
    channels.c1.capacity = 10000
    ${target.conf}
    sinks.k1.channel = c1`;
}

const wanted = Array.from({ length: EVENTS }, (_, n) => `n${n}`);

function untilTaken(flow: Flow): Promise<true> {
  const taken = () => flow.counter('channel', 'c1', 'EventTakeSuccessCount');
  return until('every event is taken', () => taken() >= EVENTS) as Promise<true>;
}

export function sinkContract(subject: SinkSubject): void {
  describe(`sink contract: ${subject.name}`, () => {
    test('every event is delivered once, in order, and committed', async (t) => {
      const target = subject.target(t);
      const flow = await runFlow(t, confOf(target));
      await untilTaken(flow);
      assert.equal(await flow.stop(), true);
      assert.equal(flow.counter('channel', 'c1', 'ChannelSize'), 0);
      if (subject.observable) assert.deepEqual(target.delivered(flow), wanted);
    });

    test('a worker that dies loses nothing', async (t) => {
      const target = subject.target(t);
      const flow = await runFlow(t, confOf(target, 'sources.r1.pauseMs = 2'));
      await until('some are taken', () => flow.counter('channel', 'c1', 'EventTakeSuccessCount') > 0);
      await flow.agent.killWorkerOf('group k1');
      await until('it is back', () => flow.status('sink', 'k1').restarts === 1);
      await until('the channel is empty', () => {
        const put = flow.counter('channel', 'c1', 'EventPutSuccessCount');
        return put === EVENTS && flow.counter('channel', 'c1', 'ChannelSize') === 0;
      });
      await flow.stop();
      if (!subject.observable) return;
      const seen = new Set(target.delivered(flow));
      const missing = wanted.filter((body) => !seen.has(body));
      assert.deepEqual(missing, []);
    });

    test('it stops in time when its channel is empty', async (t) => {
      const flow = await runFlow(t, confOf(subject.target(t)));
      await untilTaken(flow);
      const began = Date.now();
      assert.equal(await flow.stop(), true);
      assert.ok(Date.now() - began < 5000);
    });
  });
}

/** For sinks whose target can break. The pause after a failure is Flume's: five seconds. */
export function failingSinkContract(subject: SinkSubject): void {
  test(`sink contract: ${subject.name}: a failed batch stays in the channel, is reported, and delivered after the pause`, async (t) => {
    const target = subject.target(t);
    const go = join(temporaryDirectory(), 'go');
    const flow = await runFlow(t, confOf(target, `sources.r1.after = ${go}`));
    await target.fail!(flow);
    writeFileSync(go, '');
    await flow.untilLogged(target.failure ?? 'Unable to deliver event. Exception follows.');
    await until('all are put', () => flow.counter('channel', 'c1', 'EventPutSuccessCount') === EVENTS);
    assert.equal(flow.counter('channel', 'c1', 'EventTakeSuccessCount'), 0);
    assert.equal(flow.counter('channel', 'c1', 'ChannelSize'), EVENTS);
    await until('it is shown', () => flow.status('sink', 'k1').state === 'degraded');
    target.mend!();
    await untilTaken(flow);
    await until('the status is right again', () => flow.status('sink', 'k1').state === 'running');
    await flow.stop();
    assert.deepEqual(target.delivered(flow), wanted);
  });
}
