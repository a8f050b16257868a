/**
 * What every guide page has to keep: what it shows plans, its commands have the options, its links lead
 * somewhere.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type OptionDeclaration, parseArguments } from '../../src/cli/arguments.ts';
import { settingsOf } from '../../src/client/options.ts';
import { planText } from '../kit/flow.ts';
import { HOME } from '../kit/process.ts';
import { blocksOf, clientProperties, codeIn, completed, isAgents, pageOf } from './kit.ts';

const EVERYWHERE = { source: 'sources.r1.type = seq', sink: 'sinks.k1.type = null' };

/** Text of all sources below these folders. */
export function sourcesBelow(...folders: readonly string[]): string {
  const files = folders.flatMap((folder) =>
    readdirSync(join(HOME, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(HOME, folder, name), 'utf8')),
  );
  return files.join('\n');
}

/** Each message stands in the code; `…` is what the code fills in. */
export function hasAll(code: string, messages: string): void {
  for (const message of codeIn(messages)) {
    const pieces = message.split('…').map((piece) => piece.replace(/^[ :)]+|[ :()]+$/g, ''));
    for (const piece of pieces) assert.ok(code.includes(piece), `"${piece}" of "${message}"`);
  }
}

/** Commands that a page shows, as words: `flume-ng`, `agent`, … */
function commandsOf(page: string): string[][] {
  const shown = [...page.split('\n').filter((line) => line.startsWith('    ')), ...codeIn(page)];
  return shown.flatMap((line) => {
    const command = /(?:^|[ /])((?:flume-ng|millrace) [a-z-]+ .*-.*)/.exec(line)?.[1];
    return command === undefined ? [] : [command.replace(/ {3,}\S.*$/, '').split(/ +/)];
  });
}

export function testPage(name: string): void {
  const page = pageOf(name);

  describe(`${name}.md`, () => {
    test('its configurations plan without a finding', async () => {
      for (const block of blocksOf(page, 'properties')) {
        if (isAgents(block)) {
          const { plan, findings } = await planText(completed(block, EVERYWHERE));
          assert.deepEqual(findings, [], block);
          assert.equal(plan!.units.length, 3, block);
        } else {
          assert.deepEqual(settingsOf(clientProperties(block)).warnings, [], block);
        }
      }
    });

    test('its commands have the options, files and agents that it names', async () => {
      const commands = commandsOf(page);
      assert.ok(commands.length > 0);
      for (const [, command, ...words] of commands) {
        const module = (await import(`../../src/cli/commands/${command}.ts`)) as {
          readonly default: { readonly options: readonly OptionDeclaration[] };
        };
        const { options, positionals } = parseArguments(words, module.default.options);
        const file = options.get('conf-file')?.[0] ?? positionals[0];
        if (file?.startsWith('conf/') !== true) continue;
        assert.match(
          readFileSync(join(HOME, file), 'utf8'),
          new RegExp(`^${options.get('name')?.[0]}\\.`, 'm'),
        );
      }
    });

    test('its links to headings lead to one', () => {
      for (const [, target, anchor] of page.matchAll(/\]\((?:(\w+)\.md)?#([^)]+)\)/g)) {
        const headings = [...pageOf(target ?? name).matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
          text!.toLowerCase().replaceAll(' ', '-'),
        );
        assert.ok(headings.includes(anchor!), `${target ?? ''}#${anchor}`);
      }
    });
  });
}
