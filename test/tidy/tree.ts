/** The repository as the tidy tests see it: files, their text without comments, and who imports whom. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

export interface TextFile {
  /** Relative to the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Not written by hand, or not part of the repository. */
const LEFT_OUT = new Set([
  'node_modules',
  'dist',
  'logs',
  'coverage',
  'fixtures',
  '.git',
  '.cache',
  '.set-up.lock',
]);

/** Files below `folders` whose name ends as one of `endings` says, in a fixed order. */
export function filesOf(folders: readonly string[], endings: readonly string[]): readonly TextFile[] {
  return folders
    .flatMap((folder) => [...walk(join(ROOT, folder))])
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => ({ path: relative(ROOT, path).replaceAll('\\', '/'), text: readFileSync(path, 'utf8') }));
}

function* walk(folder: string): Generator<string> {
  if (!existsSync(folder)) return;
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isFile()) yield path;
    else if (entry.isDirectory() && !LEFT_OUT.has(entry.name)) yield* walk(path);
  }
}

/**
 * The same lines without comments. A `//` inside a string stays when something other than a blank stands
 * before it.
 */
export function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/(^|\s)\/\/.*$/gm, '$1');
}

export interface Import {
  readonly from: string;
  /** `src/memory/lane.ts` for a relative import, else the package's name or `node:fs`. */
  readonly to: string;
  readonly dynamic: boolean;
}

const STATIC = /(?:^|\n)\s*(?:import|export)\b[^'";]*?\bfrom\s+'([^']+)'|(?:^|\n)\s*import\s+'([^']+)'/g;
const DYNAMIC = /\bimport\(\s*'([^']+)'\s*\)/g;
const WORKER = /new URL\(\s*'(\.[^']+\.[tj]s)'/g;

export function importsOf(file: TextFile): readonly Import[] {
  const text = withoutComments(file.text);
  const found = (pattern: RegExp, dynamic: boolean) =>
    [...text.matchAll(pattern)].map((match) => {
      const specifier = match[1] ?? match[2]!;
      return { from: file.path, to: target(file.path, specifier), dynamic };
    });
  return [...found(STATIC, false), ...found(DYNAMIC, true), ...found(WORKER, true)];
}

function target(from: string, specifier: string): string {
  if (specifier.startsWith('.')) return join(dirname(from), specifier).replaceAll('\\', '/');
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Asserted to be empty by the tests: a failure then shows every breach, one a line. */
export function lines(breaches: readonly string[]): string {
  return breaches.length === 0 ? '' : `\n${breaches.join('\n')}\n`;
}
