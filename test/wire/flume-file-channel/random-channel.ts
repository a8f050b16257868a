/** Random use of a channel of Java Flume, and afterwards what its copies must hold. */
import { wordsOf } from '../../kit/random.ts';
import { openCommand, putCommand, type Taken, word } from './script.ts';

const STEPS = 150;
const CHECKPOINT_SHARE = 0.03;
const COPY_SHARE = 0.015;
const REOPEN_SHARE = 0.02;
const TRANSACTIONS_MAX = 5;
/** Flume puts no event that is larger than its files. */
const MAX_FILE_BYTES_MIN = 1500;
const LARGE_BYTES_MAX = 1000;

export interface Copy {
  readonly at: string;
  readonly dataDirs: number;
  /** How many commands of the script had been run when it was made. */
  readonly after: number;
}

export interface RandomScript {
  readonly commands: readonly string[];
  readonly copies: readonly Copy[];
}

/** What a copy holds, by body in base64. */
export interface Truth {
  readonly backlog: ReadonlySet<string>;
  /** Flume may deliver these, too: taken, rolled back and taken for good since the checkpoint. */
  readonly again: ReadonlySet<string>;
  /** In transactions that were open at the checkpoint: Flume has them in no certain order. */
  readonly unordered: ReadonlySet<string>;
}

/** Numbers in [0, 1) by a seed. */
export function randomOf(seed: number): () => number {
  const next = wordsOf(seed);
  return () => next() / 2 ** 32;
}

/** `at` is the folder of the channel; copies lie beside it. Names of transactions begin with p or t. */
export function randomScript(
  at: string,
  random: () => number,
  settings: Readonly<Record<string, string>>,
): RandomScript {
  const dataDirs = 1 + Math.floor(random() * 3);
  const more = { ...settings, maxFileSize: String(MAX_FILE_BYTES_MIN + Math.floor(random() * 4000)) };
  const commands = [openCommand(at, dataDirs, more)];
  const copies: Copy[] = [];
  const open: string[] = [];
  let made = 0;
  const copy = () => {
    copies.push({ at: `${at}-copy${copies.length}`, dataDirs, after: commands.length });
    commands.push(`copy ${at} ${copies.at(-1)!.at}`);
  };
  for (let i = 0; i < STEPS; i++) {
    const kind = random();
    if (kind < CHECKPOINT_SHARE) commands.push('checkpoint');
    else if (kind < CHECKPOINT_SHARE + COPY_SHARE) copy();
    else if (kind < CHECKPOINT_SHARE + COPY_SHARE + REOPEN_SHARE) {
      for (const name of open.splice(0)) commands.push(`rollback ${name}`);
      commands.push('close', openCommand(at, dataDirs, more));
    } else if (open.length < TRANSACTIONS_MAX && random() < 0.15) {
      open.push(`${random() < 0.5 ? 'p' : 't'}${++made}`);
      commands.push(`begin ${open.at(-1)}`);
    } else if (open.length > 0) {
      const name = open[Math.floor(random() * open.length)]!;
      if (random() < 0.15) {
        open.splice(open.indexOf(name), 1);
        commands.push(`${random() < 0.7 ? 'commit' : 'rollback'} ${name}`);
      } else commands.push(name.startsWith('t') ? `take ${name}` : randomPut(name, `event ${i}`, random));
    }
  }
  copy();
  return { commands, copies };
}

function randomPut(name: string, body: string, random: () => number): string {
  const large = random() < 0.05 ? '#'.repeat(Math.floor(random() * LARGE_BYTES_MAX)) : '';
  const headers = random() < 0.5 ? {} : { körper: body, n: String(Math.floor(random() * 1e9)) };
  return putCommand(name, body + large, headers);
}

/** Follows a script up to a copy, with what its takes gave. */
export function truthAt(script: RandomScript, copy: Copy, taken: readonly Taken[]): Truth {
  const live = new Set<string>();
  const open = new Map<string, string[]>();
  const takenLog = taken[Symbol.iterator]();
  let atCheckpoint = new Set<string>();
  let takenAtCheckpoint = new Map<string, string>();
  let again = new Set<string>();
  const checkpoint = () => {
    const all = [...open].flatMap(([name, bodies]) => bodies.map((body) => [body, name] as const));
    atCheckpoint = new Set(all.map(([body]) => body));
    takenAtCheckpoint = new Map(all.filter(([, name]) => name.startsWith('t')));
    again = new Set();
  };
  for (const command of script.commands.slice(0, copy.after)) {
    const [verb, name, body] = command.split(' ') as [string, string, string];
    if (verb === 'checkpoint' || verb === 'open' || verb === 'close') checkpoint();
    else if (verb === 'begin') open.set(name, []);
    else if (verb === 'put') open.get(name)!.push(body === word('') ? '' : body);
    else if (verb === 'take') {
      const { body: got } = takenLog.next().value as Taken;
      if (got !== null) open.get(name)!.push(got);
    } else if (verb === 'commit' || verb === 'rollback') {
      const bodies = open.get(name)!;
      open.delete(name);
      if (verb === 'rollback') continue;
      for (const one of bodies) {
        if (name.startsWith('p')) live.add(one);
        else {
          live.delete(one);
          const holder = takenAtCheckpoint.get(one);
          if (holder !== undefined && holder !== name) again.add(one);
        }
      }
    }
  }
  return { backlog: live, again, unordered: atCheckpoint };
}
