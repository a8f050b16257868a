/**
 * Flume's command line: `--conf-file x`, `--conf-file=x`, `-conf-file x` (long names take one dash, too),
 * `-f x`, unambiguous abbreviations of long names, `-Dkey=value` (also `-Dkey==value`), JVM options
 * (`-Xmx2g`, `-javaagent:…`).
 */
import { MillraceError } from '../base/errors.ts';
import { nearest } from '../component/options/suggest.ts';

export interface OptionDeclaration {
  readonly name: string;
  readonly short?: string;
  /** Name of the value in the help text; a flag has none. */
  readonly value?: string;
  readonly repeated?: boolean;
  readonly help: string;
}

export interface ParsedArguments {
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly positionals: readonly string[];
  readonly systemProperties: Readonly<Record<string, string>>;
  /** `-Xmx` in bytes. */
  readonly heapBytes: number | null;
}

/** Options that Flume's start script reads, for every command. */
export const SCRIPT_OPTIONS: readonly OptionDeclaration[] = [
  { name: 'conf', short: 'c', value: 'DIR', help: 'configuration directory (flume-env.sh, log4j files)' },
  {
    name: 'classpath',
    short: 'C',
    value: 'PATH',
    help: 'folders in which classpath: URIs and password files are looked up',
  },
  {
    name: 'plugins-path',
    value: 'DIRS',
    help: 'folders of plug-ins, colon-separated (default: plugins.d of the installation)',
  },
  { name: 'dryrun', short: 'd', help: 'print what would be started, and end' },
  { name: 'help', short: 'h', help: 'this text' },
];

export function parseArguments(
  argv: readonly string[],
  declared: readonly OptionDeclaration[],
): ParsedArguments {
  const options = new Map<string, string[]>();
  const positionals: string[] = [];
  const systemProperties: Record<string, string> = {};
  let heapBytes: number | null = null;
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!;
    if (argument.startsWith('-D') && argument.length > 2) {
      const [key, value] = splitOnce(argument.slice(2), '=');
      systemProperties[key] = value ?? '';
    } else if (/^-(X|agentlib|agentpath|javaagent|server$|verbose:)/.test(argument)) {
      heapBytes = heapOf(argument) ?? heapBytes;
    } else if (!argument.startsWith('-') || argument === '-') {
      positionals.push(argument);
    } else {
      const [name, inline] = splitOnce(argument.replace(/^--?/, ''), '=');
      const option = find(name, argument.startsWith('--'), declared);
      const list = options.get(option.name) ?? [];
      options.set(option.name, list);
      if (option.value === undefined) list.push('true');
      else list.push(inline ?? takeValue(argv[++i], option, declared));
    }
  }
  return { options, positionals, systemProperties, heapBytes };
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** The next argument, unless it is an option itself: then the value was forgotten. */
function takeValue(
  value: string | undefined,
  option: OptionDeclaration,
  declared: readonly OptionDeclaration[],
): string {
  if (value === undefined || isOption(value, declared)) {
    throw usage(`Missing argument for option: --${option.name} ${option.value}`);
  }
  return value;
}

function isOption(argument: string, declared: readonly OptionDeclaration[]): boolean {
  const name = /^--?([^=]+)/.exec(argument)?.[1];
  if (name === undefined) return false;
  return declared.some((one) => one.name === name || (one.short === name && !argument.startsWith('--')));
}

function find(name: string, long: boolean, declared: readonly OptionDeclaration[]): OptionDeclaration {
  const exact = declared.find((one) => one.name === name || (!long && one.short === name));
  if (exact !== undefined) return exact;
  const begun = declared.filter((one) => one.name.startsWith(name));
  if (begun.length === 1 && name.length > 1) return begun[0]!;
  const names = declared.map((one) => one.name);
  if (begun.length > 1) {
    throw usage(`Ambiguous option: ${name} (could be: ${begun.map((one) => one.name).join(', ')})`);
  }
  const meant = nearest(name, names);
  throw usage(
    `Unrecognized option: ${long ? '--' : '-'}${name}${meant === null ? '' : `; did you mean --${meant}?`}`,
  );
}

function usage(text: string): MillraceError {
  return new MillraceError('BAD_INPUT', text, { remedy: 'see `flume-ng help`' });
}

const HEAP_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

function heapOf(argument: string): number | null {
  const match = /^-Xmx(\d+)([kmgt]?)$/i.exec(argument);
  return match === null ? null : Number(match[1]) * HEAP_UNITS[match[2]!.toLowerCase()]!;
}

/** Help lines of options. */
export function optionsHelp(declared: readonly OptionDeclaration[]): string {
  return declared
    .map(({ name, short, value, help }) => {
      const names = `--${name}${short === undefined ? '' : `,-${short}`}${value === undefined ? '' : ` <${value.toLowerCase()}>`}`;
      return `  ${names.padEnd(28)} ${help}\n`;
    })
    .join('');
}

export function last(parsed: ParsedArguments, name: string): string | undefined {
  return parsed.options.get(name)?.at(-1);
}
