/**
 * What an embedded agent and its source say to each other: over a BroadcastChannel, as the source runs in a
 * worker that is started again when it dies.
 */
import { randomUUID } from 'node:crypto';
import type { ErrorCode } from '../base/errors.ts';

export interface EventToPut {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

export interface PutRequest {
  readonly kind: 'put';
  readonly id: number;
  readonly events: readonly EventToPut[];
}

/** Why events are in no channel. */
export interface PutFailure {
  readonly code: ErrorCode;
  readonly text: string;
  readonly remedy: string;
}

export type FromSource =
  /** The source runs; what was asked of one before it is not answered any more. */
  | { readonly kind: 'started' }
  /** All events are in the channels, or none is and `refusal` says why. */
  | { readonly kind: 'answer'; readonly id: number; readonly refusal: PutFailure | null };

/** A topic that no other agent of this machine uses. */
export function newTopic(): string {
  return `millrace-embedded-${randomUUID()}`;
}
