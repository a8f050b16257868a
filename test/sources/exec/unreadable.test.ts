/** Output of a command that cannot be read any more: as if the command had ended. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SOURCE_COUNTERS } from '../../../src/component/counters.ts';
import type { Source, SourceContext } from '../../../src/component/source.ts';
import { BatchBuilder } from '../../../src/memory/block/builder.ts';
import { allocateCounters, CounterSlots } from '../../../src/memory/counters/counters.ts';
import { BlockStore } from '../../../src/memory/store/store.ts';
import exec from '../../../src/sources/exec/index.ts';
import { createPart, RecordedLog } from '../../kit/part.ts';
import { until } from '../../kit/until.ts';

test('the command is ended, the reason is told, and with restart it is run again', async (t) => {
  const builder = new BatchBuilder(new BlockStore(1));
  const log = new RecordedLog();
  const counters = new CounterSlots(SOURCE_COUNTERS, allocateCounters(SOURCE_COUNTERS));
  const reasons: (string | null)[] = [];
  const bodies: string[] = [];
  let failures = 0;
  const source: Source = await createPart(
    exec,
    {
      command: 'printf "one\\ntwo\\n"; exec sleep 100',
      shell: '/bin/sh -c',
      restart: 'true',
      restartThrottle: '1',
    },
    {
      log,
      counters,
      openBatch: (hint) => {
        if (failures++ === 0) throw new Error('no memory is left');
        builder.begin(hint);
        return builder;
      },
      put: async (batch) => {
        for (let n = 0; n < batch.count; n++) bodies.push(batch.bodyText(n));
        const { count } = batch;
        batch.cancel();
        return { accepted: count, refusal: null };
      },
      discard: (batch) => batch.cancel(),
      room: async () => {},
      settled: async () => {},
      rest: async () => {},
      loadPlugin: async () => ({}),
      degraded: (reason) => reasons.push(reason),
    } satisfies Partial<SourceContext>,
  );
  t.after(() => source.stop());
  await source.start();
  await until('the second run is read', () => bodies.length === 2);
  assert.deepEqual(bodies, ['one', 'two']);
  assert.match(
    log.texts('error').join(),
    /the command’s output cannot be read any more: no memory is left \(it is run again\)/,
  );
  assert.equal(counters.get('EventReadFail'), 1);
  assert.match(reasons.find((reason) => reason !== null)!, /cannot be read any more: no memory is left/);
  assert.equal(reasons.at(-1), null, 'the new run ends the trouble');
});
