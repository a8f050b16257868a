/** What tiers.md, clients.md and tls.md show is what the code has. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { rpcOptions } from '../../src/client/options.ts';
import { TLS_GLOBALS } from '../../src/component/tls/globals.ts';
import { clientTlsOptions } from '../../src/component/tls/options.ts';
import { HOME } from '../kit/process.ts';
import { blocksOf, codeIn, pageOf, tablesUnder } from './kit.ts';
import { hasAll, sourcesBelow, testPage } from './page.ts';

for (const name of ['tiers', 'clients', 'tls']) testPage(name);

describe('tiers.md', () => {
  test('has every topology of conf/examples', () => {
    const shown = tablesUnder(pageOf('tiers'), '## Which arrangement').map(
      (row) => /\]\(.*\/(.*\.conf)\)/.exec(row.join())![1],
    );
    assert.deepEqual(shown.sort(), readdirSync(join(HOME, 'conf/examples/topologies')).sort());
  });

  test('its messages are those of the code', () => {
    const code = sourcesBelow('src/component', 'src/sinks', 'src/sources', 'src/wire', 'src/engine');
    for (const [, messages] of tablesUnder(pageOf('tiers'), '## What messages mean')) hasAll(code, messages!);
  });
});

describe('clients.md', () => {
  test('its programs are parts of the examples', () => {
    const folder = join(HOME, 'docs/examples');
    const programs = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    for (const block of blocksOf(pageOf('clients'), 'js')) {
      assert.ok(
        programs.some((program) => program.includes(block)),
        block,
      );
    }
  });

  test('its table has every property of a client, with the default', () => {
    const rows = tablesUnder(pageOf('clients'), '### Several hosts');
    const shown = rows.flatMap(([names]) => codeIn(names!));
    const own = Object.keys(rpcOptions).filter((key) => key === 'ssl' || !(key in clientTlsOptions));
    assert.deepEqual(shown.sort(), own.sort());
    for (const [names, text] of rows) {
      const [key] = codeIn(names!);
      const option = rpcOptions[key as keyof typeof rpcOptions];
      if (!('default' in option) || text === '') continue;
      assert.equal(text!.replaceAll('`', ''), String(option.default), key);
    }
  });

  test('its table of failures has every one', () => {
    const shown = tablesUnder(pageOf('clients'), '### Errors').flatMap(([failure]) => codeIn(failure!));
    const code = readFileSync(join(HOME, 'src/client/errors.ts'), 'utf8');
    const known = [...code.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, failure]) => failure);
    assert.deepEqual(shown.sort(), known.sort());
  });
});

describe('tls.md', () => {
  test('its table has the global parameters', () => {
    const shown = tablesUnder(pageOf('tls'), '## For all components at once').map((row) =>
      row.flatMap(codeIn),
    );
    const known = Object.entries(TLS_GLOBALS).map(([option, { property, variable }]) => [
      option,
      property,
      variable,
    ]);
    assert.deepEqual(shown, known);
  });

  test('its messages are those of the code', () => {
    const code = sourcesBelow('src/component/tls', 'src/wire/tls');
    const rows = tablesUnder(pageOf('tls'), '## What messages mean');
    assert.ok(rows.length > 15);
    for (const [messages] of rows) hasAll(code, messages!);
  });
});
