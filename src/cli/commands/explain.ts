import type { Declaration } from '../../component/declaration.ts';
import { describeOptions, type OptionRow } from '../../component/options/describe.ts';
import { nearest } from '../../component/options/suggest.ts';
import { adviceFor } from '../../config/lint/known-classes.ts';
import { registry } from '../../registry.ts';
import { type ParsedArguments, SCRIPT_OPTIONS } from '../arguments.ts';
import { type Command, complain, EXIT, print } from '../command.ts';
import { kindOf } from './components.ts';

const help = `Explains a component or one of its options.

usage: millrace explain KINDs.TYPE[.OPTION]

examples:
  millrace explain sinks.file_roll
  millrace explain sources.netcat.max-line-length
  millrace explain memory
`;

async function run(parsed: ParsedArguments): Promise<number> {
  const wanted = parsed.positionals[0];
  if (wanted === undefined) {
    complain(`Error: say what to explain\n\n${help}`);
    return EXIT.usage;
  }
  const [first, ...others] = wanted.split('.');
  const kind = kindOf(first!);
  const rest = kind === null ? wanted : others.join('.');
  const entries = registry.filter((entry) => kind === null || entry.kind === kind);
  const names = entries.flatMap((entry) => [...entry.aliases, ...entry.classes]);
  // Java class names have dots themselves: the longest name that fits is meant.
  const name = names
    .filter(
      (one) =>
        rest.toLowerCase() === one.toLowerCase() || rest.toLowerCase().startsWith(`${one.toLowerCase()}.`),
    )
    .sort((a, b) => b.length - a.length)[0];
  if (name === undefined) {
    const meant = nearest(rest.split('.', 1)[0]!, names);
    const hint = meant === null ? adviceFor(rest, names) : `did you mean ${meant}?`;
    complain(`Error: there is no component '${wanted}'${hint === null ? '' : `; ${hint}`}\n`);
    return EXIT.usage;
  }
  const option = rest.length > name.length ? rest.slice(name.length + 1) : null;
  const found = entries.filter((entry) => [...entry.aliases, ...entry.classes].includes(name));
  let code: number = EXIT.ok;
  for (const entry of found) code = explain((await entry.declare()).default, option) ? code : EXIT.usage;
  return code;
}

function explain(declaration: Declaration, option: string | null): boolean {
  const rows = describeOptions(declaration.options);
  if (option === null) {
    print(
      `${declaration.kind} ${[...declaration.aliases, ...declaration.classes].join(', ')}\n${declaration.title}\n\n`,
    );
    for (const row of rows) {
      print(`  ${row.key.padEnd(32)} ${row.type}; ${defaultText(row)}\n${indent(row.help)}`);
    }
    print(`\nexample:\n${declaration.example.replace(/^/gm, '  ')}\n`);
    return true;
  }
  const row = rows.find((one) => one.key === option);
  if (row === undefined) {
    const meant = nearest(
      option,
      rows.map((one) => one.key),
    );
    complain(
      `Error: ${declaration.kind} ${declaration.aliases[0] ?? declaration.classes[0]} has no option ${option}`,
    );
    complain(`${meant === null ? '' : `; did you mean ${meant}?`}\n`);
    return false;
  }
  print(`${row.key} (${declaration.kind} ${declaration.aliases[0] ?? declaration.classes[0]})\n`);
  print(`  type: ${row.type}\n  ${defaultText(row)}\n${indent(row.help)}`);
  if (row.example !== null) print(`  example: ${row.example}\n`);
  return true;
}

function defaultText(row: OptionRow): string {
  return row.default === 'required' ? row.default : `default: ${row.default}`;
}

const WIDTH = 100;

function indent(text: string): string {
  let line = '     ';
  let result = '';
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > WIDTH) {
      result += `${line}\n`;
      line = '     ';
    }
    line += ` ${word}`;
  }
  return `${result}${line}\n`;
}

export default { options: SCRIPT_OPTIONS, help, run } satisfies Command;
