import type { ParsedArguments } from '../arguments.ts';
import { SCRIPT_OPTIONS } from '../arguments.ts';
import { type Command, complain, EXIT, helpOf, print } from '../command.ts';

const help = `Usage: flume-ng <command> [options]...      (millrace is the same program)

commands:
  agent                     run an agent
  status                    how a running agent is, and how far
  validate FILE             check a configuration: all findings at once
  graph FILE                draw a configuration as Mermaid or DOT
  components [KIND]         list what there is: sources, channels, sinks …
  explain TYPE[.OPTION]     options of a component: explain sinks.file_roll
  channel DIR ACTION        look into a file channel, repair it, move events in and out
  completion SHELL          completion for bash, zsh or fish
  avro-client               send lines to an avro source
  tool                      what stands for the tools of Flume
  version                   show the version
  help [COMMAND]            this text, or that of a command

examples:
  flume-ng agent --conf conf --conf-file conf/examples/quickstart.conf --name a1 -Dflume.root.logger=INFO,console
  millrace validate job.conf -n a1
  millrace explain sources.netcat
`;

async function run(parsed: ParsedArguments): Promise<number> {
  const name = parsed.positionals[0];
  if (name === undefined) {
    print(help);
    return EXIT.ok;
  }
  const { COMMANDS } = await import('../run.ts');
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    complain(`Error: there is no command '${name}'\n\n${help}`);
    return EXIT.usage;
  }
  const { default: command } = await load();
  print(helpOf(command));
  return EXIT.ok;
}

export default { options: SCRIPT_OPTIONS, help, run } satisfies Command;
