/** What makes events of a request. Plug-ins export `createHandler(options)`, which returns one of these. */
import type { BatchBuilder } from '../../memory/block/builder.ts';

export interface HandlerRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Query and, for form bodies, form parameters: the first value of each. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

/**
 * The request is not well-formed: it is answered with 400. Any other error gives 500. It is known by its
 * name, so that a plug-in can throw one of its own.
 */
export class BadRequest extends Error {
  static readonly NAME = 'BadRequest';
  override readonly name = BadRequest.NAME;
}

export interface HttpHandler {
  handle(request: HandlerRequest, batch: BatchBuilder): void;
}

/** `text/plain; charset=UTF-8` → utf-8, or undefined. */
export function charsetOf(contentType: string | undefined): string | undefined {
  return /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType ?? '')?.[1];
}
