/** The options of the sink as it uses them, checked against each other. */
import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { Rounding } from '../../component/bucket-path/round-down.ts';
import { fixedZone, LOCAL_ZONE, type Zone, zoneById } from '../../component/bucket-path/zone.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { HeldLimits } from '../../component/sink.ts';
import { type Codec, codecByName, unknownCodecText } from '../../wire/hadoop-codecs/codec.ts';
import { recordsPlace } from './exactly-once/place.ts';
import type { FileSystemSettings } from './file-system/door.ts';
import { locate } from './file-system/open.ts';
import type { options } from './index.ts';

type Options = OptionsOf<typeof options>;

/** A take is kept near what one file holds: no event is taken to be smaller than that. */
const EVENT_BYTES_MIN = 64;
const COMMIT_INTERVAL_MS = 1000;
/** Events held with commit records: each may make a range of its own in every record, of 20 bytes or so. */
const RECORDED_GAPS_MAX = 100_000;
const ROUND_VALUES_MAX = { second: 60, minute: 60, hour: 24 } as const;

export interface Rolls {
  /** 0: off; the same for the others. */
  readonly count: number;
  readonly bodyBytes: number;
  readonly intervalMs: number;
  readonly idleMs: number;
  /** None of the four above closes a file of fewer bytes of bodies that is younger. */
  readonly minBodyBytes: number;
  readonly maxAgeMs: number;
  readonly minReplicas: number;
}

export interface Names {
  readonly inUsePrefix: string;
  readonly inUseSuffix: string;
  readonly suffix: string;
}

export type FormSettings =
  | { readonly type: 'SequenceFile'; readonly codec: Codec | null; readonly value: 'bytes' | 'text' }
  | { readonly type: 'DataStream' }
  | { readonly type: 'CompressedStream'; readonly codec: Codec };

export interface HdfsSettings {
  readonly path: string;
  readonly filePrefix: string;
  readonly zone: Zone;
  readonly rounding: Rounding | null;
  readonly useLocalTime: boolean;
  readonly rolls: Rolls;
  readonly names: Names;
  readonly form: FormSettings;
  readonly batchSize: number;
  /** Most events of one take. */
  readonly takeEvents: number;
  /** Small commits begin no more often. */
  readonly commitIntervalMs: number;
  readonly openFilesMax: number;
  readonly concurrency: number;
  readonly callTimeoutMs: number;
  /** Infinity: until it succeeds. */
  readonly finishTries: number;
  readonly retryMs: number;
  readonly heldMax: HeldLimits;
  /** URI of the directory of commit records, for exactly-once; null: at least once. */
  readonly recordsPlace: string | null;
  /** Null: files in use are not recorded. */
  readonly stateDirectory: string | null;
  readonly fileSystem: Omit<FileSystemSettings, 'root' | 'log'>;
}

/** Throws what cannot work, and tells what Flume would pass over without a word to `warn`. */
export function settingsOf(o: Options, component: string, warn: (text: string) => void): HdfsSettings {
  const refuse = refusal(component);
  const form = formOf(o, refuse);
  const codec = form.type === 'DataStream' ? null : form.codec;
  const suffix = o['hdfs.fileSuffix'] !== '' ? o['hdfs.fileSuffix'] : (codec?.extension ?? '');
  const retryMs = o['hdfs.retryInterval'] * 1000;
  const callTimeoutMs = Math.max(0, o['hdfs.callTimeout']);
  const concurrency = o['hdfs.threadsPoolSize'];
  const rolls = rollsOf(o);
  return {
    path: o['hdfs.path'],
    filePrefix: o['hdfs.filePrefix'],
    zone: zoneOf(o['hdfs.timeZone'], warn),
    rounding: roundingOf(o, refuse, warn),
    useLocalTime: o['hdfs.useLocalTimeStamp'],
    rolls,
    names: { inUsePrefix: o['hdfs.inUsePrefix'], inUseSuffix: inUseSuffixOf(o), suffix },
    form,
    batchSize: o['hdfs.batchSize'],
    takeEvents: takeEventsOf(o, rolls),
    commitIntervalMs: Math.max(0, o['hdfs.commitInterval'] ?? defaultIntervalMs(o['hdfs.path'])),
    openFilesMax: o['hdfs.maxOpenFiles'],
    concurrency,
    callTimeoutMs,
    finishTries: triesOf(o['hdfs.closeTries'], retryMs, warn),
    retryMs: Math.max(0, retryMs),
    heldMax: { events: heldEventsOf(o, warn), bytes: o['hdfs.maxHeldBytes'] },
    recordsPlace: recordsPlaceOf(o, refuse),
    stateDirectory: o['hdfs.recoverInUse']
      ? (o['hdfs.stateDir'] ?? join(homedir(), '.flume', 'hdfs-sink'))
      : null,
    fileSystem: {
      component,
      callTimeoutMs,
      concurrency,
      proxyUser: o['hdfs.proxyUser'],
      kerberos: kerberosOf(o, refuse),
      nameNodes: o['hdfs.nameNodes'],
      hadoopConfDir: o['hdfs.hadoopConfDir'],
      user: o['hdfs.user'],
      tokenFile: o['hdfs.tokenFile'],
      ticketCommand: o['hdfs.ticketCommand'],
      syncsNames: o['hdfs.delivery'] === 'exactly-once',
    },
  };
}

function heldEventsOf(o: Options, warn: (text: string) => void): number {
  const events = o['hdfs.maxHeldEvents'];
  if (o['hdfs.delivery'] === 'at-least-once' || events <= RECORDED_GAPS_MAX) return events;
  warn(
    `hdfs.maxHeldEvents = ${events}: with hdfs.delivery = exactly-once ${RECORDED_GAPS_MAX} are held at most`,
  );
  return RECORDED_GAPS_MAX;
}

/** Null: at least once. */
function recordsPlaceOf(o: Options, refuse: Refuse): string | null {
  const delivery = o['hdfs.delivery'];
  if (delivery === 'at-least-once') return null;
  if (!o['hdfs.recoverInUse']) {
    const reason = 'files of which nothing is committed would stay in use';
    throw refuse('hdfs.delivery', delivery, reason, 'set hdfs.recoverInUse = true');
  }
  if (o['hdfs.inUsePrefix'] === '' && inUseSuffixOf(o) === '') {
    const reason = 'files that are not finished would look finished';
    throw refuse('hdfs.delivery', delivery, reason, 'set hdfs.inUsePrefix or hdfs.inUseSuffix');
  }
  const place = recordsPlace(o['hdfs.path'], o['hdfs.commitDir']);
  if (place !== null) return place;
  const reason = `no directory of hdfs.path ${o['hdfs.path']} is without escapes, to keep commit records in`;
  throw refuse('hdfs.delivery', delivery, reason, 'set hdfs.commitDir');
}

type Refuse = (option: keyof Options, value: string, reason: string, remedy: string) => MillraceError;

function refusal(component: string): Refuse {
  return (option, value, reason, remedy) =>
    new MillraceError('CONF_OPTION_VALUE', `${component}: ${option} = ${value}: ${reason}`, {
      component,
      option,
      value,
      remedy,
    });
}

function formOf(o: Options, refuse: Refuse): FormSettings {
  const type = o['hdfs.fileType'];
  const named = o['hdfs.codeC'];
  const codec = named === undefined ? null : codecByName(named);
  if (named !== undefined && codec === null) {
    throw refuse('hdfs.codeC', named, unknownCodecText(named), 'name one of these');
  }
  if (type === 'SequenceFile') return { type, codec, value: valueFormOf(o['hdfs.writeFormat'], refuse) };
  if (type === 'DataStream') {
    if (codec === null) return { type };
    const reason = `fileType: ${type} which does NOT support compressed output`;
    const remedy = "Please don't set codeC or change the fileType to CompressedStream";
    throw refuse('hdfs.codeC', named!, reason, remedy);
  }
  if (codec !== null) return { type, codec };
  const reason = `It's essential to set compress codec when fileType is: ${type}`;
  throw refuse('hdfs.fileType', type, reason, 'set hdfs.codeC, e.g. hdfs.codeC = gzip');
}

function valueFormOf(format: string, refuse: Refuse): 'bytes' | 'text' {
  const name = format
    .toLowerCase()
    .replace(/^org\.apache\.flume\.sink\.hdfs\.hdfs(\w+)serializer\$builder$/, '$1');
  if (name === 'writable') return 'bytes';
  if (name === 'text') return 'text';
  const reason = 'Java classes for keys and values of SequenceFiles cannot be run here';
  throw refuse('hdfs.writeFormat', format, reason, 'write Writable or Text');
}

function rollsOf(o: Options): Rolls {
  return {
    count: Math.max(0, o['hdfs.rollCount']),
    bodyBytes: Math.max(0, o['hdfs.rollSize']),
    intervalMs: Math.max(0, o['hdfs.rollInterval'] * 1000),
    idleMs: Math.max(0, o['hdfs.idleTimeout'] * 1000),
    minBodyBytes: o['hdfs.minFileSize'],
    maxAgeMs: o['hdfs.maxFileAge'] * 1000,
    minReplicas: o['hdfs.minBlockReplicas'] ?? 0,
  };
}

/** A take that fills many files would keep all of them from being renamed until the last one is safe. */
function takeEventsOf(o: Options, { count, bodyBytes, minBodyBytes }: Rolls): number {
  const ofFile = Math.max(
    Math.ceil(minBodyBytes / EVENT_BYTES_MIN),
    Math.min(
      count === 0 ? Number.POSITIVE_INFINITY : count,
      bodyBytes === 0 ? Number.POSITIVE_INFINITY : Math.ceil(bodyBytes / EVENT_BYTES_MIN),
    ),
  );
  return Math.max(o['hdfs.batchSize'], Math.min(o['hdfs.commitEvents'], ofFile));
}

/** A sync of a local file costs nobody else anything. */
function defaultIntervalMs(path: string): number {
  return locate(path).root === 'file://' ? 0 : COMMIT_INTERVAL_MS;
}

function inUseSuffixOf(o: Options): string {
  return o['hdfs.emptyInUseSuffix'] ? '' : o['hdfs.inUseSuffix'];
}

function zoneOf(id: string | undefined, warn: (text: string) => void): Zone {
  if (id === undefined) return LOCAL_ZONE;
  const zone = zoneById(id);
  if (zone !== null) return zone;
  warn(`hdfs.timeZone = ${id} is no time zone: GMT is used, as in Flume`);
  return fixedZone(0);
}

function roundingOf(o: Options, refuse: Refuse, warn: (text: string) => void): Rounding | null {
  if (!o['hdfs.round']) return null;
  const unit = o['hdfs.roundUnit'].toLowerCase();
  if (unit !== 'second' && unit !== 'minute' && unit !== 'hour') {
    warn(`hdfs.roundUnit = ${o['hdfs.roundUnit']} is not second, minute or hour: times are not rounded`);
    return null;
  }
  const value = o['hdfs.roundValue'];
  const max = ROUND_VALUES_MAX[unit];
  if (value >= 1 && value <= max) return { unit, value };
  throw refuse(
    'hdfs.roundValue',
    String(value),
    'it is out of range',
    `Round value must be > 0 and <= ${max}`,
  );
}

function triesOf(closeTries: number, retryMs: number, warn: (text: string) => void): number {
  if (retryMs <= 0) {
    warn('hdfs.retryInterval is 0 or less: files are tried to be finished once only');
    return 1;
  }
  return closeTries <= 0 ? Number.POSITIVE_INFINITY : closeTries;
}

function kerberosOf(o: Options, refuse: Refuse): FileSystemSettings['kerberos'] {
  const principal = o['hdfs.kerberosPrincipal'];
  const keytab = o['hdfs.kerberosKeytab'];
  if (principal === undefined && keytab === undefined) return undefined;
  if (principal === undefined) {
    throw refuse(
      'hdfs.kerberosKeytab',
      keytab!,
      'there is no principal for it',
      'set hdfs.kerberosPrincipal too',
    );
  }
  if (keytab === undefined) {
    throw refuse(
      'hdfs.kerberosPrincipal',
      principal,
      'there is no key tab for it',
      'set hdfs.kerberosKeytab too',
    );
  }
  try {
    if (!statSync(keytab).isFile()) throw new Error('it is no file');
    accessSync(keytab, constants.R_OK);
  } catch (error) {
    const reason = `Keytab is not a readable file (${messageOf(error)})`;
    throw refuse('hdfs.kerberosKeytab', keytab, reason, 'let this user read it');
  }
  return { principal, keytab };
}
