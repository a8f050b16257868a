import { DRAIN_MS_DEFAULT } from '../../base/limits.ts';
import type { LogLevel } from '../../base/log.ts';
import { logSettings } from '../../watch/log/settings.ts';
import { LogWriter } from '../../watch/log/writer.ts';
import { AgentRun } from '../agent-run.ts';
import { last, type OptionDeclaration, type ParsedArguments, SCRIPT_OPTIONS } from '../arguments.ts';
import { type Command, complain, EXIT } from '../command.ts';
import { environmentOf } from '../environment.ts';

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
  { name: 'conf-user', value: 'USER', help: 'user for http URIs' },
  { name: 'conf-password', value: 'PASSWORD', help: 'password for http URIs' },
  {
    name: 'conf-provider',
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
  flume.root.logger=LEVEL,console    log to the console (default: logs/flume.log under the working directory)
  flume.monitoring.type=http         counters at http://localhost:41414/metrics (flume.monitoring.port=N)
  millrace.log.format=json           log lines as JSON
  millrace.drain.seconds=60          how long a stop waits for channels to be emptied
  millrace.workers.max=N             most worker threads (default: twice the cores, at least 3)
`;

async function run(parsed: ParsedArguments): Promise<number> {
  const name = last(parsed, 'name');
  if (name === undefined) {
    complain('Missing required option: n (--name NAME). Try `flume-ng help agent`.\n');
    return EXIT.usage;
  }
  const environment = environmentOf(parsed);
  const writer = new LogWriter(logSettings(environment.systemProperties, environment.confDir));
  const log = (level: LogLevel, text: string, error?: string) =>
    writer.write({
      timeMs: Date.now(),
      level,
      thread: 'main',
      logger: 'org.apache.flume.node.Application',
      text,
      ...(error === undefined ? {} : { error }),
    });
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
  const drain = Number(environment.systemProperties['millrace.drain.seconds']);
  const agentRun = new AgentRun({
    name,
    files: parsed.options.get('conf-file') ?? [],
    uris: parsed.options.get('conf-uri') ?? [],
    user: last(parsed, 'conf-user'),
    password: last(parsed, 'conf-password'),
    pollSeconds: Number(last(parsed, 'poll-interval')) || null,
    backupDirectory: last(parsed, 'backup-directory') ?? null,
    reload: !parsed.options.has('no-reload-conf'),
    drainMs: drain > 0 ? drain * 1000 : DRAIN_MS_DEFAULT,
    environment,
    writer,
    log,
  });
  return await agentRun.run();
}

export default { options, help, run } satisfies Command;
