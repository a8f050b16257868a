/**
 * A batch as interceptors and selectors see it: open, in place, not yet put. Indices count from 0 to `count -
 * 1` and change when events are dropped.
 */
import type { Headers } from './headers.ts';

export interface BatchEditor {
  readonly count: number;
  /** Bytes that `bodyStart` and `bodyLength` point into. It may change after any edit. */
  readonly bytes: Buffer;
  bodyStart(index: number): number;
  bodyLength(index: number): number;
  /** The body's bytes; a view, valid until the next edit. */
  bodyView(index: number): Buffer;
  bodyText(index: number, encoding?: BufferEncoding): string;
  /** Own and common headers together; do not change the map. */
  headers(index: number): Headers;
  header(index: number, name: string): string | undefined;
  /** Sets a header of one event, replacing a value it has. */
  setHeader(index: number, name: string, value: string): void;
  /** Replaces all headers of one event. */
  setHeaders(index: number, headers: Headers): void;
  removeHeaders(index: number, matches: (name: string) => boolean): void;
  /** Sets a header on every event at the cost of one; `preserve` keeps values that events have. */
  setHeaderOnAll(name: string, value: string, preserve: boolean): void;
  replaceBody(index: number, body: Uint8Array): void;
  /** Drops the events for which `keep` is false. */
  filter(keep: (index: number) => boolean): void;
}
