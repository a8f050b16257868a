/**
 * Which file may import which: the floors, one home for each package, no cycles, shared memory in one room.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { filesOf, type Import, importsOf, lines, ROOT, withoutComments } from './tree.ts';

const sources = filesOf(['src'], ['.ts']);
const imports = sources.flatMap((file) => importsOf(file));
const inside = imports.filter((one) => one.to.startsWith('src/'));

/**
 * Floors, lowest first; rooms of a floor from left to right. Parts lie side by side: none is left of another.
 * The contract of a channel (component) is what both ends of a transaction speak, so it stands left of them.
 */
const FOLDERS_OF_PARTS = [
  'sources',
  'channels',
  'sinks',
  'interceptors',
  'selectors',
  'processors',
  'serializers',
];
const FLOORS: readonly (readonly string[])[] = [
  ['base', 'memory', 'wire', 'storage'],
  ['component', 'transaction'],
  FOLDERS_OF_PARTS,
  ['config', 'engine', 'watch', 'embedded', 'client', 'cli'],
];
const PARTS_FLOOR = 2;

/** Above all floors: the process entry and what a package exports. */
const ENTRIES = /^src\/[\w-]+\.ts$/;
const REGISTRY = 'src/registry.ts';

const roomOf = (path: string) => path.split('/')[1]!;
const partOf = (path: string) => path.split('/').slice(0, 3).join('/');
const floorOf = (path: string) => FLOORS.findIndex((rooms) => rooms.includes(roomOf(path)));

/** Why an import is not allowed, or null. */
function breachOf({ from, to }: Import): string | null {
  if (from === REGISTRY) return null;
  if (to === REGISTRY) return ENTRIES.test(from) || floorOf(from) > PARTS_FLOOR ? null : 'reads the registry';
  if (floorOf(to) === PARTS_FLOOR && partOf(from) !== partOf(to)) return 'names a component';
  if (ENTRIES.test(from)) return null;
  if (ENTRIES.test(to)) return 'imports an entry';
  if (floorOf(from) < 0) return 'is in no room';
  if (floorOf(to) !== floorOf(from)) return floorOf(to) < floorOf(from) ? null : 'imports from a floor above';
  if (floorOf(from) === PARTS_FLOOR) return null;
  const rooms = FLOORS[floorOf(from)]!;
  return rooms.indexOf(roomOf(to)) <= rooms.indexOf(roomOf(from)) ? null : 'imports from a room to its right';
}

/** Where each package may be imported: files, or folders when they end in a slash. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  lmdb: ['src/storage/log/environment.ts'],
  msgpackr: ['src/memory/block/headers.ts', 'src/storage/checkpoint.ts'],
  mysql2: ['src/channels/jdbc/'],
  pg: ['src/channels/jdbc/'],
  pino: ['src/watch/log/writer.ts'],
  piscina: ['src/engine/pool/'],
};

describe('imports', () => {
  test('the rules read the tree: every room is there and imports are found', () => {
    const rooms = new Set(sources.map(({ path }) => roomOf(path)));
    for (const room of ['base', 'memory', 'transaction', 'component', 'sources', 'engine', 'cli']) {
      assert.ok(rooms.has(room), room);
    }
    assert.ok(inside.length > sources.length, `${inside.length} imports in ${sources.length} files`);
    assert.ok(inside.some((one) => one.dynamic && one.from === REGISTRY));
  });

  test('a breach of each kind is found', () => {
    const cases: readonly (readonly [string, string, string | null])[] = [
      ['src/base/log.ts', 'src/memory/lane.ts', 'imports from a room to its right'],
      ['src/memory/lane.ts', 'src/base/limits.ts', null],
      ['src/wire/a.ts', 'src/component/sink.ts', 'imports from a floor above'],
      ['src/sinks/null/sink.ts', 'src/sinks/logger/dump.ts', 'names a component'],
      ['src/sinks/null/sink.ts', 'src/sinks/null/index.ts', null],
      ['src/engine/start.ts', 'src/sinks/null/index.ts', 'names a component'],
      ['src/engine/start.ts', 'src/cli/run.ts', 'imports from a room to its right'],
      ['src/cli/planning.ts', 'src/registry.ts', null],
      ['src/component/sink.ts', 'src/registry.ts', 'reads the registry'],
    ];
    for (const [from, to, wanted] of cases) {
      assert.equal(breachOf({ from, to, dynamic: false }), wanted, `${from} → ${to}`);
    }
  });

  test('imports go up the table or left; only the registry names a component', () => {
    const breaches = inside.flatMap((one) => {
      const breach = breachOf(one);
      return breach === null ? [] : [`${one.from} → ${one.to}: ${breach}`];
    });
    assert.equal(lines(breaches), '');
  });

  test('nothing imports itself over others', () => {
    assert.equal(lines(cycles(inside.filter((one) => !one.dynamic))), '');
    assert.equal(
      cycles([
        { from: 'a', to: 'b', dynamic: false },
        { from: 'b', to: 'a', dynamic: false },
      ]).length,
      1,
    );
  });

  test('every package has its home', () => {
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
      readFileSync(join(ROOT, 'package.json'), 'utf8'),
    ) as { dependencies?: Record<string, string>; optionalDependencies?: Record<string, string> };
    const breaches = imports.flatMap(({ from, to }) => {
      if (to.startsWith('src/') || to.startsWith('node:')) return [];
      const homes = HOMES[to];
      if (homes === undefined) return [`${from}: ${to} has no home in test/tidy/imports.test.ts`];
      if (dependencies[to] === undefined && optionalDependencies[to] === undefined)
        return [`${from}: ${to} is no dependency of package.json`];
      const isHome = homes.some((home) => from === home || (home.endsWith('/') && from.startsWith(home)));
      return isHome ? [] : [`${from}: ${to} lives in ${homes.join(' and ')}`];
    });
    assert.equal(lines(breaches), '');
    const homeless = Object.keys(dependencies).filter((name) => HOMES[name] === undefined);
    assert.equal(lines(homeless), '', 'dependencies without a home');
  });

  test('shared memory and its operations stand only in src/memory', () => {
    const breaches = sources
      .filter(({ path }) => !path.startsWith('src/memory/'))
      .flatMap(({ path, text }) =>
        withoutComments(text)
          .split('\n')
          .flatMap((line, i) => (/\b(Atomics|SharedArrayBuffer)\b/.test(line) ? [`${path}:${i + 1}`] : [])),
      );
    assert.equal(lines(breaches), '');
  });
});

/** Each cycle once, as `a → b → a`. */
function cycles(edges: readonly Import[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) {
    const list = next.get(from) ?? [];
    next.set(from, list);
    list.push(to);
  }
  const done = new Set<string>();
  const path: string[] = [];
  const found: string[] = [];
  const visit = (file: string) => {
    const at = path.indexOf(file);
    if (at >= 0) {
      found.push([...path.slice(at), file].join(' → '));
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const to of next.get(file) ?? []) visit(to);
    path.pop();
    done.add(file);
  };
  for (const file of next.keys()) visit(file);
  return found;
}
