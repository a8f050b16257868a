import type { LogLevel } from '../../base/log.ts';
import { countOf, findingLine, findingsText } from '../../config/lint/report.ts';
import type { Unit } from '../../config/plan/types.ts';
import { engineSettings } from '../../engine/settings.ts';
import { logSettings } from '../../watch/log/settings.ts';
import { LogWriter } from '../../watch/log/writer.ts';
import { AgentRun } from '../agent-run.ts';
import { last, type OptionDeclaration, type ParsedArguments, SCRIPT_OPTIONS } from '../arguments.ts';
import { type Command, complain, EXIT, print } from '../command.ts';
import { environmentOf } from '../environment.ts';
import { planFrom } from '../planning.ts';
import { applyTimeZone } from '../time-zone.ts';

const options: readonly OptionDeclaration[] = [
  { name: 'name', short: 'n', value: 'NAME', help: 'the name of this agent (required)' },
  {
    name: 'conf-file',
    short: 'f',
    value: 'FILE',
    repeated: true,
    help: 'configuration file; more are merged, later ones win',
  },
  {
    name: 'conf-uri',
    short: 'u',
    value: 'URI',
    repeated: true,
    help: 'file:, http(s): or classpath: URI; files are ignored then',
  },
  { name: 'conf-user', short: 'user', value: 'USER', help: 'user for http URIs' },
  { name: 'conf-password', short: 'pwd', value: 'PASSWORD', help: 'password for http URIs' },
  {
    name: 'conf-provider',
    short: 'prov',
    value: 'CLASS',
    help: 'not available: a Java class cannot provide the configuration',
  },
  {
    name: 'auth-provider',
    short: 'a',
    value: 'CLASS',
    help: 'not available: use --conf-user and --conf-password',
  },
  {
    name: 'poll-interval',
    short: 'i',
    value: 'SECONDS',
    help: 'how often the configuration is looked at (30; 300 for http)',
  },
  {
    name: 'backup-directory',
    short: 'b',
    value: 'DIR',
    help: 'keeps the last good configuration, used when no source can be read',
  },
  { name: 'no-reload-conf', help: 'do not look for changes of the configuration' },
  {
    name: 'zkConnString',
    short: 'z',
    value: 'HOSTS',
    help: 'not available yet: configuration from ZooKeeper',
  },
  { name: 'zkBasePath', short: 'p', value: 'PATH', help: 'not available yet' },
  ...SCRIPT_OPTIONS,
];

const help = `Runs an agent.

usage: flume-ng agent --name <name> --conf-file <file> [--conf <dir>] [options] [-Dproperty=value]

examples:
  flume-ng agent --conf conf --conf-file conf/examples/quickstart.conf --name a1 -Dflume.root.logger=INFO,console
  flume-ng agent -n a1 -c conf -f job.conf -Dflume.monitoring.type=http -Dflume.monitoring.port=34545

properties (-D):
  user.timezone=ZONE                 zone of log lines and file names: Europe/Berlin, GMT+8
  flume.root.logger=LEVEL,console    log to the console (default: logs/flume.log under the working directory)
  flume.monitoring.type=http         counters at http://localhost:41414/metrics (flume.monitoring.port=N)
  millrace.log.format=json           log lines as JSON
  millrace.drain.seconds=60          how long a stop waits for channels to be emptied
  millrace.workers.max=N             most worker threads (default: twice the cores, at least 3)
`;

/** What cannot be run whatever the configuration says; null when there is nothing of the kind. */
function refusal(parsed: ParsedArguments): string | null {
  if (last(parsed, 'name') === undefined) {
    return 'Missing required option: n (--name NAME). Try `flume-ng help agent`.';
  }
  const seconds = last(parsed, 'poll-interval');
  if (seconds !== undefined && !/^[1-9]\d{0,8}$/.test(seconds)) {
    return `--poll-interval ${seconds} is not a whole number of seconds, at least 1`;
  }
  return null;
}

async function run(parsed: ParsedArguments): Promise<number> {
  const wrong = refusal(parsed);
  if (wrong !== null) {
    complain(`${wrong}\n`);
    return EXIT.usage;
  }
  const name = last(parsed, 'name')!;
  const environment = environmentOf(parsed);
  const zoneWarning = applyTimeZone(environment.systemProperties);
  const logging = logSettings(environment.systemProperties, environment.confDir);
  const writer = new LogWriter(logging);
  const log = (level: LogLevel, text: string, error?: string) =>
    writer.write({
      timeMs: Date.now(),
      level,
      thread: 'main',
      logger: 'org.apache.flume.node.Application',
      text,
      ...(error === undefined ? {} : { error }),
    });
  if (zoneWarning !== null) log('warn', zoneWarning);
  for (const warning of logging.warnings) log('warn', warning);
  for (const option of ['conf-provider', 'auth-provider', 'zkConnString']) {
    if (parsed.options.has(option)) {
      log(
        'fatal',
        `A fatal error occurred while running. Exception follows.`,
        `--${option} is not available in Millrace`,
      );
      return EXIT.fatal;
    }
  }
  const { values: engine, findings } = engineSettings(environment.systemProperties);
  for (const finding of findings) log('warn', findingLine(finding));
  const agentRun = new AgentRun({
    name,
    files: parsed.options.get('conf-file') ?? [],
    uris: parsed.options.get('conf-uri') ?? [],
    user: last(parsed, 'conf-user'),
    password: last(parsed, 'conf-password'),
    pollSeconds: Number(last(parsed, 'poll-interval')) || null,
    backupDirectory: last(parsed, 'backup-directory') ?? null,
    reload: !parsed.options.has('no-reload-conf'),
    engine,
    environment,
    writer,
    log,
  });
  return await agentRun.run();
}

/** The plan in words; findings on standard error. Nothing is started, nothing is written. */
async function dryRun(parsed: ParsedArguments): Promise<number> {
  const wrong = refusal(parsed);
  if (wrong !== null) {
    complain(`${wrong}\n`);
    return EXIT.usage;
  }
  if (!parsed.options.has('conf-file') && !parsed.options.has('conf-uri')) {
    complain('No configuration: give --conf-file FILE or --conf-uri URI\n');
    return EXIT.usage;
  }
  const { name, result, findings } = await planFrom(parsed);
  complain(findingsText(findings, process.stderr.isTTY === true));
  const units = result.plan?.units ?? [];
  print(`agent ${name}: ${units.length === 0 ? 'nothing would run' : `${units.length} units would run`}\n`);
  for (const unit of units) print(`  ${unitText(unit)}\n`);
  return countOf(findings, 'error') === 0 ? EXIT.ok : EXIT.config;
}

function unitText(unit: Unit): string {
  if (unit.kind === 'channel') return `channel ${unit.name}: ${unit.type}`;
  if (unit.kind === 'source') {
    return `source ${unit.name}: ${unit.type} → ${unit.channels.map((one) => one.name).join(', ')}`;
  }
  const sinks = unit.sinks.map((sink) => `${sink.name}: ${sink.type} ← ${sink.channel}`);
  const alone = unit.sinks.length === 1 && unit.processor.alias === 'default';
  return alone ? `sink ${sinks[0]}` : `group ${unit.name} (${unit.processor.type}): ${sinks.join('; ')}`;
}

export default { options, help, run, dryRun } satisfies Command;
