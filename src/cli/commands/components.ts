import type { ComponentKind } from '../../component/declaration.ts';
import { optionsSchema } from '../../component/options/describe.ts';
import { nearest } from '../../component/options/suggest.ts';
import { registry } from '../../registry.ts';
import { type ParsedArguments, SCRIPT_OPTIONS } from '../arguments.ts';
import { type Command, complain, EXIT, print } from '../command.ts';

export const KINDS: readonly ComponentKind[] = [
  'source',
  'channel',
  'sink',
  'interceptor',
  'selector',
  'processor',
  'serializer',
];

/** `sources`, `source`, `Sources` → source; null for anything else. */
export function kindOf(text: string): ComponentKind | null {
  const wanted = text.toLowerCase().replace(/s$/, '');
  return KINDS.find((kind) => kind === wanted) ?? null;
}

const help = `Lists the built-in components.

usage: millrace components [KIND] [--json]

kinds: ${KINDS.map((kind) => `${kind}s`).join(', ')}

examples:
  millrace components
  millrace components sinks
  millrace components sources --json     names, options and their JSON Schema
`;

async function run(parsed: ParsedArguments): Promise<number> {
  const wanted = parsed.positionals[0];
  const kind = wanted === undefined ? null : kindOf(wanted);
  if (wanted !== undefined && kind === null) {
    const meant = nearest(
      wanted,
      KINDS.map((one) => `${one}s`),
    );
    complain(`Error: there is no kind '${wanted}'${meant === null ? '' : `; did you mean ${meant}?`}\n`);
    return EXIT.usage;
  }
  const entries = registry.filter((entry) => kind === null || entry.kind === kind);
  const declarations = await Promise.all(entries.map(async (entry) => (await entry.declare()).default));
  if (parsed.options.has('json')) {
    const rows = declarations.map(({ kind, aliases, classes, title, stability, options }) => {
      return { kind, aliases, classes, title, stability, options, schema: optionsSchema(options) };
    });
    print(`${JSON.stringify(rows, null, 2)}\n`);
    return EXIT.ok;
  }
  for (const one of KINDS) {
    const rows = declarations.filter((declaration) => declaration.kind === one);
    if (rows.length === 0) continue;
    print(`${one}s\n`);
    for (const { aliases, classes, title, stability } of rows) {
      const note = stability === 'stable' ? '' : ` (${stability})`;
      print(`  ${(aliases[0] ?? classes[0]!).padEnd(20)} ${title}${note}\n`);
    }
  }
  return EXIT.ok;
}

export default {
  options: [...SCRIPT_OPTIONS, { name: 'json', help: 'everything as JSON' }],
  help,
  run,
} satisfies Command;
