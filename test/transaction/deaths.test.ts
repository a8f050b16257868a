/** Named cases of flow.test.ts: each was wrong once, or is too rare for a random list of steps. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SEGMENT_BYTES, WAIT_MS_MAX } from '../../src/base/limits.ts';
import type { AdmissionLimits } from '../../src/transaction/admission.ts';
import { TakeClient } from '../../src/transaction/take-client.ts';
import { AgentModel } from './agent-model.ts';
import type { SinkShape } from './agent-units.ts';

const roomy: AdmissionLimits = {
  eventsMax: 1000,
  slotsMax: Number.POSITIVE_INFINITY,
  transactionEventsMax: 1000,
  keepAliveMs: 100,
};

/** One source, one channel, one sink, by default one that has four takes handed over ahead. */
function withAgent(
  limits: Partial<AdmissionLimits>,
  run: (agent: AgentModel) => void,
  sink: Partial<SinkShape> = {},
): void {
  const agent = new AgentModel({
    sources: 1,
    channels: [{ ...roomy, ...limits }],
    sinks: [{ channel: 0, eventsMax: 10, prefetch: 4, ...sink }],
  });
  try {
    run(agent);
    agent.finish();
  } finally {
    agent.end();
  }
}

function put(agent: AgentModel, count: number): void {
  agent.sources[0]!.put('batch', Array(count).fill(50), 0, true);
}

/** The sink has begun to deliver what was put. */
function beginDelivery(agent: AgentModel, count: number): void {
  agent.settle();
  put(agent, count);
  agent.pumpChannel(0);
  agent.sinks[0]!.step();
  assert.ok(agent.sinks[0]!.begin());
}

describe('a death', () => {
  test('of a sink does not undo a commit that it sent', () => {
    withAgent({}, (agent) => {
      beginDelivery(agent, 3);
      agent.sinks[0]!.commit();
      agent.killSink(0);
      agent.revive();
      agent.settle();
      assert.deepEqual(agent.delivered[0], ['0:0', '0:1', '0:2']);
    });
  });

  test('of a sink before its commit lets another one have the same events', () => {
    withAgent({}, (agent) => {
      beginDelivery(agent, 3);
      agent.killSink(0);
      agent.revive();
      agent.settle();
      assert.deepEqual(agent.delivered[0], ['0:0', '0:1', '0:2']);
    });
  });

  test('of a channel is no error to a delivery that ends when there is a new one', () => {
    withAgent({}, (agent) => {
      beginDelivery(agent, 2);
      agent.killChannel(0);
      agent.revive();
      assert.ok(agent.sinks[0]!.commit());
      agent.settle();
      assert.deepEqual(agent.delivered[0], ['0:0', '0:1', '0:0', '0:1'], 'handed out again');
    });
  });

  test('of a channel is no error to a delivery that fails when there is a new one', () => {
    withAgent({}, (agent) => {
      beginDelivery(agent, 2);
      agent.killChannel(0);
      agent.revive();
      agent.sinks[0]!.rollback();
      agent.settle();
      assert.deepEqual(agent.delivered[0], ['0:0', '0:1']);
    });
  });

  test('of a channel does not make its successor forget memory that a source goes on writing to', () => {
    withAgent({}, (agent) => {
      put(agent, 1);
      agent.settle();
      agent.killChannel(0);
      agent.revive();
      put(agent, 1);
      agent.settle();
      agent.channels[0]!.tidy();
      put(agent, 1);
      agent.settle();
      assert.deepEqual(agent.delivered[0], ['0:0', '0:1', '0:2']);
    });
  });

  test('of a channel leaves the answers that it sent', () => {
    withAgent({}, (agent) => {
      put(agent, 1);
      agent.pumpChannel(0);
      agent.killChannel(0);
      agent.sources[0]!.pump();
      assert.deepEqual(agent.sources[0]!.puts[0]![0]!.answer, { accepted: 1, status: 'ok' });
    });
  });
});

describe('a take that is settled in part', () => {
  const third = 0b100;

  /** The sink has committed 0 and 1 of three events and holds the last one. */
  const holding = (agent: AgentModel): void => {
    beginDelivery(agent, 3);
    agent.sinks[0]!.settle(third);
    agent.pumpChannel(0);
    assert.equal(agent.channels[0]!.modelled.size(), 1, 'the rest is committed');
  };

  test('lets other takes go on, and is done when its part is', () => {
    withAgent({}, (agent) => {
      holding(agent);
      put(agent, 2);
      agent.pumpChannel(0);
      const [sink] = agent.sinks;
      sink!.step();
      assert.ok(sink!.begin());
      sink!.commit();
      sink!.client.flush();
      agent.pumpChannel(0);
      assert.equal(agent.channels[0]!.modelled.size(), 1);
      sink!.deliverHeld(0);
      agent.pumpChannel(0);
      assert.equal(agent.channels[0]!.modelled.size(), 0);
      assert.deepEqual(agent.delivered[0], ['0:0', '0:1', '0:3', '0:4', '0:2']);
    });
  });

  test('keeps its part when a later take is rolled back', () => {
    withAgent({}, (agent) => {
      holding(agent);
      put(agent, 1);
      agent.pumpChannel(0);
      const [sink] = agent.sinks;
      sink!.step();
      sink!.begin();
      sink!.rollback();
      agent.settle();
      assert.deepEqual(agent.delivered[0], ['0:0', '0:1', '0:2', '0:3'], 'each is delivered once');
      assert.equal(sink!.client.heldEvents, 0);
      assert.equal(sink!.client.heldBytes, 0);
    });
  });

  test('has its part handed out again, before anything later, when its sink dies', () => {
    withAgent({}, (agent) => {
      holding(agent);
      put(agent, 2);
      agent.killSink(0);
      agent.revive();
      agent.settle();
      assert.deepEqual(agent.delivered[0], ['0:0', '0:1', '0:2', '0:3', '0:4']);
    });
  });

  test('has its part handed out again, and not delivered by who held it, when its channel dies', () => {
    withAgent({}, (agent) => {
      holding(agent);
      agent.killChannel(0);
      agent.revive();
      agent.settle();
      assert.deepEqual(agent.delivered[0], ['0:0', '0:1', '0:2']);
    });
  });

  test('keeps no memory for its part but that of the copy', () => {
    withAgent({}, (agent) => {
      agent.settle();
      const [sink] = agent.sinks;
      for (let n = 1; n <= 6; n++) {
        agent.sources[0]!.put('batch', Array(10).fill(400), SEGMENT_BYTES - 20_000, true);
        agent.pumpChannel(0);
        sink!.step();
        assert.ok(sink!.begin());
        sink!.settle(third);
        sink!.client.flush();
        agent.pumpChannel(0);
        assert.equal(sink!.client.heldEvents, n);
      }
      assert.equal(sink!.client.heldBytes, SEGMENT_BYTES);
      agent.sources[0]!.assertReleased();
    });
  });

  test('is held whole when it is torn to more pieces than its ring has room for', () => {
    withAgent(
      {},
      (agent) => {
        beginDelivery(agent, 600);
        const [sink] = agent.sinks;
        sink!.settle(0b010101010101);
        agent.pumpChannel(0);
        assert.equal(agent.channels[0]!.modelled.size(), 600);
        assert.equal(sink!.client.heldEvents, 600);
        sink!.deliverHeld(0);
        agent.pumpChannel(0);
        assert.equal(agent.channels[0]!.modelled.size(), 0);
      },
      { eventsMax: 600 },
    );
  });
});

describe('a channel that stops', () => {
  test('answers puts that wait, and their source hears of it though the lane has ended', () => {
    withAgent({ eventsMax: 2 }, (agent) => {
      put(agent, 2);
      put(agent, 2);
      agent.pumpChannel(0);
      agent.closeChannel(0);
      agent.sources[0]!.pump();
      const answers = agent.sources[0]!.puts[0]!.map(({ answer }) => answer);
      assert.deepEqual(answers, [
        { accepted: 2, status: 'ok' },
        { accepted: 0, status: 'closed' },
      ]);
    });
  });

  test('counts commits that it has not read yet', () => {
    withAgent({}, (agent) => {
      beginDelivery(agent, 3);
      agent.sinks[0]!.commit();
      agent.closeChannel(0);
      agent.revive();
      agent.settle();
      assert.equal(agent.delivered[0]!.length, 3);
    });
  });
});

describe('a channel', () => {
  test('wants to be woken by commits while a put waits for the room that they make, and else not', () => {
    withAgent({ eventsMax: 4, keepAliveMs: Number.POSITIVE_INFINITY }, (agent) => {
      const [sink, channel] = [agent.sinks[0]!, agent.channels[0]!];
      const commit = () => {
        const before = channel.bell.seen();
        sink.commit();
        sink.client.flush();
        return channel.bell.seen() - before;
      };
      beginDelivery(agent, 4);
      assert.equal(commit(), 0);
      agent.settle();
      beginDelivery(agent, 4);
      put(agent, 2);
      while (agent.pumpChannel(0));
      assert.equal(commit(), 1);
    });
  });

  test('looks by itself for commits that rang no bell, soon and then less often; and for nothing else', () => {
    withAgent({}, (agent) => {
      const [sink, channel] = [agent.sinks[0]!, agent.channels[0]!];
      agent.settle();
      assert.equal(channel.nextMs(agent.nowMs), Number.POSITIVE_INFINITY, 'nothing was taken');
      beginDelivery(agent, 4);
      while (agent.pumpChannel(0));
      assert.ok(channel.nextMs(agent.nowMs) <= 100, `${channel.nextMs(agent.nowMs)} ms`);
      for (let n = 0; n < 2; n++) {
        put(agent, 1);
        while (agent.pumpChannel(0));
      }
      assert.ok(
        channel.nextMs(agent.nowMs) <= 20,
        `puts that follow closely: ${channel.nextMs(agent.nowMs)} ms`,
      );
      for (let n = 0; n < 10; n++) agent.pumpChannel(0);
      assert.equal(channel.nextMs(agent.nowMs), WAIT_MS_MAX, 'a delivery that takes its time costs little');
      sink.commit();
      agent.settle();
      while (agent.pumpChannel(0));
      assert.equal(channel.nextMs(agent.nowMs), Number.POSITIVE_INFINITY, 'all is committed');
    });
  });

  test('is put to no more often than its answers have room', () => {
    withAgent({}, (agent) => {
      const source = agent.sources[0]!;
      for (let n = 0; n < 40; n++) {
        put(agent, 1);
        agent.pumpChannel(0);
      }
      agent.settle();
      const statuses = source.puts[0]!.map(({ answer }) => answer?.status);
      assert.deepEqual(statuses.slice(0, 32), Array(32).fill('ok'));
      assert.deepEqual(statuses.slice(32), Array(8).fill('closed'));
    });
  });

  test('hands no sink more takes than its ring has room for', () => {
    assert.throws(() => new TakeClient(10, 9), /room/);
    assert.throws(() => new TakeClient(10, 0), /room/);
  });
});
