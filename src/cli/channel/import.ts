/**
 * Appends events to a channel's log: the backlog of a Java Flume file channel, or JSON lines as `export`
 * writes them. What they come from is only read.
 */
import { MillraceError } from '../../base/errors.ts';
import { findingsText } from '../../config/lint/report.ts';
import type { Headers } from '../../memory/block/headers.ts';
import { EventLog } from '../../storage/log/log.ts';
import {
  type Backlog,
  type KeySource,
  keysOfStore,
  readBacklog,
} from '../../wire/flume-file-channel/backlog.ts';
import { last, type ParsedArguments } from '../arguments.ts';
import { complain, EXIT, print } from '../command.ts';
import { Appender } from './appender.ts';
import { Progress, plural } from './blocks.ts';
import { ImportRecord, type Origin, originOf } from './import-record.ts';
import { checkLines, eventsOfLines } from './json-lines.ts';
import { requireDirectory, type Target, usage } from './target.ts';

interface NewEvent {
  readonly headers: Headers;
  readonly body: Uint8Array;
}

interface Intake {
  readonly origin: Origin;
  /** How many there are. */
  readonly count: number;
  readonly events: Iterable<NewEvent> | AsyncIterable<NewEvent>;
  /** Of a Flume channel: what was found on the way. */
  readonly backlog: Backlog | null;
}

const FLUME_FILES = /^(log-\d+|checkpoint)$/;

export async function importEvents(parsed: ParsedArguments, target: Target): Promise<number> {
  const intake = await intakeOf(parsed);
  const warnings: string[] = [];
  const log = await EventLog.open({
    ...target,
    owner: 'millrace channel import',
    report: (text) => warnings.push(text),
  });
  try {
    for (const text of warnings) complain(`Warning: ${text}\n`);
    const record = ImportRecord.begin(target.checkpointDir, intake.origin, parsed.options.has('again'));
    return await append(log, record, intake);
  } finally {
    await log.close();
  }
}

async function append(log: EventLog, record: ImportRecord, intake: Intake): Promise<number> {
  const { count, events, backlog } = intake;
  let skip = record.done;
  if (skip > 0)
    complain(`an import that was interrupted goes on behind its first ${plural(skip, 'event')}\n`);
  record.note(skip, false);
  const progress = new Progress('imported');
  let done = skip;
  let tooLarge = 0;
  let appended = 0;
  const appender = new Appender(log, (landed) => {
    done += landed;
    record.note(done, false);
    progress.tell(done, count);
  });
  try {
    for await (const { headers, body } of events) {
      if (skip-- > 0) continue;
      if (await appender.add(headers, body)) appended++;
      else {
        tooLarge++;
        complain(`Warning: an event of ${body.length} bytes is larger than a block may be: it is left out\n`);
      }
    }
    await appender.end();
  } catch (error) {
    await appender.end().catch(() => {});
    record.write();
    throw interrupted(error, done, count);
  }
  record.note(done, true);
  if (backlog !== null) complain(findingsText(backlog.findings, process.stderr.isTTY === true));
  const lost = count - done + tooLarge;
  print(`imported ${plural(appended, 'event')}${lost === 0 ? '' : `; ${lost} could not be`}\n`);
  return lost === 0 ? EXIT.ok : EXIT.usage;
}

function interrupted(error: unknown, done: number, count: number): unknown {
  if (!(error instanceof MillraceError)) return error;
  const { remedy = 'mend that' } = error.detail;
  const text = `${error.message}: ${done} of ${count} events are imported`;
  return new MillraceError(error.code, text, {
    remedy: `${remedy}; the same command then goes on from there`,
    cause: error,
  });
}

async function intakeOf(parsed: ParsedArguments): Promise<Intake> {
  const file = last(parsed, 'from');
  const checkpointDir = last(parsed, 'from-flume-checkpoint');
  const dataDirs = parsed.options.get('from-flume-data')?.flatMap((text) => text.split(/\s*,\s*/)) ?? [];
  const fromFlume = checkpointDir !== undefined || dataDirs.length > 0;
  if (fromFlume === (file !== undefined)) {
    throw usage(
      fromFlume ? 'two things to import are named' : 'nothing to import is named',
      'give --from-flume-checkpoint DIR --from-flume-data DIR[,DIR…], or --from FILE.jsonl',
    );
  }
  if (file !== undefined) {
    const count = await checkLines(file);
    return { origin: originOf([file], /^$/), count, events: eventsOfLines(file), backlog: null };
  }
  if (checkpointDir === undefined || dataDirs.length === 0) {
    throw usage('--from-flume-checkpoint and --from-flume-data go together', 'name both, as Flume had them');
  }
  const remedy = 'name the directories that the Flume channel had, no more and no less';
  requireDirectory(checkpointDir, 'checkpoint directory', remedy);
  for (const path of dataDirs) requireDirectory(path, 'data directory', remedy);
  const keys = keysOf(parsed);
  const backlog = readBacklog({ checkpointDir, dataDirs, ...(keys === null ? {} : { keys }) });
  const origin = originOf([checkpointDir, ...dataDirs], FLUME_FILES);
  return { origin, count: backlog.eventCount, events: backlog.events(), backlog };
}

function keysOf(parsed: ParsedArguments): KeySource | null {
  const keyStoreFile = last(parsed, 'from-flume-keys');
  const keyStorePasswordFile = last(parsed, 'from-flume-keys-password');
  if (keyStoreFile === undefined && keyStorePasswordFile === undefined) return null;
  if (keyStoreFile === undefined || keyStorePasswordFile === undefined) {
    throw usage(
      '--from-flume-keys and --from-flume-keys-password go together',
      'name the key store and the file with its password',
    );
  }
  const passwordFiles = new Map<string, string>();
  for (const text of parsed.options.get('from-flume-key-password') ?? []) {
    const at = text.indexOf('=');
    if (at <= 0) throw usage(`--from-flume-key-password ${text} is not ALIAS=FILE`, 'give both');
    passwordFiles.set(text.slice(0, at), text.slice(at + 1));
  }
  return keysOfStore({ keyStoreFile, keyStorePasswordFile, passwordFiles });
}
