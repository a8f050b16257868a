import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/sinks/null/index.ts';
import { batchOf, type EventOf } from '../../kit/editor.ts';
import { SinkRig } from '../../kit/sink.ts';

const events = (count: number) => batchOf(Array.from({ length: count }, (): EventOf => [{}, 'x']));

describe('sink null', () => {
  test('its batches are of batchSize', async () => {
    assert.equal((await SinkRig.start(declaration)).sink.batchSize, 100);
    assert.equal((await SinkRig.start(declaration, { batchSize: '7' })).sink.batchSize, 7);
  });

  test('a line tells each time that logEveryNEvents were discarded, in the class of Flume', async () => {
    const rig = await SinkRig.start(declaration, { logEveryNEvents: '10' });
    for (const count of [9, 1, 9, 25]) {
      rig.clock.nowMs += 1000;
      await rig.sink.process(events(count));
    }
    assert.deepEqual(rig.log.lines, [
      {
        level: 'info',
        logger: 'org.apache.flume.sink.NullSink',
        text: 'Null sink k1 successful processed 10 events.',
      },
      {
        level: 'info',
        logger: 'org.apache.flume.sink.NullSink',
        text: 'Null sink k1 successful processed 40 events.',
      },
    ]);
  });

  test('at most one line a second; the next one has caught up', async () => {
    const rig = await SinkRig.start(declaration, { logEveryNEvents: '10' });
    await rig.sink.process(events(10));
    for (let n = 0; n < 50; n++) await rig.sink.process(events(10));
    rig.clock.nowMs += 999;
    await rig.sink.process(events(10));
    assert.equal(rig.log.lines.length, 1);
    rig.clock.nowMs += 1;
    await rig.sink.process(events(10));
    assert.deepEqual(rig.log.texts('info'), [
      'Null sink k1 successful processed 10 events.',
      'Null sink k1 successful processed 530 events.',
    ]);
  });
});
