/** Numbers of events on their way from a channel to its sinks. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLastRange, numberOf, rangeFlags } from '../../src/transaction/messages.ts';
import { Collected, kitPlugin, runFlow } from '../kit/flow.ts';
import { temporaryDirectory } from '../kit/temporary.ts';
import { until } from '../kit/until.ts';

test('a number fits into two words beside the mark of the last range', () => {
  const number = fc.option(fc.maxSafeNat());
  fc.assert(
    fc.property(number, fc.boolean(), (given, isLast) => {
      const words = new Uint32Array([given ?? 0, rangeFlags(given, isLast)]);
      assert.equal(numberOf(words[0]!, words[1]!), given);
      assert.equal(isLastRange(words[1]!), isLast);
    }),
  );
});

const EVENTS = 3000;

function conf(channel: string, sink: string, prefix = ''): string {
  return `
    sources = r1
    channels = c1
    sinks = k1
    sources.r1.type = ${kitPlugin('counter-source')}
    sources.r1.events = ${EVENTS}
    sources.r1.prefix = ${prefix}
    sources.r1.batchSize = 30
    sources.r1.channels = c1
    ${channel}
    ${sink}`;
}

test('a file channel numbers its events in their order, those that come again as before, over restarts', async (t) => {
  const directory = temporaryDirectory();
  const channel = `
    channels.c1.type = file
    channels.c1.checkpointDir = ${join(directory, 'checkpoint')}
    channels.c1.dataDirs = ${join(directory, 'data1')}, ${join(directory, 'data2')}
    channels.c1.minimumRequiredSpace = 1MiB`;
  const collected = new Collected(t);
  for (const [life, prefix] of ['a', 'b'].entries()) {
    // Takes cut blocks in two; the first ones are given back once.
    const sink = `${collected.sink('k1', 'c1', 47)}\nsinks.k1.failures = ${life}`;
    const flow = await runFlow(t, conf(channel, sink, prefix));
    const wanted = EVENTS * (life + 1);
    await until('all are delivered', () => collected.events.length === wanted, 20_000);
    await flow.stop();
  }
  const bodies = ['a', 'b'].flatMap((prefix) => Array.from({ length: EVENTS }, (_, n) => `${prefix}${n}`));
  const expected = bodies.map((body, n) => [body, n]);
  assert.deepEqual(
    collected.events.map(({ body, number }) => [body, number]),
    expected,
  );
});

test('a memory channel gives no numbers', async (t) => {
  const collected = new Collected(t);
  await runFlow(t, conf('channels.c1.type = memory', collected.sink('k1', 'c1')));
  await collected.untilCount(EVENTS);
  assert.ok(collected.events.every(({ number }) => number === null));
});
