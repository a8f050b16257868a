/**
 * Named points at which crash tests end the process, as a power cut would: MILLRACE_CRASH_AT=NAME:N kills it
 * with SIGKILL when `crashPoint(NAME)` is reached for the N-th time in a thread. Without it a point costs one
 * comparison.
 */
export type CrashPoint =
  | 'append' // a group is about to be given to LMDB or the journal
  | 'stored' // it is on the disk, nobody has been told
  | 'answered' // the put is answered
  | 'journal' // its other file is about to be written over
  | 'settled' // what it had is in a segment
  | 'roll' // a segment is sealed, the next one not made
  | 'checkpoint' // about to be written
  | 'checkpointed' // it is on the disk, nothing was deleted yet
  | 'delete' // a segment is about to be deleted
  | 'deleted' // its file is gone
  | 'delivered' // bytes of a commit are safe, its record is not made
  | 'recorded' // it is, the channel has not been told
  | 'rename' // a file is about to get its final name
  | 'renamed'; // it has

const [wanted, times] = (process.env.MILLRACE_CRASH_AT ?? '').split(':');
let left = wanted === '' ? 0 : Number(times ?? 1);

export function crashPoint(name: CrashPoint): void {
  if (left === 0 || name !== wanted || --left > 0) return;
  process.kill(process.pid, 'SIGKILL');
  // The signal is delivered to the process at once, to this thread maybe not: nothing more must happen here.
  for (;;);
}
