/** Which channel a `channel` command is about: directories, and what flume.conf says beside them. */
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MillraceError } from '../../base/errors.ts';
import { silentLogger } from '../../base/log.ts';
import { parseOptions } from '../../component/options/parse.ts';
import type { AgentPlan, ChannelUnit } from '../../config/plan/types.ts';
import { registry } from '../../registry.ts';
import { isCheckpoint } from '../../storage/checkpoint.ts';
import type { BlockCipher } from '../../storage/log/cipher.ts';
import { firstOffsetOf } from '../../storage/log/segment.ts';
import { logCipher } from '../../transaction/log-channel/encryption.ts';
import { logOptions, logSettings } from '../../transaction/log-channel/options.ts';
import { last, type ParsedArguments } from '../arguments.ts';
import { planFrom } from '../planning.ts';

export interface Target {
  readonly checkpointDir: string;
  readonly dataDirs: readonly string[];
  readonly segmentBytes: number;
  readonly journalBytes: number;
  readonly freeBytesMin: number;
  readonly checkpointMs: number;
  readonly cipher: BlockCipher | null;
}

/** @throws CONF_* when there is no such channel, or its options are wrong; BAD_INPUT for the command line. */
export async function targetOf(parsed: ParsedArguments, folders: readonly string[]): Promise<Target> {
  const checkpoint = last(parsed, 'checkpoint');
  const data = parsed.options.get('data')?.flatMap((text) => text.split(/\s*,\s*/)) ?? [];
  const isNamed = checkpoint !== undefined || data.length > 0;
  const fromConf = parsed.options.has('conf-file');
  if (Number(isNamed) + Number(fromConf) + Number(folders.length > 0) > 1) {
    throw usage('the channel is named twice', 'give DIR…, --checkpoint and --data, or --conf-file');
  }
  if (fromConf) return await configured(parsed);
  if (isNamed && (checkpoint === undefined || data.length === 0)) {
    throw usage('--checkpoint and --data go together', 'name both directories of the channel');
  }
  const places =
    folders.length > 0 ? placesIn(folders) : isNamed ? { checkpointDir: checkpoint!, dataDirs: data } : {};
  const settings = { ...settingsFrom({}, 'channel'), ...places };
  return {
    ...settings,
    checkpointDir: resolve(settings.checkpointDir),
    dataDirs: settings.dataDirs.map((path) => resolve(path)),
    cipher: null,
  };
}

function settingsFrom(properties: Readonly<Record<string, string>>, component: string) {
  const { values, findings } = parseOptions(logOptions, properties, { component, others: ['*'] });
  const wrong = findings.find(({ severity }) => severity === 'error');
  if (wrong !== undefined) throw new MillraceError(wrong.code, wrong.text, wrong);
  return logSettings(values);
}

/** A folder of all directories of a channel, or the directories themselves, told apart by what they hold. */
function placesIn(folders: readonly string[]): Pick<Target, 'checkpointDir' | 'dataDirs'> {
  const inside = folders.flatMap((folder) => [folder, ...subfolders(folder)]);
  const checkpoints = inside.filter((path) => has(path, isCheckpoint));
  const named = inside.filter((path) => /\/checkpoint$/.test(path));
  const found = checkpoints.length > 0 ? checkpoints : named;
  if (found.length !== 1) {
    const what = found.length === 0 ? 'no checkpoint directory' : `${found.length} checkpoint directories`;
    throw usage(
      `there is ${what} among ${folders.join(', ')}`,
      'name them: --checkpoint DIR --data DIR[,DIR…]',
    );
  }
  const data = inside.filter((path) => has(path, (name) => firstOffsetOf(name) !== null));
  const others = inside.filter((path) => path !== found[0] && /\/data\d*$/.test(path));
  const dataDirs = data.length > 0 ? data : others;
  if (dataDirs.length > 0) return { checkpointDir: found[0]!, dataDirs };
  throw usage(
    `there is no data directory among ${folders.join(', ')}`,
    'name it: --checkpoint DIR --data DIR',
  );
}

function subfolders(folder: string): string[] {
  requireDirectory(folder, 'directory', 'name the directories of a file channel');
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(resolve(folder), name));
}

function has(folder: string, matches: (name: string) => boolean): boolean {
  return readdirSync(folder).some(matches);
}

/** @throws CONF_OPTION_VALUE */
export function requireDirectory(path: string, what: string, remedy: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return;
  const text = `${what} ${path} ${stats === undefined ? 'does not exist' : 'is not a directory'}`;
  throw new MillraceError('CONF_OPTION_VALUE', text, { value: path, remedy });
}

/** A channel that was never started has none: the command would show, or make, an empty one. */
export function requireDirectories({ checkpointDir, dataDirs }: Target): void {
  requireDirectory(
    checkpointDir,
    'checkpoint directory',
    'correct it; when it was lost, make an empty one: taken events may come again',
  );
  for (const path of dataDirs) {
    requireDirectory(path, 'data directory', 'name the directories that the channel has, all of them');
  }
}

async function configured(parsed: ParsedArguments): Promise<Target> {
  const { name, result, findings } = await planFrom({ ...parsed, positionals: [] });
  if (result.plan === null) {
    const wrong = findings.find(({ severity }) => severity === 'error');
    throw new MillraceError(wrong?.code ?? 'CONF_AGENT_INVALID', wrong?.text ?? `agent ${name} is invalid`, {
      remedy: wrong?.remedy ?? 'see `millrace validate`',
    });
  }
  const { alias, name: channel, properties } = await channelOf(result.plan, last(parsed, 'channel'));
  const component = `channel ${channel}`;
  if (!(await isLog(alias))) {
    throw new MillraceError('CONF_OPTION_VALUE', `${component} of type ${alias} has no directories`, {
      component,
      value: alias,
      remedy: 'name a channel of the types file or SPILLABLEMEMORY',
    });
  }
  const { values } = parseOptions(logOptions, properties, { component });
  return { ...settingsFrom(properties, component), cipher: logCipher(channel, values, silentLogger) };
}

async function channelOf(plan: AgentPlan, wanted: string | undefined): Promise<ChannelUnit> {
  const all = plan.units.filter((unit): unit is ChannelUnit => unit.kind === 'channel');
  const candidates: ChannelUnit[] = [];
  for (const unit of all) {
    if (wanted === undefined ? await isLog(unit.alias) : unit.name === wanted) candidates.push(unit);
  }
  if (candidates.length === 1) return candidates[0]!;
  const names = all.map((unit) => unit.name).join(', ');
  const what = wanted === undefined ? `${candidates.length} channels with directories` : 'no such channel';
  throw new MillraceError('CONF_COMPONENT', `agent ${plan.agentName} has ${what}`, {
    ...(wanted === undefined ? {} : { value: wanted }),
    remedy: `give --channel NAME; it has: ${names}`,
  });
}

async function isLog(alias: string): Promise<boolean> {
  const entry = registry.find((one) => one.kind === 'channel' && one.aliases.includes(alias));
  if (entry === undefined) return false;
  const { options } = (await entry.declare()).default;
  return Object.hasOwn(options, 'checkpointDir') && Object.hasOwn(options, 'dataDirs');
}

export function usage(text: string, remedy: string): MillraceError {
  return new MillraceError('BAD_INPUT', text, { remedy });
}
