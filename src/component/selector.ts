/** Picks the channels of each event. Channels are numbers: indices into the source's `channels` list. */
import type { BatchEditor } from '../memory/block/editor.ts';
import type { ComponentContext } from './context.ts';

export interface SelectorContext extends ComponentContext {
  /** Names of the source's channels, in configured order. */
  readonly channels: readonly string[];
}

/** Where events go. Required channels are written first; a failure of an optional one is only logged. */
export interface Route {
  readonly required: readonly number[];
  readonly optional: readonly number[];
}

export interface ChannelSelector {
  /** Set when every event takes the same route: batches are then never split. */
  readonly uniform: Route | null;
  /**
   * The route of event `index`; called only when `uniform` is null. Equal routes should be the same object.
   */
  route(batch: BatchEditor, index: number): Route;
}
