import { type ParsedArguments, SCRIPT_OPTIONS } from '../arguments.ts';
import { type Command, complain, EXIT } from '../command.ts';

const help = `Flume's tools. fcintegritytool comes with the file channel and is not part of this version.

usage: flume-ng tool NAME
`;

async function run(parsed: ParsedArguments): Promise<number> {
  const name = parsed.positionals[0];
  complain(
    `Error: ${name === undefined ? 'no tool named' : `tool ${name} is not part of this version`}\n\n${help}`,
  );
  return EXIT.usage;
}

export default { options: SCRIPT_OPTIONS, help, run } satisfies Command;
