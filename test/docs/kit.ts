/** What tests of the guides take from their pages. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOME } from '../kit/process.ts';

export function pageOf(name: string): string {
  return readFileSync(join(HOME, `docs/guide/${name}.md`), 'utf8');
}

/** Fenced blocks of a language, in order. */
export function blocksOf(page: string, language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, block]) => block!,
  );
}

/** Whether a block of properties is a part of a flume.conf; else it is an RPC client's. */
export function isAgents(block: string): boolean {
  return /^a\d\./m.test(block);
}

/**
 * The fragment as a whole agent's configuration, keys without the agent's name: what it does not show is a
 * memory channel, `sources` for what comes in and `sinks` for what goes out.
 */
export function completed(
  fragment: string,
  missing: { readonly source: string; readonly sink: string },
): string {
  const lines = fragment.replaceAll(/^a\d\./gm, '');
  const has = (start: string) => lines.split('\n').some((line) => line.startsWith(start));
  const hasTyped = (kind: string) => new RegExp(`^${kind}\\.\\w+\\.type`, 'm').test(lines);
  const more = [
    'sources = r1',
    'channels = c1',
    'sinks = k1',
    ...(hasTyped('sources') ? [] : [missing.source]),
    ...(hasTyped('sinks') ? [] : [missing.sink]),
    ...(has('channels.')
      ? []
      : [
          'channels.c1.type = memory',
          'channels.c1.capacity = 1000',
          'channels.c1.transactionCapacity = 1000',
        ]),
    ...(has('sources.r1.channels') ? [] : ['sources.r1.channels = c1']),
    ...(has('sinks.k1.channel') ? [] : ['sinks.k1.channel = c1']),
  ];
  return `${lines}\n${more.join('\n')}`;
}

/** Properties of a client, as an object. */
export function clientProperties(block: string): Record<string, string> {
  const lines = block.split('\n').filter((line) => line.includes(' = '));
  return Object.fromEntries(lines.map((line) => line.split(' = ', 2) as [string, string]));
}

/** Cells of the tables under a heading, row by row, without the headings of columns. */
export function tablesUnder(page: string, heading: string): string[][] {
  const from = page.indexOf(`\n${heading}\n`);
  if (from < 0) throw new Error(`there is no ${heading}`);
  const level = heading.split(' ', 1)[0]!.length;
  const rest = page.slice(from + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${level}} `, 'm'));
  const rows = (end < 0 ? rest : rest.slice(0, end)).split('\n').filter((line) => line.startsWith('|'));
  const cells = rows.map((row) => row.split('|').slice(1, -1));
  const rules = new Set(cells.flatMap(([first], n) => (/^-+$/.test(first!.trim()) ? [n - 1, n] : [])));
  return cells.filter((_, n) => !rules.has(n)).map((row) => row.map((cell) => cell.trim()));
}

/** Text in backticks, outside of blocks. */
export function codeIn(text: string): string[] {
  return [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!);
}
