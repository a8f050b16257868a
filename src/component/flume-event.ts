/** Events as a program gives them: to a client, or to an agent inside it. */
import { type Headers, NO_HEADERS } from '../memory/block/headers.ts';

export interface FlumeEvent {
  readonly headers?: Readonly<Record<string, string>> | ReadonlyMap<string, string> | undefined;
  /** A string is sent in UTF-8. */
  readonly body: Uint8Array | string;
}

export function headersOf({ headers }: FlumeEvent): Headers {
  if (headers === undefined) return NO_HEADERS;
  return headers instanceof Map ? headers : new Map(Object.entries(headers));
}
