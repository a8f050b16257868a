/** Settings of a whole agent: system properties (`-Dkey=value`) that Millrace itself reads. */
import type { Finding } from '../base/finding.ts';
import { DRAIN_MS_DEFAULT } from '../base/limits.ts';
import { type ParsedOptions, parseOptions } from '../component/options/parse.ts';
import { type OptionsOf, optionTable } from '../component/options/table.ts';

const PREFIX = 'millrace.';
const MONITORING_PORT = 'flume.monitoring.port';

export const engineOptions = optionTable({
  'millrace.drain.seconds': {
    kind: 'duration',
    unit: 's',
    default: DRAIN_MS_DEFAULT / 1000,
    min: 0,
    onBad: 'default',
    help: 'How long a stop waits for channels to be emptied.',
  },
  'millrace.workers.max': {
    kind: 'int',
    min: 1,
    onBad: 'default',
    help: 'Most worker threads: twice the cores when it is not given, at least 3.',
  },
  'millrace.log.format': {
    kind: 'enum',
    values: ['text', 'json'],
    default: 'text',
    onBad: 'default',
    help: 'How log lines are written.',
  },
  [MONITORING_PORT]: {
    kind: 'int',
    min: 0,
    max: 65535,
    default: 41414,
    onBad: 'default',
    help: 'Port of the counters over HTTP; 0 picks a free one.',
  },
});

export type EngineSettings = OptionsOf<typeof engineOptions>;

/** Others are Flume's, Java's or the user's own: only `millrace.…` can be misspelt. */
export function engineSettings(
  systemProperties: Readonly<Record<string, string>>,
): ParsedOptions<typeof engineOptions> {
  const own = Object.entries(systemProperties).filter(
    ([key]) => key.startsWith(PREFIX) || key === MONITORING_PORT,
  );
  const { values, findings } = parseOptions(engineOptions, Object.fromEntries(own), { component: '-D' });
  return {
    values,
    findings: findings.map((finding): Finding => ({ ...finding, text: shown(finding.text) })),
  };
}

/** `-Dmillrace.…`, as it stands on the command line. */
function shown(text: string): string {
  return text.replace(/^-D: (unknown option )?/, (_, unknown = '') => `${unknown}-D`);
}
