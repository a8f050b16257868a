/** Every topology that the guide shows, as processes: numbered lines in, counted at the end. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Feeder, numbered, Topology } from './topology.ts';

const COUNT = 5000;

async function started(t: TestContext, name: string): Promise<{ topology: Topology; feeder: Feeder }> {
  const topology = await Topology.of(t, name);
  await topology.startAll();
  return { topology, feeder: new Feeder(topology.port(44444)) };
}

const sorted = (lines: readonly string[]) => [...lines].sort();

describe('topologies', () => {
  test('serial: all lines, once, in order', async (t) => {
    const { topology, feeder } = await started(t, 'serial');
    const lines = numbered('INFO', 0, COUNT);
    await feeder.send(lines);
    await topology.untilDelivered(lines);
    assert.deepEqual(topology.delivered(), lines);
  });

  test('fan-out: all lines to both receivers', async (t) => {
    const { topology, feeder } = await started(t, 'fan-out');
    const lines = numbered('INFO', 0, COUNT);
    await feeder.send(lines);
    for (const out of ['topology/out2', 'topology/out3']) {
      await topology.untilDelivered(lines, out);
      assert.deepEqual(topology.delivered(out), lines);
    }
  });

  test('multiplexing: each line to its receiver', async (t) => {
    const { topology, feeder } = await started(t, 'multiplexing');
    const errors = numbered('ERROR', 0, COUNT / 2);
    const others = numbered('INFO', 0, COUNT / 2);
    await feeder.send(errors.flatMap((line, n) => [line, others[n]!]));
    await topology.untilDelivered(errors, 'topology/out2');
    await topology.untilDelivered(others, 'topology/out3');
    assert.deepEqual(topology.delivered('topology/out2'), errors);
    assert.deepEqual(topology.delivered('topology/out3'), others);
  });

  test('load-balance: all lines, once, some to each receiver', async (t) => {
    const { topology, feeder } = await started(t, 'load-balance');
    const lines = numbered('INFO', 0, COUNT);
    await feeder.send(lines);
    await topology.untilDelivered(lines);
    assert.deepEqual(sorted(topology.delivered()), sorted(lines));
    for (const out of ['topology/out2', 'topology/out3']) assert.ok(topology.delivered(out).length > 0, out);
  });

  test('failover: the spare takes over when the active one is killed, and again after it came back', async (t) => {
    const { topology, feeder } = await started(t, 'failover');
    const all: string[] = [];
    const send = async (count: number) => {
      const lines = numbered('INFO', all.length, all.length + count);
      all.push(...lines);
      await feeder.send(lines);
      return lines;
    };
    await topology.untilDelivered(await send(500), 'topology/out2');
    assert.deepEqual(topology.delivered('topology/out3'), []);
    for (let round = 0; round < 2; round++) {
      await topology.kill('a2');
      await topology.untilDelivered(await send(500), 'topology/out3');
      await topology.start('a2');
      // The one with the higher priority is taken again once its penalty is over.
      for (let tries = 0; ; tries++) {
        const [line] = await send(1);
        await topology.untilDelivered([line!]);
        if (topology.delivered('topology/out2').includes(line!)) break;
        assert.ok(tries < 300, 'a2 is not used again');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    await topology.untilDelivered(all);
  });

  test('aggregation: lines of all three arrive, in the order of each', async (t) => {
    const { topology } = await started(t, 'aggregation');
    const lines = ['a', 'b', 'c'].map((prefix) => numbered(prefix, 0, COUNT / 5));
    await Promise.all(
      [44444, 44445, 44446].map((port, n) => new Feeder(topology.port(port)).send(lines[n]!)),
    );
    await topology.untilDelivered(lines.flat());
    const delivered = topology.delivered();
    assert.equal(delivered.length, lines.flat().length);
    for (const part of lines) {
      const [prefix] = part[0]!.split(' ');
      assert.deepEqual(
        delivered.filter((line) => line.startsWith(`${prefix} `)),
        part,
      );
    }
  });

  test('diamond: all lines, while one way is killed', async (t) => {
    const { topology, feeder } = await started(t, 'diamond');
    const lines = numbered('INFO', 0, COUNT);
    await feeder.send(lines.slice(0, COUNT / 2));
    await topology.kill('a3');
    await feeder.send(lines.slice(COUNT / 2));
    await topology.start('a3');
    await topology.untilDelivered(lines);
  });
});
