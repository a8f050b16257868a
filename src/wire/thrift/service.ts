/** What a server of Thrift calls does with them; the connection does the rest. */
import type { ThriftReader } from './reader.ts';

export interface ThriftService {
  /**
   * Makes room for a call of about `bytes` bytes. False when there is none now: nothing is read until `room`.
   */
  open(bytes: number): boolean;
  /** Resolves when `open` can succeed again. */
  room(): Promise<void>;
  /**
   * Handles the call whose arguments `reader` stands before, in this turn of the event loop: what the reader
   * reads is gone afterwards. Resolves with the result, null for a void method.
   * @throws ThriftApplicationError, ThriftProtocolError: answered as an exception. What `open` made is given
   * up.
   */
  handle(reader: ThriftReader): Promise<number | null>;
  /** Gives up what `open` made: no call can be read. */
  giveUp(): void;
  /** Somebody waits for all answers that are outstanding. */
  hurry(): void;
}
