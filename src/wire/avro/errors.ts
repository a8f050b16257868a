/** What can go wrong with a call, so that callers need not read texts. */
import { MillraceError } from '../../base/errors.ts';

export type AvroFailure =
  | 'connection' // it ended before the answer; whether the call was executed is unknown
  | 'timeout' // no answer in time; whether the call was executed is unknown
  | 'failed' // the server answered FAILED or UNKNOWN: nothing was put
  | 'remote' // the server answered with an error of its own
  | 'protocol'; // the server is no avro source, or speaks another protocol

/** Why a call did not succeed. The session is over after all but `failed` and `remote`. */
export class AvroRpcError extends Error {
  override readonly name = 'AvroRpcError';
  readonly failure: AvroFailure;

  constructor(failure: AvroFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.failure = failure;
  }
}

/** The peer sent what the format does not allow, or more than a limit. */
export function badInput(text: string): MillraceError {
  return new MillraceError('BAD_INPUT', text);
}
