import { nearest } from '../../component/options/suggest.ts';
import type { ParsedArguments } from '../arguments.ts';
import type { Target } from '../channel/target.ts';
import { type Command, complain, EXIT } from '../command.ts';
import { PLANNING_OPTIONS } from '../planning.ts';

const help = `Looks into a file channel, or the durable part of a spillable memory channel, and moves events in and out.

usage: millrace channel DIR… ACTION
       millrace channel --checkpoint DIR --data DIR[,DIR…] ACTION
       millrace channel --conf-file FILE --name AGENT --channel NAME ACTION

DIR…: the channel's directories, or one that has them all; without any, those that a channel has by default.
An encrypted channel is named by its configuration, which names the keys.

actions:
  status   what is inside: events, the oldest and the newest, files, who holds it; also while an agent runs
  check    read every block of the backlog and report all that is wrong; changes nothing; exit code 1 when
           there is something
  repair   set aside what cannot be read, as the next start of the channel does; deletes nothing
  export   write all events that were not taken as JSON lines or an Avro container; the channel keeps them
  import   append the backlog of a Java Flume file channel, which is only read, or JSON lines

All but status refuse while an agent has the directories.

examples:
  millrace channel /var/lib/millrace/c1 status
  millrace channel --checkpoint /var/lib/c1/checkpoint --data /disk1/c1,/disk2/c1 check --json
  millrace channel -f flume.conf -n a1 --channel c1 repair
  millrace channel /var/lib/millrace/c1 export | jq -r 'select(.encoding == "utf8").body'
  millrace channel /var/lib/millrace/c1 export --format avro --to backlog.avro
  millrace channel -f flume.conf -n a1 --channel c1 import \\
    --from-flume-checkpoint ~/.flume/file-channel/checkpoint --from-flume-data ~/.flume/file-channel/data
  millrace channel /var/lib/millrace/c2 import --from backlog.jsonl
`;

type Action = (parsed: ParsedArguments, target: Target) => Promise<number>;

/** Imported when called: they load LMDB. */
const ACTIONS: Readonly<Record<string, Action>> = {
  status: async (parsed, target) => (await import('../channel/status.ts')).status(parsed, target),
  check: async (parsed, target) => (await import('../channel/check.ts')).check(parsed, target),
  repair: async (_parsed, target) => (await import('../channel/repair.ts')).repair(target),
  export: async (parsed, target) => (await import('../channel/export.ts')).exportEvents(parsed, target),
  import: async (parsed, target) => (await import('../channel/import.ts')).importEvents(parsed, target),
};

export const CHANNEL_ACTIONS: readonly string[] = Object.keys(ACTIONS);

async function run(parsed: ParsedArguments): Promise<number> {
  const { positionals } = parsed;
  // Behind the directories, or before them.
  const at = [positionals.length - 1, 0].find((n) => Object.hasOwn(ACTIONS, positionals[n] ?? ''));
  if (at === undefined) {
    const meant = nearest(positionals.at(-1) ?? '', CHANNEL_ACTIONS);
    const hint = meant === null ? '' : `; did you mean ${meant}?`;
    complain(`Error: give an action: ${CHANNEL_ACTIONS.join(', ')}${hint}\n\n${help}`);
    return EXIT.usage;
  }
  const { targetOf } = await import('../channel/target.ts');
  const target = await targetOf(parsed, positionals.toSpliced(at, 1));
  return await ACTIONS[positionals[at]!]!(parsed, target);
}

export default {
  options: [
    { name: 'checkpoint', value: 'DIR', help: 'checkpoint directory of the channel' },
    { name: 'data', value: 'DIRS', repeated: true, help: 'its data directories, separated by commas' },
    {
      name: 'channel',
      value: 'NAME',
      help: 'the channel of the agent (default: the only one with directories)',
    },
    { name: 'json', help: 'status, check: as JSON' },
    { name: 'to', value: 'FILE', help: 'export: a new file (default: standard output)' },
    { name: 'format', value: 'FORMAT', help: 'export: json (default) or avro' },
    { name: 'from', value: 'FILE', help: 'import: JSON lines' },
    { name: 'from-flume-checkpoint', value: 'DIR', help: 'import: checkpointDir of the Flume channel' },
    { name: 'from-flume-data', value: 'DIRS', repeated: true, help: 'import: its dataDirs, all of them' },
    { name: 'from-flume-keys', value: 'FILE', help: 'import: its key store, when it is encrypted' },
    { name: 'from-flume-keys-password', value: 'FILE', help: 'import: file with the password of the store' },
    {
      name: 'from-flume-key-password',
      value: 'ALIAS=FILE',
      repeated: true,
      help: 'import: file with the password of one key, when it is another',
    },
    { name: 'again', help: 'import: also what was imported into this channel before' },
    ...PLANNING_OPTIONS,
  ],
  help,
  run,
} satisfies Command;
