import { registry } from '../../registry.ts';
import { type OptionDeclaration, type ParsedArguments, SCRIPT_OPTIONS } from '../arguments.ts';
import { type Command, complain, EXIT, print } from '../command.ts';
import { CHANNEL_ACTIONS } from './channel.ts';
import { KINDS } from './components.ts';

const help = `Prints a completion script.

usage: millrace completion bash|zsh|fish

examples:
  source <(millrace completion bash)
  millrace completion zsh > "\${fpath[1]}/_millrace"
  millrace completion fish > ~/.config/fish/completions/millrace.fish
`;

const SHELLS = ['bash', 'zsh', 'fish'] as const;
const KIND_NAMES = KINDS.map((kind) => `${kind}s`);

interface Words {
  readonly commands: readonly string[];
  readonly options: readonly string[];
  readonly explain: readonly string[];
}

async function words(): Promise<Words> {
  const { COMMANDS } = await import('../run.ts');
  const names = new Set<string>();
  for (const load of Object.values(COMMANDS)) {
    const { options }: { options: readonly OptionDeclaration[] } = (await load()).default;
    for (const option of options) names.add(`--${option.name}`);
  }
  const explain = registry.map((entry) => `${entry.kind}s.${entry.aliases[0] ?? entry.classes[0]}`);
  return { commands: Object.keys(COMMANDS), options: [...names].sort(), explain };
}

async function run(parsed: ParsedArguments): Promise<number> {
  const scripts: Readonly<Record<string, (all: Words) => string>> = { bash, zsh, fish };
  const shell = parsed.positionals[0] ?? '';
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined) {
    complain(`Error: give a shell: bash, zsh or fish\n\n${help}`);
    return EXIT.usage;
  }
  print(script(await words()));
  return EXIT.ok;
}

function bash({ commands, options, explain }: Words): string {
  return `_millrace() {
  local word="\${COMP_WORDS[COMP_CWORD]}" command="\${COMP_WORDS[1]}"
  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "${commands.join(' ')}" -- "$word")); return; fi
  case "$word" in -*) COMPREPLY=($(compgen -W "${options.join(' ')}" -- "$word")); return;; esac
  case "$command" in
    explain) COMPREPLY=($(compgen -W "${explain.join(' ')}" -- "$word"));;
    help) COMPREPLY=($(compgen -W "${commands.join(' ')}" -- "$word"));;
    completion) COMPREPLY=($(compgen -W "${SHELLS.join(' ')}" -- "$word"));;
    components) COMPREPLY=($(compgen -W "${KIND_NAMES.join(' ')}" -- "$word"));;
    channel) COMPREPLY=($(compgen -W "${CHANNEL_ACTIONS.join(' ')}" -- "$word") $(compgen -f -- "$word"));;
    *) COMPREPLY=($(compgen -f -- "$word"));;
  esac
}
complete -o filenames -F _millrace millrace flume-ng
`;
}

function zsh({ commands, options, explain }: Words): string {
  return `#compdef millrace flume-ng
if (( CURRENT == 2 )); then compadd ${commands.join(' ')}
elif [[ $words[CURRENT] == -* ]]; then compadd -- ${options.join(' ')}
elif [[ $words[2] == explain ]]; then compadd ${explain.join(' ')}
elif [[ $words[2] == help ]]; then compadd ${commands.join(' ')}
elif [[ $words[2] == completion ]]; then compadd ${SHELLS.join(' ')}
elif [[ $words[2] == components ]]; then compadd ${KIND_NAMES.join(' ')}
elif [[ $words[2] == channel ]]; then compadd ${CHANNEL_ACTIONS.join(' ')}; _files
else _files
fi
`;
}

function fish({ commands, options, explain }: Words): string {
  return ['millrace', 'flume-ng']
    .map(
      (program) =>
        `complete -c ${program} -n __fish_use_subcommand -f -a '${commands.join(' ')}'\n` +
        `complete -c ${program} -n '__fish_seen_subcommand_from explain' -f -a '${explain.join(' ')}'\n` +
        `complete -c ${program} -n '__fish_seen_subcommand_from help' -f -a '${commands.join(' ')}'\n` +
        `complete -c ${program} -n '__fish_seen_subcommand_from completion' -f -a '${SHELLS.join(' ')}'\n` +
        `complete -c ${program} -n '__fish_seen_subcommand_from components' -f -a '${KIND_NAMES.join(' ')}'\n` +
        `complete -c ${program} -n '__fish_seen_subcommand_from channel' -a '${CHANNEL_ACTIONS.join(' ')}'\n` +
        options.map((option) => `complete -c ${program} -l ${option.slice(2)}\n`).join(''),
    )
    .join('');
}

export default { options: SCRIPT_OPTIONS, help, run } satisfies Command;
