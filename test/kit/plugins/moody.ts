/**
 * A channel that accepts, refuses, holds its answers back, or dies, as a test says; else a memory channel.
 */
import { BroadcastChannel } from 'node:worker_threads';
import type { Channel, ChannelContext, PendingPut } from '../../../src/component/channel.ts';
import type { ChannelDeclaration } from '../../../src/component/declaration.ts';
import { type OptionsOf, optionTable } from '../../../src/component/options/table.ts';
import { RangeChannel } from '../../../src/transaction/range-channel.ts';

const options = optionTable({
  topic: { kind: 'string', required: true, help: 'Where to listen.' },
  mood: { kind: 'string', default: 'accept', help: 'accept, refuse, alternate, stall or throw.' },
});

const LIMITS = {
  eventsMax: 1_000_000,
  slotsMax: Number.POSITIVE_INFINITY,
  transactionEventsMax: 1_000_000,
  keepAliveMs: 0,
};

function create(context: ChannelContext): Channel {
  const o = context.options as OptionsOf<typeof options>;
  const inner = new RangeChannel(context, LIMITS);
  const control = new BroadcastChannel(o.topic);
  let { mood } = o;
  let held: PendingPut[] = [];
  let turn = 0;
  const tell = () => control.postMessage({ mood, held: held.length });
  const decide = (put: PendingPut): void => {
    if (mood === 'throw') throw new Error('the channel fails, as it was told to');
    const refuses = mood === 'refuse' || (mood === 'alternate' && turn++ % 2 === 0);
    if (refuses) put.complete(0, 'full-slots');
    else inner.put([put]);
  };
  control.onmessage = (message) => {
    const { data } = message as unknown as { data: { set?: string } };
    if (data.set === undefined) return;
    mood = data.set;
    if (mood !== 'stall') {
      const puts = held;
      held = [];
      for (const put of puts) decide(put);
    }
    tell();
  };
  return {
    blocking: false,
    start: () => inner.start(),
    put(puts) {
      for (const put of puts) {
        if (mood === 'stall') held.push(put);
        else decide(put);
      }
      if (mood === 'stall') tell();
    },
    hasNext: () => inner.hasNext(),
    take: (eventsMax) => inner.take(eventsMax),
    part: (...range) => inner.part(...range),
    hold: (take) => inner.hold?.(take) ?? take,
    commit: (take) => inner.commit(take),
    rollback: (take) => inner.rollback(take),
    tick: (nowMs) => inner.tick(nowMs),
    nextTickMs: () => 5,
    commitsCanWait: () => inner.commitsCanWait(),
    size: () => inner.size(),
    segmentsInUse: () => inner.segmentsInUse(),
    stop() {
      for (const put of held) put.complete(0, 'closed');
      held = [];
      control.close();
      inner.stop();
    },
  };
}

export default {
  kind: 'channel',
  aliases: [],
  classes: [],
  title: 'Does as a test says',
  stability: 'test-only',
  options,
  example: '',
  load: async () => ({ create }),
} satisfies ChannelDeclaration;
