/** Clients of one and of several hosts: which host gets what, and what a caller is told. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BackOff, RoundRobin } from '../../src/base/try-order.ts';
import type { Connection } from '../../src/client/connection.ts';
import { RpcError, type RpcFailure } from '../../src/client/errors.ts';
import { Host } from '../../src/client/host.ts';
import { Failover, LoadBalancing, SingleHost, type Strategy } from '../../src/client/strategies.ts';
import type { FlumeEvent } from '../../src/component/flume-event.ts';

const SLOW = 'slow';

/** A source that keeps what it was sent, and fails as it is told to. */
class FakeSource {
  readonly received: string[] = [];
  /** Calls until one fails; null: none does. */
  failsAfter: number | null = null;
  /** How it fails; a refusal leaves its connection open. */
  failure: RpcFailure = 'connection';
  down = false;
  connections = 0;
  /** When events with the body SLOW are taken. */
  slow: Promise<void> = Promise.resolve();
  /** Connections that were ended with whatever was under way on them. */
  closed = 0;
  readonly host: Host;

  constructor(port: number) {
    this.host = new Host({ host: 'h', port }, async () => this.#connect(port));
  }

  #connect(port: number): Connection {
    if (this.down) throw new RpcError('connect', `${port} is down`);
    this.connections++;
    let isOpen = true;
    return {
      get isOpen() {
        return isOpen;
      },
      isOrdered: true,
      send: async (batch) => {
        if (batch.ranges[0]!.view.bodyText(0) === SLOW) await this.slow;
        if (this.failsAfter !== null && this.failsAfter-- === 0) {
          isOpen = this.failure === 'refused';
          throw new RpcError(this.failure, `${port} broke`);
        }
        batch.forEach((view, i) => {
          this.received.push(view.bodyText(i));
        });
      },
      finish: () => {
        isOpen = false;
      },
      close: () => {
        isOpen = false;
        this.closed++;
      },
    };
  }
}

function sources(count: number): FakeSource[] {
  return Array.from({ length: count }, (_, n) => new FakeSource(n + 1));
}

const hostsOf = (list: readonly FakeSource[]) => list.map(({ host }) => host);
const events = (count: number): FlumeEvent[] => Array.from({ length: count }, (_, n) => ({ body: `e${n}` }));
const bodies = (from: number, to: number) =>
  events(to)
    .slice(from)
    .map(({ body }) => body);

async function failure(strategy: Strategy, count: number, batchSize: number): Promise<RpcError> {
  const error = await strategy.send(events(count), batchSize, false).then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof RpcError, String(error));
  return error;
}

describe('one host', () => {
  test('a long list is sent in calls of the batch size', async () => {
    const [source] = sources(1) as [FakeSource];
    source.failsAfter = 3;
    const strategy = new SingleHost(source.host);
    await strategy.send(events(25), 10, false);
    assert.deepEqual(source.received, bodies(0, 25));
    assert.equal(source.failsAfter, 0, 'three calls were made');
  });

  test('an error says how many events were acknowledged; the next call makes a new connection', async () => {
    const [source] = sources(1) as [FakeSource];
    source.failsAfter = 2;
    const strategy = new SingleHost(source.host);
    await strategy.open();
    assert.equal(strategy.isActive, true);
    const error = await failure(strategy, 25, 10);
    assert.equal(error.failure, 'connection');
    assert.equal(error.delivered, 20);
    assert.equal(strategy.isActive, false);
    source.failsAfter = null;
    await strategy.send(events(1), 10, true);
    assert.equal(source.connections, 2);
  });

  test('calls that overlap share a connection that is being made', async () => {
    const [source] = sources(1) as [FakeSource];
    const strategy = new SingleHost(source.host);
    await Promise.all([1, 2, 3].map(() => strategy.send(events(1), 10, false)));
    assert.equal(source.connections, 1);
  });

  test('a closed one refuses', async () => {
    const [source] = sources(1) as [FakeSource];
    source.host.close();
    assert.equal((await failure(new SingleHost(source.host), 1, 1)).failure, 'closed');
  });

  test('an event that no block holds is refused by name, and nothing is sent', async () => {
    const [source] = sources(1) as [FakeSource];
    const body = Buffer.alloc(64 * 1024 * 1024);
    await assert.rejects(new SingleHost(source.host).send([{ body }], 1, true), { code: 'EVENT_TOO_LARGE' });
    assert.deepEqual(source.received, []);
  });
});

describe('failover', () => {
  test('stays with a host until it fails; the next one gets what is left, once', async () => {
    const [first, second] = sources(2) as [FakeSource, FakeSource];
    const strategy = new Failover(hostsOf([first, second]), 2);
    await strategy.open();
    await strategy.send(events(10), 5, false);
    assert.equal(first.received.length, 10);
    first.failsAfter = 1;
    await strategy.send(events(15), 5, false);
    assert.deepEqual(first.received.slice(10), bodies(0, 5));
    assert.deepEqual(second.received, bodies(5, 15));
    await strategy.send(events(1), 5, true);
    assert.equal(second.received.length, 11, 'it does not go back by itself');
  });

  test('a call that is refused leaves those that are under way on its connection their answers', async () => {
    const [first, second] = sources(2) as [FakeSource, FakeSource];
    const strategy = new Failover(hostsOf([first, second]), 2);
    const answer = Promise.withResolvers<void>();
    first.slow = answer.promise;
    await strategy.open();
    const waiting = strategy.send([{ body: SLOW }], 1, true);
    first.failure = 'refused';
    first.failsAfter = 0;
    await strategy.send(events(1), 1, true);
    assert.deepEqual(second.received, bodies(0, 1));
    assert.equal(first.closed, 0);
    answer.resolve();
    await waiting;
    assert.deepEqual(first.received, [SLOW]);
  });

  test('a host that is closed ends what is under way, also on a connection that it has left', async () => {
    const [first] = sources(1) as [FakeSource];
    first.slow = new Promise(() => {});
    await first.host.open();
    void first.host.send([{ body: SLOW }], 0, 1, true);
    await first.host.open();
    first.host.reset();
    assert.equal(first.closed, 0);
    first.host.close();
    assert.equal(first.closed, 1);
  });

  test('opens with the first host that can be reached', async () => {
    const [first, second] = sources(2) as [FakeSource, FakeSource];
    first.down = true;
    const strategy = new Failover(hostsOf([first, second]), 2);
    await strategy.open();
    assert.equal(second.connections, 1);
    assert.equal(strategy.isActive, true);
  });

  test('all down: as many attempts as asked for, and the last reason', async () => {
    const list = sources(2);
    for (const source of list) source.down = true;
    const error = await failure(new Failover(hostsOf(list), 3), 1, 1);
    assert.equal(error.failure, 'hosts');
    assert.match(error.message, /^Failed to send the events in 3 attempts: 1 is down$/);
  });
});

describe('load balancing', () => {
  test('takes turns, and passes over a host that fails', async () => {
    const list = sources(3);
    const strategy = new LoadBalancing(hostsOf(list), new RoundRobin(), new BackOff(false, 0));
    for (let n = 0; n < 6; n++) await strategy.send(events(1), 1, false);
    assert.deepEqual(
      list.map(({ received }) => received.length),
      [2, 2, 2],
    );
    list[0]!.down = true;
    list[0]!.host.reset();
    for (let n = 0; n < 3; n++) await strategy.send(events(1), 1, false);
    assert.deepEqual(
      list.map(({ received }) => received.length),
      [2, 4, 3],
    );
  });

  test('with back-off a failed host is left alone', async () => {
    const list = sources(2);
    list[0]!.down = true;
    let asked = 0;
    const order = new RoundRobin();
    const strategy = new LoadBalancing(
      hostsOf(list),
      {
        order: (names) => {
          asked = names.length;
          return order.order(names);
        },
      },
      new BackOff(true, 30_000),
    );
    await strategy.send(events(1), 1, false);
    assert.equal(asked, 2);
    await strategy.send(events(1), 1, false);
    assert.equal(asked, 1);
    assert.equal(list[1]!.received.length, 2);
  });

  test('with back-off, all of them left alone: an error that says so', async () => {
    const list = sources(2);
    for (const source of list) source.down = true;
    const strategy = new LoadBalancing(hostsOf(list), new RoundRobin(), new BackOff(true, 30_000));
    assert.match((await failure(strategy, 1, 1)).message, /: 2 is down$/);
    assert.match((await failure(strategy, 1, 1)).message, /left alone for a while \(backoff\)$/);
  });

  test('none takes the events: one error with the last reason', async () => {
    const list = sources(2);
    for (const source of list) source.down = true;
    const strategy = new LoadBalancing(hostsOf(list), new RoundRobin(), new BackOff(false, 0));
    const error = await failure(strategy, 1, 1);
    assert.equal(error.failure, 'hosts');
    assert.match(error.message, /^Tried all available hosts .*: 2 is down$/);
  });
});
