/** Puts, channels and takes joined over real lanes, under a scheduler that may do anything. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SEGMENT_BYTES } from '../../src/base/limits.ts';
import type { AdmissionLimits } from '../../src/transaction/admission.ts';
import { AgentModel, type AgentShape } from './agent-model.ts';

type Step =
  | {
      readonly op: 'put';
      readonly unit: number;
      readonly mode: 'batch' | 'each';
      readonly lengths: readonly number[];
      /** Makes the block start a new segment, mostly: segments come round often. */
      readonly fresh: boolean;
      readonly flush: boolean;
    }
  | {
      readonly op:
        | 'pumpSource'
        | 'pumpChannel'
        | 'stepSink'
        | 'begin'
        | 'commit'
        | 'rollback'
        | 'deliver'
        | 'trim'
        | 'tidyChannel'
        | 'tidySink'
        | 'killSource'
        | 'killChannel'
        | 'closeChannel'
        | 'killSink';
      readonly unit: number;
    }
  | { readonly op: 'settleTake'; readonly unit: number; readonly mask: number }
  | { readonly op: 'deliverHeld'; readonly unit: number; readonly pick: number }
  | { readonly op: 'fuse'; readonly unit: number; readonly left: number }
  | { readonly op: 'time'; readonly ms: number }
  | { readonly op: 'settle' | 'revive' };

const unit = fc.nat(11);
const length = fc.oneof(fc.integer({ min: 14, max: 99 }), fc.integer({ min: 100, max: 450 }));
const put = fc.record({
  op: fc.constant('put' as const),
  unit,
  mode: fc.constantFrom('batch', 'each'),
  lengths: fc.array(length, { minLength: 1, maxLength: 10 }),
  fresh: fc.boolean(),
  flush: fc.boolean(),
});

function some<Op extends string>(weight: number, ...ops: Op[]) {
  return { weight, arbitrary: fc.record({ op: fc.constantFrom(...ops), unit }) };
}

const work = [
  { weight: 10, arbitrary: put },
  some(16, 'pumpSource', 'pumpChannel', 'pumpChannel', 'stepSink'),
  some(16, 'begin', 'commit', 'deliver', 'deliver'),
  some(4, 'rollback'),
  some(4, 'trim', 'tidyChannel', 'tidySink'),
  {
    weight: 6,
    arbitrary: fc.record({ op: fc.constant('settleTake' as const), unit, mask: fc.nat(0xfff) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('deliverHeld' as const), unit, pick: fc.nat(9) }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('time' as const), ms: fc.nat(80) }) },
  { weight: 3, arbitrary: fc.constant({ op: 'settle' as const }) },
];
/** Where they stand in `work`: they change the order. */
const ROLLBACK = 3;
const SETTLE = 5;
const deaths = [
  some(2, 'killSource', 'killChannel', 'closeChannel', 'killSink'),
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('fuse' as const), unit, left: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 5, arbitrary: fc.constant({ op: 'revive' as const }) },
];

const limits: fc.Arbitrary<AdmissionLimits> = fc.record({
  eventsMax: fc.integer({ min: 1, max: 60 }),
  slotsMax: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 5, max: 80 })),
  transactionEventsMax: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 1, max: 15 })),
  keepAliveMs: fc.constantFrom(0, 50, 100, Number.POSITIVE_INFINITY),
});

const sink = fc.record({
  channel: fc.nat(1),
  eventsMax: fc.integer({ min: 1, max: 20 }),
  prefetch: fc.constantFrom(0, 1, 4),
});
const small = fc.record({
  sources: fc.constant(1),
  channels: fc.array(limits, { minLength: 1, maxLength: 1 }),
  sinks: fc.array(sink, { minLength: 1, maxLength: 2 }),
});
const large = fc.record({
  sources: fc.integer({ min: 1, max: 2 }),
  channels: fc.array(limits, { minLength: 1, maxLength: 2 }),
  sinks: fc.array(sink, { minLength: 2, maxLength: 4 }),
});

/** Every channel has a sink: the first ones take from the first channels. */
const shape: fc.Arbitrary<AgentShape> = fc
  .oneof({ weight: 3, arbitrary: small }, { weight: 1, arbitrary: large })
  .map(({ sources, channels, sinks }) => ({
    sources,
    channels,
    sinks: sinks.map((one, i) => ({
      ...one,
      channel: i < channels.length ? i : one.channel % channels.length,
    })),
  }));

function list(...of: fc.WeightedArbitrary<Step>[]): fc.Arbitrary<Step[]> {
  return fc.array(fc.oneof(...of), { maxLength: 150, size: 'max' });
}

function run(agent: AgentModel, next: Step): void {
  switch (next.op) {
    case 'put':
      return putInto(agent, next);
    case 'time':
      agent.nowMs += next.ms;
      return;
    case 'settle':
      if (agent.channels.every(({ fuse }) => fuse === Number.POSITIVE_INFINITY)) agent.settle();
      return;
    case 'revive':
      return agent.revive();
    case 'fuse':
      agent.channels[next.unit % agent.channels.length]!.fuse = next.left;
      return;
    case 'settleTake': {
      const sink = agent.sinks[next.unit % agent.sinks.length]!;
      if (sink.alive) sink.settle(next.mask);
      return;
    }
    case 'deliverHeld': {
      const sink = agent.sinks[next.unit % agent.sinks.length]!;
      if (sink.alive) sink.deliverHeld(next.pick);
      return;
    }
    case 'pumpSource':
    case 'trim':
    case 'killSource':
      return runSource(agent, next.op, next.unit % agent.sources.length);
    case 'pumpChannel':
    case 'tidyChannel':
    case 'killChannel':
    case 'closeChannel':
      return runChannel(agent, next.op, next.unit % agent.channels.length);
    default:
      return runSink(agent, next.op, next.unit % agent.sinks.length);
  }
}

function putInto(
  agent: AgentModel,
  { unit, mode, lengths, fresh, flush }: Extract<Step, { op: 'put' }>,
): void {
  const source = agent.sources[unit % agent.sources.length]!;
  if (source.alive) source.put(mode, lengths, fresh ? SEGMENT_BYTES - 20_000 : 0, flush);
}

function runSource(agent: AgentModel, op: 'pumpSource' | 'trim' | 'killSource', index: number): void {
  const source = agent.sources[index]!;
  if (op === 'killSource') agent.killSource(index);
  else if (!source.alive) return;
  else if (op === 'trim') source.trim();
  else source.pump();
}

function runChannel(
  agent: AgentModel,
  op: 'pumpChannel' | 'tidyChannel' | 'killChannel' | 'closeChannel',
  index: number,
): void {
  if (op === 'pumpChannel') agent.pumpChannel(index);
  else if (op === 'tidyChannel') agent.channels[index]!.tidy();
  else if (op === 'killChannel') agent.killChannel(index);
  else agent.closeChannel(index);
}

type SinkOp = 'stepSink' | 'begin' | 'commit' | 'rollback' | 'deliver' | 'tidySink' | 'killSink';

function runSink(agent: AgentModel, op: SinkOp, index: number): void {
  const sink = agent.sinks[index]!;
  if (op === 'killSink') return agent.killSink(index);
  if (!sink.alive) return;
  if (op === 'stepSink') sink.step();
  else if (op === 'tidySink') sink.client.tidy();
  else if (op === 'deliver') sink.pump();
  else sink[op]();
}

function check(lists: fc.Arbitrary<Step[]>, numRuns: number, after: (agent: AgentModel) => void): void {
  fc.assert(
    fc.property(shape, lists, (some, steps) => {
      const agent = new AgentModel(some);
      try {
        for (const next of steps) run(agent, next);
        agent.finish();
        after(agent);
      } finally {
        agent.end();
      }
    }),
    { numRuns },
  );
}

describe('a flow over lanes', () => {
  test('delivers every accepted event, whatever dies whenever', () => {
    check(list(...work, ...deaths), 200, () => {});
  });

  test('delivers every accepted event once, and memory is given back, when nothing dies', () => {
    check(list(...work), 100, (agent) => {
      agent.channels.forEach((channel, i) => {
        const { accepted } = channel.modelled;
        const delivered = agent.delivered[i]!;
        assert.equal(delivered.length, new Set(delivered).size, 'nothing is delivered twice');
        assert.equal(delivered.length, accepted.length);
        assert.equal(channel.counters.get('EventPutSuccessCount'), accepted.length);
        assert.equal(channel.counters.get('EventTakeSuccessCount'), accepted.length);
      });
    });
  });

  test('keeps the order of a source to a sink that takes alone and never rolls back', () => {
    const alone = shape.map(({ sources, channels, sinks }) => ({
      sources,
      channels: channels.slice(0, 1),
      sinks: [{ ...sinks[0]!, channel: 0 }],
    }));
    const calm = list(...work.filter((_, i) => i !== ROLLBACK && i !== SETTLE));
    fc.assert(
      fc.property(alone, calm, (some, steps) => {
        const agent = new AgentModel(some);
        try {
          for (const next of steps) run(agent, next);
          agent.finish();
          assert.deepEqual(agent.delivered[0], agent.channels[0]!.modelled.accepted);
        } finally {
          agent.end();
        }
      }),
      { numRuns: 60 },
    );
  });
});
