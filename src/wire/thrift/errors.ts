/** What can be wrong with a call, as a client or a server sees it. None of these names a component. */

/** Bytes that are not Thrift, or exceed a limit. */
export class ThriftProtocolError extends Error {
  override readonly name = 'ThriftProtocolError';
}

/** TApplicationException: the peer could not make sense of a call; `type` is one of APPLICATION_ERROR. */
export class ThriftApplicationError extends Error {
  override readonly name = 'ThriftApplicationError';
  readonly type: number;

  constructor(type: number, message: string) {
    super(message);
    this.type = type;
  }
}

/** The server understood and did not take the events. */
export class ThriftStatusError extends Error {
  override readonly name = 'ThriftStatusError';
  readonly status: number;

  constructor(status: number) {
    super(`the server answered ${statusName(status)}`);
    this.status = status;
  }
}

/** The connection ended before the answer came; whether the events arrived is not known. */
export class ThriftConnectionError extends Error {
  override readonly name = 'ThriftConnectionError';
}

/** No answer within the request timeout; whether the events arrived is not known. */
export class ThriftTimeoutError extends Error {
  override readonly name = 'ThriftTimeoutError';
}

/** `enum Status` of ThriftSourceProtocol. */
export const STATUS = { ok: 0, failed: 1, error: 2, unknown: 3 } as const;

function statusName(status: number): string {
  return ['OK', 'FAILED', 'ERROR', 'UNKNOWN'][status] ?? `the unknown status ${status}`;
}
