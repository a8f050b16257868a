/** How files look: their length and that of their functions and lines, and what must not be left in them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { filesOf, lines, type TextFile, withoutComments } from './tree.ts';

const FILE_LINES_MAX = 500;
const FUNCTION_LINES_MAX = 70;
const COLUMNS_MAX = 110;

/** Longer, each with its reason. */
const LONG_FILES: Readonly<Record<string, string>> = {};

const FOLDERS = ['src', 'test', 'scripts', 'benchmarks', 'native-free-bench'];
const typeScript = filesOf(FOLDERS, ['.ts']);
const everything = filesOf(
  [...FOLDERS, 'bin', 'conf', 'docs', '.ci'],
  [
    '.ts',
    '.conf',
    '.md',
    '.json',
    '.xml',
    '.template',
    '.sh',
    '.py',
    '.java',
    '/run',
    '/millrace',
    '/flume-ng',
  ],
);
const tests = typeScript.filter(({ path }) => path.endsWith('.test.ts'));

/**
 * `path:line` of every line that `wrong` says so of. These tests spell what they look for: they are left out.
 */
function linesWhere(files: readonly TextFile[], wrong: (line: string, i: number) => boolean): string[] {
  const others = files.filter(({ path }) => !path.startsWith('test/tidy/'));
  return others.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, i) => (wrong(line, i) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
  );
}

describe('lengths', () => {
  test('files stay under 500 lines, but for those that say why', () => {
    const breaches = typeScript
      .map(({ path, text }) => ({ path, count: text.split('\n').length - 1 }))
      .filter(({ path, count }) => count >= FILE_LINES_MAX && LONG_FILES[path] === undefined);
    assert.equal(lines(breaches.map(({ path, count }) => `${path}: ${count} lines`)), '');
    const short = Object.keys(LONG_FILES).filter((path) =>
      typeScript.every((file) => file.path !== path || file.text.split('\n').length <= FILE_LINES_MAX),
    );
    assert.equal(lines(short), '', 'no longer long: take it off the list');
  });

  test('functions stay under 70 lines', () => {
    const breaches = typeScript.flatMap(({ path, text }) =>
      functionsOf(withoutComments(text))
        .filter(({ count }) => count >= FUNCTION_LINES_MAX)
        .map(({ line, head, count }) => `${path}:${line}: ${count} lines: ${head}`),
    );
    assert.equal(lines(breaches), '');
  });

  test('lines have at most 110 columns, but for texts that are looked for whole', () => {
    assert.equal(lines(typeScript.flatMap(({ path, text }) => longLines(path, text))), '');
  });

  test('the measures see what they should', () => {
    const long = `class A {\n  async run(\n    a: string,\n  ): Promise<void> {\n${'    a();\n'.repeat(80)}  }\n}\n`;
    assert.deepEqual(functionsOf(long), [{ line: 4, head: '): Promise<void> {', count: 82 }]);
    assert.equal(functionsOf('describe("x", () => {\n  a();\n});\n').length, 0);
    assert.equal(functionsOf('const f = () => {\n  if (x) {\n    a();\n  }\n};\n')[0]!.count, 5);
    assert.deepEqual([...linesInText('a(`\nb\n`);\nc(`d`);\n')], [1, 2]);
    const long110 = (line: string) => longLines('a.ts', line).length;
    assert.equal(long110(`fail('${'x '.repeat(60)}');`), 0);
    assert.equal(long110(`const ${'x'.repeat(110)} = 'a';`), 1);
    assert.equal(long110(`// '${'x '.repeat(60)}'`), 1);
    assert.equal(long110(`f(\`\n${'x '.repeat(60)}\n\`);`), 0);
  });
});

describe('left over', () => {
  const MARKERS = /\b(TODO|FIXME|XXX|HACK)\b/;
  const MACHINE = /(^|[\s'"`(=:])\/(home\/\w|Users\/\w|work\b|root\b)|[A-Z]:\\+Users/;
  const DEBUGGING = /\bconsole\.(debug|trace|dir)\(|\bdebugger;/;

  test('no marker of unfinished work', () => {
    assert.equal(lines(linesWhere(everything, (line) => MARKERS.test(line))), '');
  });

  test('no path of somebody’s machine', () => {
    assert.equal(lines(linesWhere(everything, (line) => MACHINE.test(line))), '');
    for (const line of ['cd /home/me/x', "'/work/a'", 'C:\\Users\\me']) assert.ok(MACHINE.test(line), line);
    for (const line of ['test/homework', 'https://host/home', './work/x'])
      assert.ok(!MACHINE.test(line), line);
  });

  test('no statement for debugging', () => {
    const code = typeScript.map(({ path, text }) => ({ path, text: withoutComments(text) }));
    assert.equal(lines(linesWhere(code, (line) => DEBUGGING.test(line))), '');
  });

  test('no blanks at the end of lines, no tabs, no other line ends, a line end at the end', () => {
    const code = typeScript.concat(filesOf(['conf'], ['.conf', '.template']));
    assert.equal(lines(linesWhere(code, (line) => /[ \t\r]$/.test(line) || line.startsWith('\t'))), '');
    assert.equal(lines(code.filter(({ text }) => !text.endsWith('\n')).map(({ path }) => path)), '');
  });
});

describe('tests', () => {
  test('every test file has a test', () => {
    const empty = tests.filter(
      ({ text }) => !/\b(test|it|\w+Contract|\w+Rules)\(/.test(withoutComments(text)),
    );
    assert.ok(tests.length > 0);
    assert.equal(lines(empty.map(({ path }) => path)), '');
  });

  test('none is left out: no skip, only or todo', () => {
    const LEFT_OUT = /\b(test|it|describe|suite|t)\.(skip|only|todo)\b|[{,]\s*(skip|only|todo)\s*:/;
    const code = tests.map(({ path, text }) => ({ path, text: withoutComments(text) }));
    assert.equal(lines(linesWhere(code, (line) => LEFT_OUT.test(line))), '');
    for (const call of ['test.only(', "test('a', { skip: true }", 't.skip()'])
      assert.ok(LEFT_OUT.test(call), call);
    assert.ok(!LEFT_OUT.test("import { only } from './x.ts'"));
  });
});

/**
 * A string, template or expression that is long itself: breaking it would hide it
 * from a search for its words.
 */
const LONG_TEXT = /(['"`/]).{40,}\1|`[^`]{40,}$/;

function longLines(path: string, text: string): string[] {
  const inText = linesInText(text);
  const code = withoutComments(text).split('\n');
  const breaks = (line: string, i: number) => !inText.has(i) && !(tooLong(code[i]!) && LONG_TEXT.test(line));
  return linesWhere([{ path, text }], (line, i) => tooLong(line) && breaks(line, i));
}

function tooLong(line: string): boolean {
  return [...line].length > COLUMNS_MAX;
}

/** Lines that begin inside a template literal (help texts, scripts). */
function linesInText(text: string): ReadonlySet<number> {
  const inside = new Set<number>();
  let open = false;
  withoutComments(text)
    .split('\n')
    .forEach((line, i) => {
      if (open) inside.add(i);
      const marks = line.replaceAll('\\`', '').split('`').length - 1;
      if (marks % 2 === 1) open = !open;
    });
  return inside;
}

interface Measured {
  /** Of the line that ends the head, from 1. */
  readonly line: number;
  readonly head: string;
  readonly count: number;
}

/**
 * A line that opens a block is a function's unless a word of control, a type or a call
 * with a name stands before.
 */
const CONTROL =
  /^(\} )?(if|else|for|while|do|switch|try|catch|finally|class|interface|export (abstract )?class|export interface|enum)\b/;
const HEAD = /(=> \{|\)(: [^={]+)? \{)$/;
/** Suites hold tests, and the branch of a condition ends at another depth than it begins. */
const NOT_MEASURED = /^(describe|suite)\(|^[?:] /;

/**
 * Functions by the formatter's indentation: the block of a head ends at the first
 * closing line of its own depth.
 */
function functionsOf(text: string): readonly Measured[] {
  const all = text.split('\n');
  const found: Measured[] = [];
  all.forEach((line, i) => {
    const head = line.trim();
    if (!HEAD.test(head) || CONTROL.test(head) || NOT_MEASURED.test(head)) return;
    const indent = line.length - line.trimStart().length;
    const end = all.findIndex(
      (one, j) =>
        j > i && one.startsWith(`${' '.repeat(indent)}}`) && one.length - one.trimStart().length === indent,
    );
    if (end > 0) found.push({ line: i + 1, head, count: end - i + 1 });
  });
  return found;
}
