/** What the start of a channel does to its log, without an agent: the log sets aside what is broken. */
import { EventLog, type LockedBlock } from '../../storage/log/log.ts';
import { complain, EXIT, print } from '../command.ts';
import { Progress, plural } from './blocks.ts';
import { requireDirectories, type Target } from './target.ts';

const TURN_BYTES = 64 * 1024 * 1024;

export async function repair(target: Target): Promise<number> {
  requireDirectories(target);
  const done: string[] = [];
  const log = await EventLog.open({
    ...target,
    owner: 'millrace channel repair',
    report: (text) => done.push(text),
  });
  let locked: LockedBlock | null;
  let events: number;
  try {
    locked = await readAll(log);
    events = log.taken.untakenCount(log.end);
  } finally {
    await log.close();
  }
  for (const text of done) print(`${text}\n`);
  if (done.length === 0) print('nothing had to be repaired\n');
  print(`${plural(events, 'event')} in the channel\n`);
  if (locked === null) return EXIT.ok;
  const { first, count, why, remedy } = locked;
  complain(
    `Error: the block of events ${first} to ${first + count - 1} ${why}: nothing behind it was read (${remedy}; name the channel by --conf-file so that its keys are known here)\n`,
  );
  return EXIT.usage;
}

async function readAll(log: EventLog): Promise<LockedBlock | null> {
  const progress = new Progress('read');
  for (let from = log.taken.low; ; ) {
    let bytes = 0;
    let next: number | null = null;
    const locked = log.read(from, (key, value) => {
      if (bytes > TURN_BYTES) {
        next = key.first;
        return false;
      }
      bytes += value.length;
      return true;
    });
    if (locked !== null || next === null) return locked;
    from = next;
    progress.tell(from - log.taken.low, log.end - log.taken.low);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
