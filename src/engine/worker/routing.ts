/**
 * The way of a finished batch to its channels: who gets which block, in which order, and what a refusal says.
 */
import type { ChannelSelector, Route } from '../../component/selector.ts';
import type { PutMode, Refusal } from '../../component/source.ts';
import type { BatchBuilder } from '../../memory/block/builder.ts';
import type { BuiltBlock } from '../../memory/block/built-block.ts';
import { copyEvents } from '../../memory/block/copy-events.ts';
import type { PutAnswer, PutClient } from '../../transaction/put-client.ts';

/** One channel's share of a batch. */
export interface Target {
  readonly client: PutClient;
  readonly block: BuiltBlock;
  /** Index in the batch of each event of the block; null when the block is the whole batch. */
  readonly indices: readonly number[] | null;
  readonly optional: boolean;
}

/**
 * Finishes the batch and gives each channel of its routes the whole block or a share
 * of it. Required ones first.
 */
export function share(
  batch: BatchBuilder,
  selector: ChannelSelector,
  clients: readonly PutClient[],
  copier: BatchBuilder,
): readonly Target[] {
  const { uniform } = selector;
  if (uniform !== null) {
    if (uniform.required.length + uniform.optional.length === 0) {
      batch.cancel();
      return [];
    }
    const block = batch.finish(Date.now());
    return targetsOf(uniform, clients, () => ({ block, indices: null }));
  }
  return split(batch, selector, clients, copier);
}

function targetsOf(
  route: Route,
  clients: readonly PutClient[],
  of: (channel: number) => Pick<Target, 'block' | 'indices'>,
): Target[] {
  const targets: Target[] = [];
  for (const channel of route.required) {
    targets.push({ client: clients[channel]!, ...of(channel), optional: false });
  }
  for (const channel of route.optional) {
    targets.push({ client: clients[channel]!, ...of(channel), optional: true });
  }
  for (const { block } of targets) block.segment.retain(1);
  return targets;
}

function split(
  batch: BatchBuilder,
  selector: ChannelSelector,
  clients: readonly PutClient[],
  copier: BatchBuilder,
): readonly Target[] {
  const required: number[][] = clients.map(() => []);
  const optional: number[][] = clients.map(() => []);
  for (let i = 0; i < batch.count; i++) {
    const route = selector.route(batch, i);
    for (const channel of route.required) required[channel]!.push(i);
    for (const channel of route.optional) optional[channel]!.push(i);
  }
  if ([...required, ...optional].every((list) => list.length === 0)) {
    batch.cancel();
    return [];
  }
  const whole = batch.finish(Date.now());
  const targets: Target[] = [];
  // All references are taken before any share is copied: a copy may start a new segment, and this one must
  // not be filled anew while its other shares are being made.
  whole.segment.retain(1);
  const add = (lists: readonly number[][], isOptional: boolean) => {
    lists.forEach((indices, channel) => {
      if (indices.length === 0) return;
      const all = indices.length === whole.count;
      const block = all
        ? whole
        : (batch.derive(whole, indices) ?? copyEvents(batch, indices, copier, Date.now()));
      block.segment.retain(1);
      targets.push({ client: clients[channel]!, block, indices: all ? null : indices, optional: isOptional });
    });
  };
  add(required, false);
  add(optional, true);
  whole.segment.release(1);
  return targets;
}

export interface RefusedBy {
  readonly channelName: string;
  readonly status: PutAnswer;
}

/**
 * Puts the shares: required channels one after another, each in a transaction of its own, the rest not tried
 * after a refusal (Flume's order); optional ones afterwards, their refusals only reported. `settle` is called
 * when the required ones are answered, with the events accepted from the first on.
 */
export function deliver(
  targets: readonly Target[],
  mode: PutMode,
  settle: (accepted: number, refused: RefusedBy | null) => void,
  optionalRefused: (channelName: string, status: PutAnswer) => void,
): void {
  const required = targets.filter((target) => !target.optional);
  const optional = targets.filter((target) => target.optional);
  let accepted = Number.POSITIVE_INFINITY;
  let refused: RefusedBy | null = null;
  const step = (k: number): void => {
    const target = required[k];
    if (target === undefined) {
      settle(accepted, refused);
      for (const each of optional) putOptional(each);
      return;
    }
    const count = countBelow(target, accepted);
    if (count === 0) {
      target.block.segment.release(1);
      step(k + 1);
      return;
    }
    target.client.put(target.block, count, mode, (done, status) => {
      if (done === 0 && status !== 'lost') target.block.segment.release(1);
      if (done < count) {
        refused = { channelName: target.client.channelName, status };
        accepted = target.indices === null ? done : target.indices[done]!;
        if (mode === 'batch' || accepted === 0) {
          for (const rest of [...required.slice(k + 1), ...optional]) rest.block.segment.release(1);
          settle(mode === 'batch' ? 0 : accepted, refused);
          return;
        }
      }
      step(k + 1);
      if (k + 1 < required.length) required[k + 1]!.client.flush();
    });
  };
  const putOptional = (target: Target): void => {
    const count = countBelow(target, accepted);
    if (count === 0) {
      target.block.segment.release(1);
      return;
    }
    target.client.put(target.block, count, mode, (done, status) => {
      if (done === 0 && status !== 'lost') target.block.segment.release(1);
      if (done < count) optionalRefused(target.client.channelName, status);
    });
    target.client.flush();
  };
  step(0);
}

/** How many events of a share stand before event `limit` of the batch. */
function countBelow(target: Target, limit: number): number {
  if (target.indices === null) return Math.min(target.block.count, limit);
  const { indices } = target;
  let count = indices.length;
  while (count > 0 && indices[count - 1]! >= limit) count--;
  return count;
}

/** Flume's texts: what the client is told, and what the log says is the cause. */
export function refusalOf(
  status: PutAnswer,
  channel: {
    readonly name: string;
    readonly javaClass: string;
    readonly transactionEventsMax: number | null;
  },
  mode: PutMode,
  events: number,
): Refusal & { readonly cause: string } {
  const what = mode === 'each' ? 'event' : 'batch';
  const text = `Unable to put ${what} on required channel: ${channel.javaClass}{name: ${channel.name}}`;
  switch (status) {
    case 'transaction-capacity':
      return {
        code: 'CHANNEL_TRANSACTION_CAPACITY',
        text,
        cause:
          `Put queue for MemoryTransaction of capacity ${channel.transactionEventsMax} full, consider committing more ` +
          `frequently, increasing capacity or increasing thread count: a batch has ${events} events ` +
          `(raise transactionCapacity of channel ${channel.name}, or send smaller batches)`,
      };
    case 'full-bytes':
      return {
        code: 'CHANNEL_FULL',
        text,
        cause:
          'Cannot commit transaction. Byte capacity allocated to store event body reached. Please increase heap ' +
          'space/byte capacity allocated to the channel as the sinks may not be keeping up with the sources',
      };
    case 'full-disk':
      return { code: 'CHANNEL_FULL', text, cause: 'Usable space exhausted on a disk of the channel' };
    case 'lost':
      return { code: 'CHANNEL_LOST', text, cause: 'The worker of the channel died before it answered' };
    case 'failed':
      return { code: 'CHANNEL_CLOSED', text, cause: 'The channel could not write to its disk' };
    case 'closed':
    case 'ok':
      return { code: 'CHANNEL_CLOSED', text, cause: 'The channel is not running' };
    case 'full-slots':
      return {
        code: 'CHANNEL_FULL',
        text,
        cause:
          "Space for commit to queue couldn't be acquired. Sinks are likely not keeping up with sources, or the " +
          'buffer size is too tight',
      };
  }
}
