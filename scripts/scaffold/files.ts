/** The files of a new component, and its line of the registry. */
import type { ComponentKind } from '../../src/component/declaration.ts';
import { BEGINNINGS } from './kinds.ts';

const COLUMNS = 110;

/** Path in the repository → text. */
export function filesFor(kind: ComponentKind, name: string): ReadonlyMap<string, string> {
  const folder = `${kind}s/${name}`;
  const { code, conf, title } = BEGINNINGS[kind];
  return new Map([
    [`src/${folder}/index.ts`, declaration(kind, name)],
    [`src/${folder}/${kind}.ts`, code],
    [`src/${folder}/NOTES.md`, `- ${title}: how it works, its limits and pitfalls belong here.\n`],
    [`test/${folder}/options.test.ts`, optionsTest(kind, name)],
    [`conf/examples/${folder}.conf`, exampleHead(title, folder) + conf.replaceAll('NAME', name)],
  ]);
}

function capital(kind: ComponentKind): string {
  return kind[0]!.toUpperCase() + kind.slice(1);
}

function declaration(kind: ComponentKind, name: string): string {
  const { title, options, declares, example } = BEGINNINGS[kind];
  const text = example.join('\\n').replaceAll('NAME', name);
  const type = `${capital(kind)}Declaration`;
  return `import type { ${type} } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
${options}});

export default {
  kind: '${kind}',
  aliases: ['${name}'],
  classes: [],
  title: '${title}',
  stability: 'experimental',
  options,
${declares}  example: '${text}',
  load: () => import('./${kind}.ts'),
} satisfies ${type};
`;
}

function optionsTest(kind: ComponentKind, name: string): string {
  const rows = BEGINNINGS[kind].bad.map(([properties, text]) => row(properties, `'${kind} x1: ${text}'`));
  // In the order of the formatter.
  const imports = [
    `import { parseOptions } from '../../../src/component/options/parse.ts';`,
    `import { options } from '../../../src/${kind}s/${name}/index.ts';`,
  ].sort((a, b) => (a.slice(a.indexOf('from')) < b.slice(b.indexOf('from')) ? -1 : 1));
  return `import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
${imports.join('\n')}

describe('options of ${kind} ${name}', () => {
  const findings = (properties: Record<string, string>) =>
    parseOptions(options, properties, { component: '${kind} x1' }).findings.map(({ text }) => text);

  test('nothing is required', () => assert.deepEqual(findings({}), []));

  const bad: readonly (readonly [Record<string, string>, string])[] = [
${rows.join('')}  ];
  for (const [properties, text] of bad) {
    test(text, () => assert.deepEqual(findings(properties), [text]));
  }
});
`;
}

function row(properties: string, text: string): string {
  const line = `    [${properties}, ${text}],\n`;
  if (line.length <= COLUMNS + 1) return line;
  return `    [\n      ${properties},\n      ${text},\n    ],\n`;
}

function exampleHead(title: string, folder: string): string {
  return `# ${title}.
#   bin/flume-ng agent -c conf -f conf/examples/${folder}.conf -n a1 -Dflume.root.logger=INFO,console
`;
}

/** The registry with the component behind the others of its kind. */
export function withEntry(registry: string, kind: ComponentKind, name: string): string {
  const lines = registry.split('\n');
  let at = lines.lastIndexOf('];');
  for (const { end, text } of entries(lines)) if (kindOfEntry(text) === kind) at = end + 1;
  if (at < 0) throw new Error('src/registry.ts: no list of entries was found');
  lines.splice(at, 0, ...entryLines(kind, name));
  return lines.join('\n');
}

/** Whether the registry has a component of this kind and name. */
export function hasEntry(registry: string, kind: ComponentKind, name: string): boolean {
  return [...entries(registry.split('\n'))].some(
    ({ text }) => kindOfEntry(text) === kind && text.toLowerCase().includes(`'${name}'`),
  );
}

function kindOfEntry(text: string): string | undefined {
  return /entry\(\s*'(\w+)'/.exec(text)?.[1];
}

function* entries(lines: readonly string[]): Generator<{ end: number; text: string }> {
  for (let i = 0; i < lines.length; i++) {
    if (!lines[i]!.startsWith('  entry(')) continue;
    const end = lines[i]!.endsWith('),') ? i : lines.indexOf('  ),', i);
    yield { end, text: lines.slice(i, end + 1).join('\n') };
  }
}

function entryLines(kind: ComponentKind, name: string): readonly string[] {
  const load = `() => import('./${kind}s/${name}/index.ts')`;
  const line = `  entry('${kind}', ['${name}'], [], ${load}),`;
  if (line.length <= COLUMNS) return [line];
  return ['  entry(', `    '${kind}',`, `    ['${name}'],`, '    [],', `    ${load},`, '  ),'];
}
