/**
 * Writes docs/reference from the declarations in src/: `npm run generate`. With --check nothing is written;
 * stale files are named and the exit code is 1. The pages depend on nothing but the tree, so that a second
 * run changes nothing.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { componentPage } from './reference/component-page.ts';
import { components, ROOT } from './reference/components.ts';
import { cliPage, errorsPage, indexPage, limitsPage, metricsPage, schemaText } from './reference/pages.ts';

const FOLDER = join(ROOT, 'docs/reference');

const HELP = `Writes docs/reference from what src/ declares.

usage: npm run generate [-- --check] [-- --out DIR]

  --check      write nothing; name files that are stale, and exit with 1 when there is one
  --out DIR    instead of docs/reference
`;

/** Path below docs/reference → text. */
export async function reference(): Promise<ReadonlyMap<string, string>> {
  const all = await components();
  return new Map([
    ['README.md', indexPage(all)],
    ...all.map((component) => [`${component.path}.md`, componentPage(component)] as const),
    ['metrics.md', metricsPage(all)],
    ['errors.md', errorsPage()],
    ['limits.md', limitsPage()],
    ['cli.md', await cliPage()],
    ['options.schema.json', schemaText(all)],
  ]);
}

/** Files that are missing, different, or there for a component that is not. */
export function staleFiles(pages: ReadonlyMap<string, string>, folder: string): readonly string[] {
  const there = existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) =>
          join(entry.parentPath, entry.name)
            .slice(folder.length + 1)
            .replaceAll('\\', '/'),
        )
    : [];
  const wrong = [...pages].filter(([path, text]) => {
    const file = join(folder, path);
    return !existsSync(file) || readFileSync(file, 'utf8') !== text;
  });
  return [...wrong.map(([path]) => path), ...there.filter((path) => !pages.has(path))].sort();
}

function write(pages: ReadonlyMap<string, string>, folder: string): void {
  for (const path of staleFiles(pages, folder)) {
    const file = join(folder, path);
    const text = pages.get(path);
    if (text === undefined) {
      rmSync(file);
    } else {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    console.log(`${text === undefined ? 'removed' : 'written'}: ${join(folder, path)}`);
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      check: { type: 'boolean', default: false },
      out: { type: 'string', default: FOLDER },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const pages = await reference();
  if (!values.check) {
    write(pages, values.out);
    return 0;
  }
  const stale = staleFiles(pages, values.out);
  for (const path of stale)
    console.error(`stale: ${join(values.out, path)} (npm run generate writes it anew)`);
  return stale.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
