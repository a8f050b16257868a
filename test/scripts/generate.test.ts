import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { reference, staleFiles } from '../../scripts/generate.ts';
import { components, ROOT } from '../../scripts/reference/components.ts';
import { code, plain, table } from '../../scripts/reference/markdown.ts';
import { ERRORS } from '../../src/base/errors.ts';
import * as LIMITS from '../../src/base/limits.ts';
import { COMMANDS } from '../../src/cli/run.ts';

const run = promisify(execFile);
const SCRIPT = join(ROOT, 'scripts/generate.ts');

let pages: ReadonlyMap<string, string>;
let folder = '';

before(async () => {
  pages = await reference();
  folder = mkdtempSync(join(tmpdir(), 'millrace-reference-'));
});

after(() => rmSync(folder, { recursive: true, force: true }));

describe('the reference', () => {
  test('docs/reference is what src/ declares now', () => {
    assert.deepEqual(staleFiles(pages, join(ROOT, 'docs/reference')), [], 'npm run generate');
  });

  test('a second run gives the same bytes', async () => {
    assert.deepEqual(await reference(), pages);
  });

  test('each component has a page with its names, options, notes and example, and stands in the index', async () => {
    const index = pages.get('README.md')!;
    for (const { declaration, path } of await components()) {
      const text = pages.get(`${path}.md`);
      assert.ok(text !== undefined, path);
      for (const name of [...declaration.aliases, ...declaration.classes])
        assert.ok(text.includes(code(name)), name);
      for (const key of Object.keys(declaration.options)) assert.ok(text.includes(`| ${code(key)} |`), key);
      assert.ok(text.includes(readFileSync(join(ROOT, 'src', path, 'NOTES.md'), 'utf8').trim()), path);
      assert.ok(text.includes(readFileSync(join(ROOT, `conf/examples/${path}.conf`), 'utf8').trim()), path);
      assert.ok(index.includes(`(${path}.md)`), path);
    }
  });

  test('the option table tells default, range, aliases and what is secret', () => {
    const netcat = pages.get('sources/netcat.md')!;
    assert.match(netcat, /\| `port` \| int, from 0 to 65535 \| \*\*required\*\* \|.*Example: `44444` \|/);
    const http = pages.get('sources/http.md')!;
    assert.match(http, /\| `keystore-password` \|.*Also read: keystorePassword\. Never shown\./);
    assert.match(http, /\| `maxRequestBytes` \| size, bytes, at least 1 \| `64MiB` \|.*Millrace only\./);
    assert.match(pages.get('sources/seq.md')!, /\| `totalEvents` \|.*\(Flume: 9223372036854775807\)/);
  });

  test('errors, limits and commands are all listed', () => {
    for (const name of Object.keys(ERRORS))
      assert.ok(pages.get('errors.md')!.includes(`| ${code(name)} |`), name);
    for (const name of Object.keys(LIMITS))
      assert.ok(pages.get('limits.md')!.includes(`| ${code(name)} |`), name);
    for (const name of Object.keys(COMMANDS))
      assert.ok(pages.get('cli.md')!.includes(`\n## ${name}\n`), name);
  });

  test('links inside it lead to files', () => {
    for (const [path, text] of pages) {
      for (const [, link] of text.matchAll(/\]\(([^)#:]+)\)/g)) {
        const target = join(dirname(path), link!).replaceAll('\\', '/');
        const there = pages.has(target) || existsSync(join(ROOT, 'docs/reference', target));
        assert.ok(there, `${path} → ${link}`);
      }
    }
  });

  test('the schema lists required options, also under their other names', async () => {
    interface Schema {
      properties: Record<string, { default?: string; writeOnly?: boolean }>;
      required: string[];
    }
    const { $defs } = JSON.parse(pages.get('options.schema.json')!) as { $defs: Record<string, Schema> };
    assert.deepEqual($defs['sources.netcat']!.required, ['bind', 'port']);
    assert.equal($defs['sources.netcat']!.properties['max-line-length']!.default, '512');
    assert.equal($defs['sources.http']!.properties.keystorePassword!.writeOnly, true);
    assert.equal(Object.keys($defs).length, (await components()).length);
  });
});

describe('scripts/generate.ts', () => {
  const check = () =>
    run(process.execPath, [SCRIPT, '--check', '--out', folder]).then(
      () => ({ code: 0, stderr: '' }),
      (error: { code: number; stderr: string }) => error,
    );

  test('writes the pages, and --check then finds nothing', async () => {
    await run(process.execPath, [SCRIPT, '--out', folder]);
    assert.equal(readFileSync(join(folder, 'errors.md'), 'utf8'), pages.get('errors.md'));
    assert.equal((await check()).code, 0);
  });

  test('--check names what is changed, missing or left over, writes nothing, and exits with 1', async () => {
    writeFileSync(join(folder, 'errors.md'), 'changed');
    rmSync(join(folder, 'limits.md'));
    mkdirSync(join(folder, 'sinks'), { recursive: true });
    writeFileSync(join(folder, 'sinks/gone.md'), 'left over');
    const { code: exit, stderr } = await check();
    assert.equal(exit, 1);
    const named = [...stderr.matchAll(/^stale: (\S+)/gm)].map(([, path]) => path!.slice(folder.length + 1));
    assert.deepEqual(named, ['errors.md', 'limits.md', 'sinks/gone.md']);
    assert.equal(readFileSync(join(folder, 'errors.md'), 'utf8'), 'changed');
  });

  test('the next run mends all of them', async () => {
    await run(process.execPath, [SCRIPT, '--out', folder]);
    assert.deepEqual(staleFiles(pages, folder), []);
  });
});

describe('Markdown', () => {
  test('cells keep their bars, and text is not read as markup', () => {
    assert.equal(table(['a'], [['x | y\nz']]), '| a |\n| --- |\n| x \\| y z |\n');
    assert.equal(plain('<n> and *, but `<n>`'), '\\<n> and \\*, but `<n>`');
    assert.equal(code('a`b'), '`` a`b ``');
  });
});
