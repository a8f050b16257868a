/**
 * Begins a component: its folder, its test, its example and its line of the registry. `npm
 * run new -- sinks my_sink`
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { KINDS, kindOf } from '../src/cli/commands/components.ts';
import { nearest } from '../src/component/options/suggest.ts';
import { filesFor, hasEntry, withEntry } from './scaffold/files.ts';

const PLURALS = KINDS.map((kind) => `${kind}s`);
const NAME = /^[a-z][a-z0-9_]{0,39}$/;

const HELP = `Begins a component that runs, to be changed into yours.

usage: npm run new -- KIND NAME

  KIND       ${PLURALS.join(', ')}
  NAME       its type in flume.conf and its folder: small letters, digits and _, such as my_sink
  --root DIR the repository to write to (default: this one)

It writes src/KIND/NAME/{index.ts,…,NOTES.md}, test/KIND/NAME/options.test.ts and conf/examples/KIND/NAME.conf, and adds
one line to src/registry.ts. Nothing that exists is changed otherwise.

example:
  npm run new -- sinks my_sink
`;

/** A wrong call: told in one line. */
class UsageError extends Error {}

/** Writes the component and returns the paths, or throws before anything is written. */
export function scaffold(root: string, kindText: string, name: string): readonly string[] {
  const kind = kindOf(kindText);
  if (kind === null) {
    const meant = nearest(kindText, PLURALS);
    throw new UsageError(
      `there is no kind '${kindText}'; ${meant === null ? `kinds are ${PLURALS.join(', ')}` : `did you mean ${meant}?`}`,
    );
  }
  if (!NAME.test(name)) {
    throw new UsageError(
      `'${name}' cannot be a name: use a small letter, then small letters, digits and _, 40 at most`,
    );
  }
  const registryFile = join(root, 'src/registry.ts');
  if (!existsSync(registryFile)) throw new UsageError(`${root} is no checkout: it has no src/registry.ts`);
  const registry = readFileSync(registryFile, 'utf8');
  const files = filesFor(kind, name);
  if (hasEntry(registry, kind, name))
    throw new UsageError(`src/registry.ts has a ${kind} named ${name} already`);
  const there = [`src/${kind}s/${name}`, ...files.keys()].find((path) => existsSync(join(root, path)));
  if (there !== undefined) throw new UsageError(`${there} exists already: choose another name, or remove it`);
  const changed = withEntry(registry, kind, name);
  for (const [path, text] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  writeFileSync(registryFile, changed);
  return [...files.keys()];
}

function main(): number {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        root: { type: 'string', default: resolve(import.meta.dirname, '..') },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      console.log(HELP);
      return 0;
    }
    const [kind, name, ...others] = positionals;
    if (kind === undefined || name === undefined || others.length > 0) {
      throw new UsageError('give a KIND and a NAME, such as: npm run new -- sinks my_sink');
    }
    for (const path of scaffold(values.root, kind, name)) console.log(`written: ${path}`);
    console.log(`changed: src/registry.ts\n\nnext: change them, then\n  npm run generate\n  npm run ok`);
    return 0;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (!(error instanceof UsageError) && !code?.startsWith('ERR_PARSE_ARGS')) throw error;
    console.error(`Error: ${message}\n       (--help tells more)`);
    return 1;
  }
}

if (import.meta.main) process.exitCode = main();
