/** Flume's first phase: which components stay, and what is said of the others. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { shapeAgents } from '../../../src/config/plan/shape.ts';
import { type ValidAgent, validateAgent } from '../../../src/config/plan/validate.ts';
import { parseProperties } from '../../../src/config/properties/parse.ts';
import { errorsOf, only } from '../planning.ts';

function validate(lines: string) {
  const { agents } = shapeAgents(parseProperties(lines, 'x.conf').properties);
  return validateAgent(agents.get('a')!, { env: {}, classPath: [] });
}

const FULL = `a.sources = s1 s2
a.sources.s1.type = s1_type
a.sources.s1.channels = c1
a.sources.s2.type = jms
a.sources.s2.channels = c2
a.channels = c1 c2
a.channels.c1.type = c1_type
a.channels.c2.type = memory
a.sinks = k1 k2
a.sinks.k1.type = k1_type
a.sinks.k1.channel = c1
a.sinks.k2.type = null
a.sinks.k2.channel = c2
a.sinkgroups = g1
a.sinkgroups.g1.sinks = k1 k2
a.sinkgroups.g1.processor.type = failover
a.configfilters = f2
a.configfilters.f2.type = env`;

function without(...keys: readonly string[]): string {
  return FULL.split('\n')
    .filter((line) => !keys.some((key) => line.startsWith(`${key} `)))
    .join('\n');
}

function names(agent: ValidAgent | null) {
  const of = (list: readonly { readonly name: string }[]) => list.map((one) => one.name).join(' ');
  return agent && [of(agent.sources), of(agent.channels), of(agent.sinks), of(agent.groups)];
}

describe('what makes an agent valid', () => {
  test('types are not looked at yet: unknown ones stay', () => {
    const { agent, findings } = validate(FULL);
    assert.deepEqual(names(agent), ['s1 s2', 'c1 c2', 'k1 k2', 'g1']);
    assert.deepEqual(findings, []);
  });

  for (const kind of ['sources', 'sinks'] as const) {
    test(`an agent without ${kind} is valid, with a warning`, () => {
      const { agent, findings } = validate(without(`a.${kind}`));
      assert.ok(agent);
      assert.deepEqual(agent[kind], []);
      const said = findings.find((one) => one.text === `Agent configuration for 'a' has no ${kind}.`);
      assert.equal(said?.severity, 'warning');
    });
  }

  const invalid: readonly (readonly [string, string, string])[] = [
    ['no list of channels', without('a.channels'), 'does not contain any channels. Marking it as invalid.'],
    [
      'no channel with a type',
      without('a.channels.c1.type', 'a.channels.c2.type'),
      'does not contain any valid channels. Marking it as invalid.',
    ],
    [
      'neither sources nor sinks',
      without('a.sources', 'a.sinks'),
      'has no sources or sinks. Will be marked invalid.',
    ],
  ];
  for (const [name, text, said] of invalid) {
    test(`an agent with ${name} is removed`, () => {
      const { agent, findings } = validate(text);
      assert.equal(agent, null);
      const found = findings.filter((one) => one.code === 'CONF_AGENT_INVALID');
      assert.deepEqual(
        found.map((one) => [one.severity, one.text]),
        [
          ['error', `Agent configuration for 'a' ${said}`],
          ['warning', "Agent configuration invalid for agent 'a'. It will be removed."],
        ],
      );
      assert.match(found[0]!.remedy!, /a\.sources = …, a\.channels = …, a\.sinks = …/);
    });
  }
});

interface Removal {
  readonly name: string;
  readonly lines: string;
  readonly left: readonly string[];
  readonly text: string;
  readonly component: string;
  readonly remedy: RegExp;
}

const all = ['s1 s2', 'c1 c2', 'k1 k2', 'g1'] as const;

const REMOVALS: readonly Removal[] = [
  {
    name: 'a source that is listed and not defined',
    lines: FULL.replace('a.sources = s1 s2', 'a.sources = s1 s2 s22'),
    left: all,
    text: 'Configuration empty for: s22.Removed.',
    component: 'source s22',
    remedy: /did you mean s2\?/,
  },
  {
    name: 'a channel that is listed and not defined',
    lines: FULL.replace('a.channels = c1 c2', 'a.channels = c1 c2 other'),
    left: all,
    text: 'Configuration empty for: other.Removed.',
    component: 'channel other',
    remedy: /define a\.channels\.other\.type/,
  },
  {
    name: 'a source without a type',
    lines: without('a.sources.s1.type'),
    left: ['s2', 'c1 c2', 'k1 k2', 'g1'],
    text: 'Could not configure source  s1 due to: Component has no type. Cannot configure. s1',
    component: 'source s1',
    remedy: /set its type/,
  },
  {
    name: 'a source without channels',
    lines: without('a.sources.s1.channels'),
    left: ['s2', 'c1 c2', 'k1 k2', 'g1'],
    text: 'Could not configure source  s1 due to: No Channels configured for s1',
    component: 'source s1',
    remedy: /set channels to channels of the agent$/,
  },
  {
    name: 'a source with `channel` for `channels`',
    lines: FULL.replace('s1.channels', 's1.channel'),
    left: ['s2', 'c1 c2', 'k1 k2', 'g1'],
    text: 'Could not configure source  s1 due to: No Channels configured for s1',
    component: 'source s1',
    remedy: /a source has `channels`, plural/,
  },
  {
    name: 'a source none of whose channels is there',
    lines: FULL.replace('s1.channels = c1', 's1.channels = chan chan2'),
    left: ['s2', 'c1 c2', 'k1 k2', 'g1'],
    text: 'Could not configure source  s1 due to: No Channels configured for s1',
    component: 'source s1',
    remedy: /^chan, chan2: no channel of the agent; add it there$/,
  },
  {
    name: 'a sink without a type',
    lines: without('a.sinks.k1.type'),
    left: ['s1 s2', 'c1 c2', 'k2', 'g1'],
    text: 'Could not configure sink  k1 due to: Component has no type. Cannot configure. k1',
    component: 'sink k1',
    remedy: /set its type/,
  },
  {
    name: 'a sink without a channel',
    lines: without('a.sinks.k1.channel'),
    left: ['s1 s2', 'c1 c2', 'k2', 'g1'],
    text: 'Could not configure sink  k1 due to: No channel configured',
    component: 'sink k1',
    remedy: /set channel to one of c1, c2$/,
  },
  {
    name: 'a sink with `channels` for `channel`',
    lines: FULL.replace('k1.channel', 'k1.channels'),
    left: ['s1 s2', 'c1 c2', 'k2', 'g1'],
    text: 'Could not configure sink  k1 due to: No channel configured',
    component: 'sink k1',
    remedy: /a sink has `channel`, singular/,
  },
  {
    name: 'a sink of a channel that is not there',
    lines: FULL.replace('k1.channel = c1', 'k1.channel = c1 c2'),
    left: ['s1 s2', 'c1 c2', 'k2', 'g1'],
    text: 'Could not configure sink  k1 due to: Channel c1 c2 not in active set.',
    component: 'sink k1',
    remedy: /set channel to one of/,
  },
  {
    name: 'a group none of whose sinks is there',
    lines: FULL.replace('g1.sinks = k1 k2', 'g1.sinks = k8'),
    left: ['s1 s2', 'c1 c2', 'k1 k2', ''],
    text: 'Could not configure sink group g1 due to: No available sinks for sinkgroup: g1. Sinkgroup will be removed',
    component: 'sinkgroup g1',
    remedy: /^k8: list and define the sink$/,
  },
  {
    name: 'a group without sinks',
    lines: without('a.sinkgroups.g1.sinks'),
    left: ['s1 s2', 'c1 c2', 'k1 k2', ''],
    text: 'Could not configure sink group g1 due to: No available sinks for sinkgroup: g1. Sinkgroup will be removed',
    component: 'sinkgroup g1',
    remedy: /set its sinks/,
  },
];

describe('a component that cannot be used is removed, the rest stays', () => {
  for (const { name, lines, left, text, component, remedy } of REMOVALS) {
    test(name, () => {
      const { agent, findings } = validate(lines);
      assert.deepEqual(names(agent), left);
      const found = findings.find((one) => one.text === text);
      assert.deepEqual(
        [found?.severity, found?.code, found?.component],
        ['error', 'CONF_COMPONENT', component],
      );
      assert.match(found!.remedy!, remedy);
      assert.deepEqual([found!.file, typeof found!.line], ['x.conf', 'number']);
    });
  }

  test('a channel without a type goes, and with it what has no other', () => {
    const { agent, findings } = validate(
      without('a.channels.c1.type').replace('a.channels.c2', 'a.channels.c1.x = 1\na.channels.c2'),
    );
    assert.deepEqual(names(agent), ['s2', 'c2', 'k2', 'g1']);
    const texts = errorsOf({ findings }).map((one) => one.text);
    assert.ok(texts.includes('Could not configure channel c1 due to: No channel type'));
    assert.ok(texts.includes('Could not configure source  s1 due to: No Channels configured for s1'));
    assert.ok(texts.includes('Could not configure sink  k1 due to: Channel c1 not in active set.'));
  });

  test('a source keeps those of its channels that there are; each other one is a warning', () => {
    const { agent, findings } = validate(FULL.replace('s1.channels = c1', 's1.channels = c1 c1 c3  c2'));
    assert.deepEqual(agent?.sources[0]?.channels, ['c1', 'c2']);
    const found = only(findings, 'CONF_COMPONENT');
    assert.deepEqual(
      [found.severity, found.component, found.option, found.value, found.line],
      ['warning', 'source s1', 'channels', 'c3', 3],
    );
    assert.equal(found.remedy, 'add it to the channels of the agent');
  });

  test('names that are separated by commas, or have a comment behind them, are told so', () => {
    const { findings } = validate(FULL.replace('a.channels = c1 c2', 'a.channels = c1,c2'));
    const empty = findings.find((one) => one.text === 'Configuration empty for: c1,c2.Removed.');
    assert.equal(empty?.remedy, 'separate names by blanks, not by commas');
    const { findings: more } = validate(FULL.replace('a.channels = c1 c2', 'a.channels = c1 c2 # both'));
    const sign = more.find((one) => one.text === 'Configuration empty for: #.Removed.');
    assert.match(sign!.remedy!, /put the comment on a line of its own/);
  });

  test('a sink stays in the first group that names it', () => {
    const two = FULL.replace('a.sinkgroups = g1', 'a.sinkgroups = g1 g2');
    const { agent, findings } = validate(
      `${two}
a.sinks.k3.type = null
a.sinks.k3.channel = c1
a.sinkgroups.g2.sinks = k2 k3
a.sinkgroups.g2.processor.type = failover`.replace('a.sinks = k1 k2', 'a.sinks = k1 k2 k3'),
    );
    assert.deepEqual(
      agent?.groups.map((group) => group.sinks),
      [['k1', 'k2'], ['k3']],
    );
    assert.match(only(findings, 'CONF_COMPONENT').text, /g2: sink k2 is already in another group/);
  });

  test('what is defined and not listed is a warning that names the list', () => {
    const { findings } = validate(FULL.replace('a.sinks = k1 k2', 'a.sinks = k1'));
    const found = findings.find((one) => one.text === 'sink k2 is defined but not listed: it does not run');
    assert.deepEqual([found?.severity, found?.line], ['warning', 12]);
    assert.equal(found?.remedy, 'add it to a.sinks');
  });

  test('a name that is listed twice counts once', () => {
    const { agent } = validate(FULL.replace('a.sources = s1 s2', 'a.sources = s1 s2 s1'));
    assert.equal(agent?.sources.length, 2);
  });
});
