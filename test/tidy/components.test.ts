/**
 * A component is a folder with a declaration, notes and an example, and one line of the registry that agrees
 * with it.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { components, pathOf, readText } from '../../scripts/reference/components.ts';
import { KINDS } from '../../src/cli/commands/components.ts';
import { registry } from '../../src/registry.ts';
import { lines, ROOT } from './tree.ts';

const folders = KINDS.flatMap((kind) =>
  readdirSync(join(ROOT, 'src', `${kind}s`), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${kind}s/${entry.name}`),
);

describe('components', () => {
  test('every folder has index.ts and NOTES.md', () => {
    const missing = folders.flatMap((folder) =>
      ['index.ts', 'NOTES.md']
        .map((name) => `src/${folder}/${name}`)
        .filter((path) => !existsSync(join(ROOT, path))),
    );
    assert.equal(lines(missing), '');
    for (const folder of folders) assert.match(readText('src', folder, 'NOTES.md'), /^- \S/, folder);
  });

  test('every folder is registered, and every line of the registry has a folder of its kind', () => {
    const registered = registry.map(pathOf);
    assert.deepEqual([...registered].sort(), [...folders].sort());
    for (const entry of registry) assert.ok(pathOf(entry).startsWith(`${entry.kind}s/`), pathOf(entry));
  });

  test('names in the registry are those of the declaration', async () => {
    for (const entry of registry) {
      const { kind, aliases, classes } = (await entry.declare()).default;
      assert.deepEqual(
        { kind, aliases, classes },
        { kind: entry.kind, aliases: entry.aliases, classes: entry.classes },
      );
      assert.ok(aliases.length + classes.length > 0, pathOf(entry));
    }
  });

  test('no two components of a kind have a name in common, in any letter case', () => {
    for (const kind of KINDS) {
      const names = registry
        .filter((entry) => entry.kind === kind)
        .flatMap((entry) => [...entry.aliases, ...entry.classes])
        .map((name) => name.toLowerCase());
      assert.equal(new Set(names).size, names.length, kind);
    }
  });

  test('a declaration is whole: title, help that ends in a full stop, an example of it', async () => {
    for (const { declaration, path } of await components()) {
      assert.match(declaration.title, /[^.]$/, path);
      const names = [...declaration.aliases, ...declaration.classes];
      assert.ok(
        names.some((name) => declaration.example.includes(name)),
        `${path}: its example does not name it`,
      );
      for (const [key, spec] of Object.entries(declaration.options)) {
        assert.match(spec.help, /\.$/, `${path}: ${key}`);
        assert.equal(key.endsWith('.*'), spec.kind === 'map', `${path}: ${key}`);
        assert.equal(spec.kind === 'enum', spec.values !== undefined, `${path}: ${key}`);
        assert.ok(
          !(spec.required && spec.default !== undefined),
          `${path}: ${key} is required and has a default`,
        );
      }
    }
  });

  test('a declaration loads nothing of what it declares', () => {
    const breaches = folders.filter((folder) =>
      /^import (?!type)[^;]*from '\.\/(?!index)/m.test(readText('src', folder, 'index.ts')),
    );
    assert.equal(lines(breaches), '');
  });
});
