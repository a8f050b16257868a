/**
 * What every source owes: each event that it was given is acknowledged or refused, or read again; nothing
 * that it acknowledged is missing behind its channel; nothing is put twice while nothing died; it stops in
 * time, whatever its channel does.
 *
 * Sources whose senders get an answer are asked for it event by event (`answers`); those that make or re-read
 * their events must deliver all of them once the channel lets them.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Collected, type Flow, type Mood, MoodyChannel, runFlow } from '../kit/flow.ts';
import { until } from '../kit/until.ts';

export interface Answer {
  readonly body: string;
  readonly accepted: boolean;
}

export interface SourceSubject {
  readonly name: string;
  /** Lines of flume.conf for source r1, without its channels. `bodies` are what it should read. */
  conf(bodies: readonly string[]): string;
  /**
   * Sends the bodies and resolves with the answers, in any order. Absent: the source has them from `conf`.
   */
  send?(flow: Flow, bodies: readonly string[]): Promise<readonly Answer[]>;
  /** How often one body may come out although nothing died: Infinity for senders that cannot know. */
  readonly repeats?: number;
  /** Events that are refused are lost, and the sender cannot know (UDP). */
  readonly forgets?: boolean;
}

const EVENTS = 200;

function bodiesOf(prefix: string, count = EVENTS): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
}

interface Rig {
  readonly flow: Flow;
  readonly collected: Collected;
  readonly moody: MoodyChannel;
}

async function rig(t: TestContext, subject: SourceSubject, bodies: string[], mood: Mood): Promise<Rig> {
  const collected = new Collected(t);
  const moody = new MoodyChannel(t);
  const flow = await runFlow(
    t,
    `sources = r1
     channels = c1
     sinks = k1
     ${subject.conf(bodies)}
     sources.r1.channels = c1
     ${moody.channel('c1', mood)}
     ${collected.sink('k1', 'c1')}`,
  );
  return { flow, collected, moody };
}

function assertEach(collected: readonly string[], wanted: readonly string[], timesMax = 1): void {
  const counts = new Map<string, number>();
  for (const body of collected) counts.set(body, (counts.get(body) ?? 0) + 1);
  for (const body of wanted) {
    const times = counts.get(body) ?? 0;
    assert.ok(times >= 1, `${body} was acknowledged and is missing`);
    assert.ok(times <= timesMax, `${body} came out ${times} times`);
  }
}

export function sourceContract(subject: SourceSubject): void {
  describe(`source contract: ${subject.name}`, () => {
    test('a channel that accepts gets every event once, in order', async (t) => {
      const bodies = bodiesOf('accept');
      const { flow, collected } = await rig(t, subject, bodies, 'accept');
      const answers = await subject.send?.(flow, bodies);
      await collected.untilCount(EVENTS);
      assert.deepEqual(collected.bodies, bodies);
      for (const { body, accepted } of answers ?? []) assert.ok(accepted, `${body} was refused`);
    });

    if (subject.send === undefined) rereading(subject);
    else if (subject.forgets !== true) answering(subject);

    test('a channel whose worker dies loses nothing that was acknowledged', async (t) => {
      const bodies = bodiesOf('death', 400);
      const { flow, collected } = await rig(t, subject, bodies, 'accept');
      const half = subject.send?.(flow, bodies.slice(0, 200)).then((answers) => answers);
      await until('something arrives', () => collected.events.length > 0);
      await flow.agent.killWorkerOf('channel c1');
      await until('the channel is back', () => {
        const { state, restarts } = flow.status('channel', 'c1');
        return restarts === 1 && state === 'running';
      });
      if (subject.send === undefined) {
        await until('all events', () => new Set(collected.bodies).size >= bodies.length);
        return;
      }
      const answers = [...(await half!), ...(await subject.send(flow, bodies.slice(200)))];
      const acknowledged = answers.filter((answer) => answer.accepted).map((answer) => answer.body);
      if (subject.forgets === true) return;
      assert.ok(acknowledged.length >= 200, `${acknowledged.length} of 400 were acknowledged`);
      const missing = () => acknowledged.filter((body) => !collected.bodies.includes(body));
      await until('what was acknowledged', () => missing().length === 0);
    });

    test('it stops in time while its channel answers nothing', async (t) => {
      const bodies = bodiesOf('stall');
      const { flow, moody } = await rig(t, subject, bodies, 'stall');
      const sent = subject.send?.(flow, bodies).catch(() => []);
      await until('puts that wait', () => moody.held > 0);
      const began = Date.now();
      await flow.stop(1000);
      assert.ok(Date.now() - began < 12_000, `stopped after ${Date.now() - began} ms`);
      await sent;
    });
  });
}

/** Sources that answer their senders. */
function answering(subject: SourceSubject): void {
  const send = subject.send!;

  test('a channel that refuses: every sender is told, nothing is put, and it goes on afterwards', async (t) => {
    const { flow, collected, moody } = await rig(t, subject, bodiesOf('unused'), 'refuse');
    const answers = await send(flow, bodiesOf('refused'));
    assert.equal(answers.length, EVENTS);
    for (const { body, accepted } of answers) assert.ok(!accepted, `${body} was acknowledged`);
    await moody.set('accept');
    const bodies = bodiesOf('after');
    for (const { body, accepted } of await send(flow, bodies)) assert.ok(accepted, `${body} was refused`);
    await collected.untilCount(EVENTS);
    assert.deepEqual(collected.bodies, bodies);
  });

  test('a channel that refuses some: what is acknowledged came out once, what is refused did not', async (t) => {
    const { flow, collected } = await rig(t, subject, bodiesOf('unused'), 'alternate');
    const answers: Answer[] = [];
    for (let part = 0; part < 10; part++) answers.push(...(await send(flow, bodiesOf(`part${part}`, 20))));
    const accepted = answers.filter((answer) => answer.accepted).map((answer) => answer.body);
    const refused = answers.filter((answer) => !answer.accepted).map((answer) => answer.body);
    assert.ok(accepted.length > 0 && refused.length > 0, 'both happened');
    await collected.untilCount(accepted.length);
    assertEach(collected.bodies, accepted, subject.repeats);
    for (const body of refused) assert.ok(!collected.bodies.includes(body), `${body} was refused and put`);
  });

  test('a channel that stalls: no sender is told anything before it answers', async (t) => {
    const { flow, collected, moody } = await rig(t, subject, bodiesOf('unused'), 'stall');
    const bodies = bodiesOf('held');
    let answered = false;
    const sent = send(flow, bodies).finally(() => {
      answered = true;
    });
    await until('puts that wait', () => moody.held > 0);
    assert.equal(answered, false);
    assert.equal(collected.events.length, 0);
    await moody.set('accept');
    for (const { body, accepted } of await sent) assert.ok(accepted, `${body} was refused`);
    await collected.untilCount(EVENTS);
    assertEach(collected.bodies, bodies, subject.repeats);
  });
}

/** Sources that make their events or read them again. */
function rereading(subject: SourceSubject): void {
  for (const mood of ['refuse', 'alternate', 'stall'] as const) {
    test(`a channel in the mood ${mood}: all events are there once it accepts`, async (t) => {
      const bodies = bodiesOf(mood);
      const { flow, collected, moody } = await rig(t, subject, bodies, mood);
      await until('a put was tried', () =>
        mood === 'stall' ? moody.held > 0 : flow.counter('channel', 'c1', 'EventPutAttemptCount') > 0,
      );
      await moody.set('accept');
      await until('all events', () => new Set(collected.bodies).size >= bodies.length);
      assertEach(collected.bodies, bodies, subject.repeats);
    });
  }
}
