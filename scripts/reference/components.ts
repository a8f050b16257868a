/** The registered components, each with its folder: what pages, examples and checks go by. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Declaration, RegistryEntry } from '../../src/component/declaration.ts';
import { registry } from '../../src/registry.ts';

export const ROOT = resolve(import.meta.dirname, '../..');

export interface Component {
  readonly declaration: Declaration;
  /** `sources/netcat`: below src/, conf/examples/ and docs/reference/ alike. */
  readonly path: string;
  /** `netcat`, or the last part of a class name: StressSource. */
  readonly shortName: string;
}

/**
 * The folder of an entry, from the import that its line of the registry makes: the line itself need not
 * repeat it.
 */
export function pathOf(entry: RegistryEntry): string {
  const match = /import\(\s*['"]\.\/(\w+\/\w+)\/index\.[tj]s['"]\s*\)/.exec(String(entry.declare));
  if (match === null)
    throw new Error(`registry.ts: ${entry.kind} ${entry.aliases[0]} does not import an index.ts`);
  return match[1]!;
}

export async function components(): Promise<readonly Component[]> {
  return Promise.all(
    registry.map(async (entry) => {
      const declaration = (await entry.declare()).default;
      const shortName = declaration.aliases[0] ?? lastName(declaration.classes[0]!);
      return { declaration, path: pathOf(entry), shortName };
    }),
  );
}

function lastName(javaClass: string): string {
  return javaClass.slice(javaClass.lastIndexOf('.') + 1).replace(/\$Builder$/, '');
}

export function readText(...path: readonly string[]): string {
  const file = join(ROOT, ...path);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** The code of a component, all files as one text. */
export function codeOf(path: string): string {
  const folder = join(ROOT, 'src', path);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readText('src', path, name))
    .join('\n');
}
