import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { shapeAgents } from '../../../src/config/plan/shape.ts';
import { parseProperties } from '../../../src/config/properties/parse.ts';

function shape(lines: string) {
  return shapeAgents(parseProperties(lines, 'x.conf').properties);
}

describe('properties that fit nowhere are warnings with Flume’s text, and left out', () => {
  const ignored = (key: string, value = 'v') => `Configuration property ignored: ${key} = ${value}`;
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ['a1.sources =', 'CONF_PROPERTY_VALUE_NULL', ignored('a1.sources', ''), /give it a value/],
    ['a1.sources =   ', 'CONF_PROPERTY_VALUE_NULL', ignored('a1.sources', ''), /give it a value/],
    ['something =', 'CONF_PROPERTY_VALUE_NULL', ignored('something', ''), /give it a value/],
    ['something = v', 'CONF_AGENT_NAME_MISSING', ignored('something'), /agent’s name/],
    ['.something = v', 'CONF_AGENT_NAME_MISSING', ignored('.something'), /agent’s name/],
    ['a1. = v', 'CONF_PROPERTY_NAME_NULL', ignored('a1.'), /say what is set/],
    [
      'a1.source = v',
      'CONF_INVALID_PROPERTY',
      'Invalid property specified: source',
      /did you mean a1\.sources\?/,
    ],
    [
      'a1.chanels.c1.type = v',
      'CONF_INVALID_PROPERTY',
      'Invalid property specified: chanels.c1.type',
      /a1\.channels/,
    ],
    ['a1.channel.c1 = v', 'CONF_INVALID_PROPERTY', 'Invalid property specified: channel.c1', /a1\.channels/],
    [
      'a1.zebra.x.y = v',
      'CONF_INVALID_PROPERTY',
      'Invalid property specified: zebra.x.y',
      /AGENT\.sources\.NAME\.KEY/,
    ],
    [
      'a1.sources.r1 = v',
      'CONF_INVALID_PROPERTY',
      'Invalid property specified: sources.r1',
      /AGENT\.sources\.NAME/,
    ],
    [
      'a1.sources.r1. = v',
      'CONF_INVALID_PROPERTY',
      'Invalid property specified: sources.r1.',
      /AGENT\.sources/,
    ],
    [
      'a1.sources..type = v',
      'CONF_INVALID_PROPERTY',
      'Invalid property specified: sources..type',
      /AGENT\.sources/,
    ],
    ['a1.Sources = v', 'CONF_INVALID_PROPERTY', 'Invalid property specified: Sources', /a1\.sources/],
  ];
  for (const [line, code, text, remedy] of cases) {
    test(JSON.stringify(line), () => {
      const { agents, findings } = shape(`# head\n${line}`);
      assert.deepEqual(
        findings.map((finding) => [finding.severity, finding.code, finding.text, finding.file, finding.line]),
        [['warning', code, text, 'x.conf', 2]],
      );
      assert.match(findings[0]!.remedy!, remedy);
      const agent = agents.get('a1');
      if (agent !== undefined) {
        assert.deepEqual(Object.values(agent.lists), [null, null, null, null, null]);
        assert.deepEqual(
          Object.values(agent.components).map((one) => one.size),
          [0, 0, 0, 0, 0],
        );
      }
    });
  }
});

describe('agents and their components', () => {
  test('one file may hold several agents; their names end at the first dot and are case-sensitive', () => {
    const { agents, findings } = shape('a1.sources = r1\nA1.sources = r2\nb-2.sinks.k1.hdfs.path = /x');
    assert.deepEqual(findings, []);
    assert.deepEqual([...agents.keys()], ['a1', 'A1', 'b-2']);
    const path = agents.get('b-2')?.components.sinks.get('k1')?.get('hdfs.path');
    assert.equal(path?.value, '/x');
  });

  test('lists are split at any white space', () => {
    const { agents } = shape('a1.sources = r1  r2\\tr3\\n r4 ');
    assert.deepEqual(agents.get('a1')?.lists.sources?.names, ['r1', 'r2', 'r3', 'r4']);
  });

  test('names and values are trimmed', () => {
    const { agents } = shape('\\ a1.sources.r1.type\\  = seq \\t');
    assert.equal(agents.get('a1')?.components.sources.get('r1')?.get('type')?.value, 'seq');
  });
});
