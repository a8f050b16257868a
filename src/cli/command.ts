/** What a command of the command line is. */
import { type OptionDeclaration, optionsHelp, type ParsedArguments } from './arguments.ts';

export interface Command {
  readonly options: readonly OptionDeclaration[];
  /** First line: what it does. Then usage lines and examples. */
  readonly help: string;
  /** The exit code. */
  run(parsed: ParsedArguments): Promise<number>;
  /** What `--dryrun` tells beside the command line; the exit code. */
  dryRun?(parsed: ParsedArguments): Promise<number>;
}

/** What `help COMMAND` and `COMMAND --help` print, and the reference shows. */
export function helpOf(command: Command): string {
  return `${command.help}\noptions:\n${optionsHelp(command.options)}`;
}

/** Exit codes, told in docs/guide/operate.md. */
export const EXIT = { ok: 0, usage: 1, fatal: 1, config: 78 } as const;

export function print(text: string): void {
  process.stdout.write(text);
}

export function complain(text: string): void {
  process.stderr.write(text);
}
