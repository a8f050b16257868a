/** What `validate` finds by making components without starting them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseProperties } from '../../src/config/properties/parse.ts';
import { type TrialResult, tryOut } from '../../src/engine/trial.ts';
import { BASE, plan, planWith } from '../config/planning.ts';
import { HOME } from '../kit/process.ts';

const PLACES = { pluginPaths: [], confDir: null };

async function tried(more: string): Promise<TrialResult> {
  const { plan: made, findings } = await planWith(more);
  assert.deepEqual(findings, [], 'the tables say nothing of it');
  const { properties } = parseProperties(`${BASE}\n${more}`, 'flume.conf');
  return await tryOut(made!, PLACES, properties);
}

const interceptor = (lines: string) => {
  const own = lines.replace(/^/gm, 'a1.sources.r1.interceptors.i1.');
  return `a1.sources.r1.interceptors = i1\n${own}`;
};
const fileRoll = 'a1.sinks.k1.type = file_roll\na1.sinks.k1.sink.directory = /var/log';
const group = `a1.sinks = k1 k2
a1.sinks.k2.type = null
a1.sinks.k2.channel = c1
a1.sinkgroups = g1
a1.sinkgroups.g1.sinks = k1 k2
a1.sinkgroups.g1.processor.type = `;

describe('a trial finds', () => {
  const cases: readonly (readonly [string, string, string, RegExp, RegExp])[] = [
    [
      'a pattern that is wrong',
      interceptor('type = regex_filter\nregex = (unclosed'),
      'sources.r1.interceptors.i1.regex',
      /^interceptor i1: regex = \(unclosed: Unclosed group/,
      /close it/,
    ],
    [
      'a group without a header',
      interceptor('type = regex_extractor\nregex = (a)\nserializers = s1'),
      'sources.r1.interceptors.i1.serializers.s1.name',
      /^interceptor i1: serializers\.s1\.name: it is missing/,
      /set it to the header/,
    ],
    [
      'a replacement with a group that the pattern does not have',
      interceptor('type = search_replace\nsearchPattern = a\nreplaceString = $1'),
      'sources.r1.interceptors.i1.replaceString',
      /replaceString = \$1/,
      /./,
    ],
    [
      'a charset that nobody knows',
      'a1.sources.r1.encoding = utf8x',
      'sources.r1.encoding',
      /^source r1: encoding = utf8x is not a known charset/,
      /use a charset such as UTF-8/,
    ],
    [
      'a serializer that is misspelt',
      `${fileRoll}\na1.sinks.k1.sink.serializer = txt`,
      'sinks.k1.sink.serializer',
      /^sink k1: sink\.serializer = txt cannot be used/,
      /^did you mean text\?$/,
    ],
    [
      'an HTTP handler that cannot be loaded',
      'a1.sources.r1.type = http\na1.sources.r1.handler = com.acme.Handler',
      'sources.r1.handler',
      /^source r1: handler = com\.acme\.Handler cannot be used/,
      /JSONHandler.*or the file of a plug-in/,
    ],
    [
      'an order of a load balancer that is misspelt',
      `${group}load_balance\na1.sinkgroups.g1.processor.selector = roundrobin`,
      'sinkgroups.g1.processor.selector',
      /selector = roundrobin cannot be used/,
      /did you mean round_robin\?/,
    ],
  ];
  for (const [name, lines, key, text, remedy] of cases) {
    test(`${name}, and leaves out what could not run`, async () => {
      const more = lines.includes('type = http') ? lines : lines;
      const { plan: left, findings } = await tried(more);
      assert.equal(findings.length, 1, JSON.stringify(findings));
      const finding = findings[0]!;
      assert.deepEqual([finding.severity, finding.file], ['error', 'flume.conf']);
      assert.equal(finding.key, key.endsWith('.name') ? 'a1.sources.r1.interceptors.i1.type' : `a1.${key}`);
      assert.match(finding.text, text);
      assert.match(finding.remedy ?? '', remedy);
      const gone = key.startsWith('sources') ? 'source' : 'group';
      assert.deepEqual(
        left.units.map((unit) => unit.kind),
        ['channel', 'source', 'group'].filter((kind) => kind !== gone),
      );
    });
  }

  test('what a component only warns of, and it runs', async () => {
    const { plan: left, findings } = await tried(
      `${group}failover\na1.sinkgroups.g1.processor.priority.k3 = 1`,
    );
    assert.equal(left.units.length, 3);
    const [finding] = findings as [TrialResult['findings'][number]];
    assert.equal(finding.severity, 'warning');
    assert.match(finding.text, /priority\.k3 is ignored: the group has no sink k3 \(it has k1, k2\)/);
  });

  test('options that a serializer does not have', async () => {
    const { plan: left, findings } = await tried(
      `${fileRoll}\na1.sinks.k1.sink.serializer.appendNewlin = false`,
    );
    assert.equal(left.units.length, 3);
    const [finding] = findings as [TrialResult['findings'][number]];
    assert.deepEqual([finding.severity, finding.remedy], ['warning', 'did you mean appendNewline?']);
    assert.equal(finding.key, 'a1.sinks.k1.sink.serializer.appendNewlin');
  });
});

/** What keeps a process alive, apart from requests under way (the host interceptor asks for its name). */
const opened = () =>
  process
    .getActiveResourcesInfo()
    .filter((name) => !/Req/.test(name))
    .sort();

describe('a trial of the examples', () => {
  const examples = readdirSync(join(HOME, 'conf/examples'), { recursive: true, encoding: 'utf8' });
  test('finds nothing and opens nothing', async () => {
    const before = opened();
    let units = 0;
    for (const file of examples.filter((name) => name.endsWith('.conf'))) {
      const text = readFileSync(join(HOME, 'conf/examples', file), 'utf8');
      const { properties } = parseProperties(text, file);
      for (const name of new Set([...properties.keys()].map((key) => key.split('.', 1)[0]!))) {
        const made = (await plan(text, name)).plan;
        const { plan: left, findings } = await tryOut(made!, PLACES, properties);
        assert.deepEqual(findings, [], `${file} ${name}`);
        assert.deepEqual(left.units, made!.units);
        units += left.units.length;
      }
    }
    assert.ok(units > 100, `${units} units`);
    assert.deepEqual(opened(), before);
  });
});
