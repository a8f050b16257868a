/**
 * Looks at, changes or drops events on their way from a source to its channels, a batch at a time,
 * in place. It runs synchronously in the source's worker. A throw fails the whole batch (the
 * source's client sees a refusal).
 */
import type { BatchEditor } from '../memory/block/editor.ts';
import type { ComponentContext } from './context.ts';

export type InterceptorContext = ComponentContext;

export interface Interceptor {
  intercept(batch: BatchEditor): void;
  close?(): void;
}
