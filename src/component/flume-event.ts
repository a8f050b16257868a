/** Events as a program gives them: to a client, or to an agent inside it. */
import { MillraceError } from '../base/errors.ts';
import { type Headers, NO_HEADERS } from '../memory/block/headers.ts';

export interface FlumeEvent {
  readonly headers?: Readonly<Record<string, string>> | ReadonlyMap<string, string> | undefined;
  /** A string is sent in UTF-8. */
  readonly body: Uint8Array | string;
}

/** @throws MillraceError BAD_INPUT for values that are no strings, which a JavaScript program may give. */
export function headersOf({ headers }: FlumeEvent): Headers {
  if (headers === undefined) return NO_HEADERS;
  if (typeof headers !== 'object' || headers === null) throw wrong('the map of headers', headers, MAP);
  const map: Headers = headers instanceof Map ? headers : new Map(Object.entries(headers));
  for (const [name, value] of map) {
    if (typeof name !== 'string') throw wrong('the name of a header', name, 'give a string');
    if (typeof value !== 'string')
      throw wrong(`the header ${name}`, value, 'give a string, e.g. String(value)');
  }
  return map;
}

/** @throws MillraceError BAD_INPUT as above. */
export function bodyOf({ body }: FlumeEvent): Uint8Array | string {
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  throw wrong('the body', body, 'give a string or a Uint8Array (a Buffer is one)');
}

const MAP = 'give an object or a Map of strings';

function wrong(what: string, value: unknown, remedy: string): MillraceError {
  const found = value === null ? 'null' : Array.isArray(value) ? 'an array' : `of the type ${typeof value}`;
  return new MillraceError('BAD_INPUT', `${what} of an event is ${found}: ${remedy}`, { remedy });
}
