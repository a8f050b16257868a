/** Stops what must not go on: a failed assertion is a defect of Millrace, never of its input. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new AssertionFailed(what);
}

export class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed';
}
