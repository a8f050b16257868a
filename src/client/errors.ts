/** Why a client could not send. */
export type RpcFailure =
  | 'connect' // no connection: nothing was sent
  | 'timeout' // no answer in time: the events may have arrived, or not
  | 'connection' // it ended before the answer: the events may have arrived, or not
  | 'refused' // the source answered FAILED: nothing was put, e.g. because its channel is full
  | 'remote' // the source answered with an error of its own
  | 'hosts' // no host of a failover or load-balancing client took the events; `cause` is the last one's error
  | 'closed'; // the client was closed

export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly failure: RpcFailure;
  /** Events of the call, from the first on, that were acknowledged before it failed. */
  delivered = 0;

  constructor(failure: RpcFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.failure = failure;
  }
}
