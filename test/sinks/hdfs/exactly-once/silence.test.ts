/** exactly-once: a stop while a file system is silent, from a commit record's rename on. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../../../kit/until.ts';
import { Hang } from '../faulty-file-system.ts';
import { isDraft, Lives, LOG, reopened } from './lives.ts';

/** A file system that is well ends a stop in less; its calls have no limit here. */
const STOP_MS_MAX = 5000;

/** What becomes of the rename that nobody answers. */
const FATES = ['done', 'done behind the next start', 'never done'] as const;

describe('a stop while nobody says whether a record is made', { concurrency: true }, () => {
  for (const mayHold of [true, false]) {
    for (const fate of FATES) {
      test(`the rename is ${fate}${mayHold ? '' : ', in a sink group'}: it ends soon, and each event stands once`, async (t) => {
        const lives = new Lives(t);
        const rig = await lives.start({}, mayHold);
        await rig.writeNumbered(LOG, 0, 'a0', 'c1');
        let isSilent = false;
        let late = () => {};
        rig.disk.fault = (what, path) => {
          const isCommit = !isSilent && what === 'rename' && isDraft(path);
          isSilent ||= isCommit;
          if (!isSilent) return null;
          return new Hang((work) => {
            if (!isCommit) return;
            if (fate === 'done') work();
            if (fate === 'done behind the next start') late = () => assert.throws(work);
          });
        };
        const outcome = rig.writeNumbered(LOG, 2, 'a2', 'b3').catch((error: unknown) => error);
        await until('the record is under way', () => isSilent);
        const asked = rig.disk.calls.length;
        const began = performance.now();
        rig.sink.end();
        const ended = await outcome;
        await rig.stop();
        const ms = performance.now() - began;
        assert.ok(ms < STOP_MS_MAX, `it ended after ${ms} ms`);
        assert.equal(
          Array.isArray(ended) ? ended.length : (ended as Error).name,
          mayHold ? 2 : 'OutcomeUnknown',
        );
        assert.equal(rig.counters.get('EventDrainSuccessCount'), 2);
        assert.equal(rig.disk.calls.length, asked);
        const next = await lives.start({}, mayHold);
        await next.writeNumbered(reopened(4), 0, 'a0', 'c1', 'a2', 'b3', 'a4');
        late();
        await next.stop();
        assert.deepEqual(lives.lines(), ['a0', 'a2', 'a4', 'b3', 'c1']);
        assert.deepEqual(lives.inUse(), []);
      });
    }
  }
});
