import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AgentKind } from '../../benchmarks/agents.ts';
import type { Flow } from '../../benchmarks/flows/index.ts';
import type { Measurement } from '../../benchmarks/measure.ts';
import { type FlowResult, fillMarkers, markdown, ratios, svg } from '../../benchmarks/report/report.ts';

const FLOW: Flow = {
  name: 'a-b',
  title: 'a → b, <1 & more>',
  eventBytes: 500,
  events: null,
  load: null,
  goal: 3,
};

function run(agent: AgentKind, eventsPerSecond: number): Measurement {
  return { agent, eventsPerSecond, cpuSecondsPerMillion: 0.5, peakBytes: 150e6, startMs: 420 };
}

function result(ours: readonly number[], theirs: readonly number[], flow: Flow = FLOW): FlowResult {
  return {
    flow,
    seconds: 20,
    ours: ours.map((rate) => run('millrace', rate)),
    theirs: theirs.map((rate) => run('flume', rate)),
  };
}

const PAIRS = result([4e6, 5e6, 6e6], [1e6, 2e6, 1.5e6]);
const ALONE = result([45_000, 46_000], []);

describe('benchmarks: report', () => {
  test('ratios are of pairs, not of medians', () => {
    assert.deepEqual(ratios(PAIRS), { median: 4, min: 2.5, max: 4 });
    assert.equal(ratios(ALONE), null);
  });

  test('the page has a table, the ratio with its goal, and the command that measured it', () => {
    assert.equal(
      markdown([PAIRS], '2 cores'),
      `Measured on 2 cores.

### a-b: a → b, <1 & more>

| agent | events/s, median (min – max) | MB/s | CPU s per million | peak RSS, MB | start-up, s |
|---|---|---|---|---|---|
| Millrace | 5.00 M (4.00 M – 6.00 M) | 2500 | 0.50 | 150 | 0.42 |
| Java Flume 1.11 | 1.50 M (1.00 M – 2.00 M) | 750 | 0.50 | 150 | 0.42 |

Ratio: **4.00×** (2.50 – 4.00 over 3 pairs); goal 3×.

\`npm run bench -- a-b --against flume --pairs 3 --seconds 20\`
`,
    );
  });

  test('without the other agent there is no row of it, no ratio, and no --against', () => {
    const text = markdown([ALONE], '2 cores');
    assert.match(text, /^\| Millrace \| 45\.5 k \(45\.0 k – 46\.0 k\) \| 23 \|/m);
    assert.doesNotMatch(text, /Flume|Ratio|goal/);
    assert.match(text, /^`npm run bench -- a-b --pairs 2 --seconds 20`$/m);
  });

  test('a flow without a goal has none in its ratio', () => {
    const text = markdown([result([2], [1], { ...FLOW, goal: null })], 'x');
    assert.match(text, /^Ratio: \*\*2\.00×\*\* \(2\.00 – 2\.00 over 1 pairs\)\.$/m);
  });

  test('every flow has its part, in order', () => {
    const other = { ...FLOW, name: 'c-d' };
    const heads = markdown([PAIRS, result([1], [], other)], 'x').match(/^### \S+/gm);
    assert.deepEqual(heads, ['### a-b:', '### c-d:']);
  });

  test('the drawing has a bar an agent, as long as its median says, the longest of a flow at full width', () => {
    const drawing = svg([PAIRS, ALONE]);
    const widths = [...drawing.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map((match) => Number(match[1]));
    assert.deepEqual(widths, [420, 126, 420]);
    const tops = [...drawing.matchAll(/<rect [^>]*y="(\d+)"/g)].map((match) => Number(match[1]));
    assert.deepEqual(
      tops,
      [...tops].sort((a, b) => a - b),
    );
    const height = Number(/^<svg [^>]*height="(\d+)"/.exec(drawing)![1]);
    assert.ok(tops.every((top) => top + 18 <= height));
  });

  test('the drawing is well-formed: titles are escaped and tags are closed', () => {
    const drawing = svg([PAIRS]);
    assert.ok(drawing.includes('a → b, &#60;1 &#38; more&#62;'));
    const open: string[] = [];
    for (const [, slash, name, own] of drawing.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
      if (slash === '/') assert.equal(open.pop(), name);
      else if (own !== '/') open.push(name!);
    }
    assert.deepEqual(open, []);
  });
});

describe('benchmarks: markers of a page', () => {
  const page = 'head\n<!-- figures:begin -->\nold\n<!-- figures:end -->\ntail\n';

  test('text is put between them, and the rest of the page stays', () => {
    const filled = fillMarkers(page, 'figures', '\n$& new $1\n\n');
    assert.equal(filled, 'head\n<!-- figures:begin -->\n$& new $1\n<!-- figures:end -->\ntail\n');
  });

  test('filling again replaces what was filled before', () => {
    const twice = fillMarkers(fillMarkers(page, 'figures', 'one'), 'figures', 'two');
    assert.equal(twice, fillMarkers(page, 'figures', 'two'));
  });

  const bad: readonly (readonly [string, string])[] = [
    ['no marker', 'text'],
    ['no end', '<!-- figures:begin -->'],
    ['no beginning', '<!-- figures:end -->'],
    ['the end first', '<!-- figures:end --><!-- figures:begin -->'],
    ['markers of another name', page.replaceAll('figures', 'numbers')],
  ];
  for (const [what, text] of bad) {
    test(`a page with ${what} is refused, with the markers that it needs`, () => {
      assert.throws(() => fillMarkers(text, 'figures', 'new'), {
        message: 'the page has no markers <!-- figures:begin --> … <!-- figures:end -->',
      });
    });
  }
});
