/**
 * A worker killed in each role while events flow: nothing that was acknowledged is
 * lost while the process lives.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Collected, type Flow, netcatSource, runFlow } from '../kit/flow.ts';
import { LineClient } from '../kit/lines.ts';
import { until } from '../kit/until.ts';

function netcatFlow(t: TestContext, collected: Collected): Promise<Flow> {
  return runFlow(
    t,
    `sources = r1
     channels = c1
     sinks = k1
     ${netcatSource()}
     channels.c1.type = memory
     channels.c1.capacity = 100000
     channels.c1.transactionCapacity = 10000
     ${collected.sink('k1', 'c1', 50)}`,
  );
}

/**
 * Sends line after line until told to end; counts which were acknowledged. A broken connection is made anew.
 */
class Sender {
  readonly acknowledged = new Set<string>();
  sent = 0;
  #running = true;
  readonly done: Promise<void>;

  constructor(flow: Flow, prefix: string) {
    this.done = this.#run(flow, prefix);
  }

  async #run(flow: Flow, prefix: string): Promise<void> {
    while (this.#running) {
      const client = new LineClient(await flow.port('r1'));
      const first = this.sent;
      while (this.#running && !client.closed) {
        const lines = Array.from({ length: 20 }, () => `${prefix}${this.sent++}`);
        client.send(lines);
        const answers = await client.untilLines(this.sent - first);
        answers.forEach((line, n) => {
          if (line === 'OK') this.acknowledged.add(`${prefix}${first + n}`);
        });
      }
      client.end();
    }
  }

  stop(): Promise<void> {
    this.#running = false;
    return this.done;
  }
}

for (const [role, key, kind, name] of [
  ['source', 'source r1', 'source', 'r1'],
  ['channel', 'channel c1', 'channel', 'c1'],
  ['sink', 'group k1', 'sink', 'k1'],
] as const) {
  describe(`a ${role}'s worker is killed`, () => {
    test('twice while lines flow: every acknowledged line is delivered, and the reason is shown', async (t) => {
      const collected = new Collected(t);
      const flow = await netcatFlow(t, collected);
      const sender = new Sender(flow, 'l');
      for (let kill = 1; kill <= 2; kill++) {
        const before = sender.acknowledged.size;
        await until('lines flow', () => sender.acknowledged.size > before + 200);
        await flow.agent.killWorkerOf(key);
        await until('the worker is back', () => {
          const { state, restarts } = flow.status(kind, name);
          return restarts === kill && state === 'running';
        });
      }
      const before = sender.acknowledged.size;
      await until('lines flow again', () => sender.acknowledged.size > before + 200);
      await sender.stop();
      const delivered = () => new Set(collected.bodies);
      await until('the channel is empty', () => flow.counter('channel', 'c1', 'ChannelSize') === 0);
      await until('acknowledged lines are delivered', () => {
        const seen = delivered();
        return [...sender.acknowledged].every((line) => seen.has(line));
      });
      const record = await flow.untilLogged(/Worker .* died: .*It is restarted in \d+ ms/);
      assert.equal(record.level, 'error');
      assert.match(record.text, new RegExp(name));
    });
  });
}
