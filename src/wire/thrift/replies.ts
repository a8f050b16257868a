/** Answers: the result of a call is a struct whose field 0 is the returned enum, or an exception. */
import { ThriftApplicationError, ThriftProtocolError } from './errors.ts';
import type { ThriftReader } from './reader.ts';
import { APPLICATION_ERROR, MESSAGE, TYPE } from './types.ts';
import type { ThriftWriter } from './writer.ts';

/** The call that is answered. */
export interface CalledMethod {
  readonly method: string;
  readonly sequence: number;
}

/** Writes `result`, or nothing for a void method (null). The message is the writer's until its next one. */
export function writeResult(writer: ThriftWriter, call: CalledMethod, result: number | null): void {
  writer.message(call.method, MESSAGE.reply, call.sequence);
  writer.ensure(16);
  const outer = writer.enter();
  if (result !== null) {
    writer.field(TYPE.i32, 0);
    writer.i32(result);
  }
  writer.stop();
  writer.leave(outer);
}

export function writeException(
  writer: ThriftWriter,
  call: CalledMethod,
  error: ThriftApplicationError,
): void {
  writer.message(call.method, MESSAGE.exception, call.sequence);
  writer.ensure(16);
  const outer = writer.enter();
  writer.field(TYPE.string, 1);
  writer.text(error.message);
  writer.ensure(16);
  writer.field(TYPE.i32, 2);
  writer.i32(error.type);
  writer.stop();
  writer.leave(outer);
}

/**
 * Reads an answer to `call`: returns its result.
 * @throws ThriftApplicationError as the peer sent it; ThriftProtocolError when it is no answer to this call.
 */
export function readResult(reader: ThriftReader, call: CalledMethod): number {
  reader.message();
  const { messageType } = reader;
  if (reader.sequence !== call.sequence) {
    throw new ThriftProtocolError(`answer number ${reader.sequence} to call number ${call.sequence}`);
  }
  if (messageType === MESSAGE.exception) throw readException(reader);
  if (messageType !== MESSAGE.reply)
    throw new ThriftProtocolError(`message type ${messageType} as an answer`);
  if (reader.method !== call.method) {
    throw new ThriftProtocolError(`an answer to ${reader.method}, asked was ${call.method}`);
  }
  let result: number | null = null;
  const outer = reader.enter();
  for (let type = reader.field(); type !== TYPE.stop; type = reader.field()) {
    if (reader.fieldId === 0 && type === TYPE.i32) result = reader.i32();
    else reader.skipField(type);
  }
  reader.leave(outer);
  if (result === null) {
    throw new ThriftApplicationError(
      APPLICATION_ERROR.missingResult,
      `${call.method} failed: unknown result`,
    );
  }
  return result;
}

function readException(reader: ThriftReader): ThriftApplicationError {
  let message = '';
  let kind: number = APPLICATION_ERROR.unknown;
  const outer = reader.enter();
  for (let type = reader.field(); type !== TYPE.stop; type = reader.field()) {
    if (reader.fieldId === 1 && type === TYPE.string) message = reader.string();
    else if (reader.fieldId === 2 && type === TYPE.i32) kind = reader.i32();
    else reader.skipField(type);
  }
  reader.leave(outer);
  return new ThriftApplicationError(kind, message);
}
