/** Finds the command and runs it; errors become one line and an exit code. */
import { adviceOf, isConfigurationError, MillraceError } from '../base/errors.ts';
import { nearest } from '../component/options/suggest.ts';
import { parseArguments } from './arguments.ts';
import { type Command, complain, EXIT, helpOf, print } from './command.ts';
import { commandLine } from './dry-run.ts';

/** Commands and where they are; imported when called. */
export const COMMANDS: Readonly<Record<string, () => Promise<{ default: Command }>>> = {
  agent: () => import('./commands/agent.ts'),
  status: () => import('./commands/status.ts'),
  validate: () => import('./commands/validate.ts'),
  graph: () => import('./commands/graph.ts'),
  components: () => import('./commands/components.ts'),
  explain: () => import('./commands/explain.ts'),
  channel: () => import('./commands/channel.ts'),
  completion: () => import('./commands/completion.ts'),
  'avro-client': () => import('./commands/avro-client.ts'),
  tool: () => import('./commands/tool.ts'),
  version: () => import('./commands/version.ts'),
  help: () => import('./commands/help.ts'),
};

export async function runCommand(argv: readonly string[]): Promise<number> {
  const [first, ...rest] = argv;
  let name = first ?? '';
  if (name === '--help' || name === '-h') name = 'help';
  if (name === '--version' || name === '-version') name = 'version';
  if (name === 'node') {
    complain('Warning: The "node" command is deprecated. Please use "agent" instead.\n');
    name = 'agent';
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    const meant = nearest(name, Object.keys(COMMANDS));
    complain(
      `Error: Unknown or unspecified command '${name}'${meant === null ? '' : `; did you mean ${meant}?`}\n\n`,
    );
    const { default: help } = await COMMANDS.help!();
    complain(help.help);
    return EXIT.usage;
  }
  const { default: command } = await load();
  try {
    const parsed = parseArguments(rest, command.options);
    if (parsed.options.has('help')) {
      print(helpOf(command));
      return EXIT.ok;
    }
    if (parsed.options.has('dryrun')) {
      print(commandLine([name, ...rest]));
      return (await command.dryRun?.(parsed)) ?? EXIT.ok;
    }
    return await command.run(parsed);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    complain(`Error: ${adviceOf(error)}\n`);
    return isConfigurationError(error) ? EXIT.config : EXIT.usage;
  }
}
