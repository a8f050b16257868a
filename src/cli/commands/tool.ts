import { type ParsedArguments, SCRIPT_OPTIONS } from '../arguments.ts';
import { type Command, complain, EXIT } from '../command.ts';

const help = `Flume's tools. fcintegritytool mends the logs of Flume's file channel, which Millrace does not write: its own
channels are looked into and mended by 'millrace channel DIR check' and 'millrace channel DIR repair'.

usage: flume-ng tool NAME
`;

async function run(parsed: ParsedArguments): Promise<number> {
  const name = parsed.positionals[0];
  complain(`Error: ${name === undefined ? 'no tool named' : `there is no tool ${name} here`}\n\n${help}`);
  return EXIT.usage;
}

export default { options: SCRIPT_OPTIONS, help, run } satisfies Command;
