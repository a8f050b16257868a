/**
 * How a durable channel numbers its events, for sinks that must tell an event that comes again from a new
 * one: from 0 on, without end, as long as the channel keeps its directories.
 */
export interface Numbering {
  /** The log that gives the numbers. It gets another name when a number might be given twice. */
  readonly log: string;
  /** This opening of the log: another one after each start of the channel. */
  readonly opening: string;
  /** Events below were taken for good before this opening: they do not come again. */
  readonly low: number;
  /** The first number that this opening gives: an event from there on was in no opening before. */
  readonly end: number;
}

/** Where a block's events stand. */
export interface Place {
  readonly numbering: Numbering;
  /** The number that the block's first event has, or would have: only a part of a block may be there. */
  readonly first: number;
}
