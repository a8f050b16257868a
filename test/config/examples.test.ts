/** What conf/ gives to users works: every example plans without a finding, and every component has one. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { components, ROOT } from '../../scripts/reference/components.ts';
import { findingsText } from '../../src/config/lint/report.ts';
import { planAgent } from '../../src/config/plan/plan.ts';
import type { AgentPlan } from '../../src/config/plan/types.ts';
import { ConfigurationSources } from '../../src/config/properties/load.ts';
import { registry } from '../../src/registry.ts';
import { logSettings } from '../../src/watch/log/settings.ts';

const EXAMPLES = readdirSync(join(ROOT, 'conf/examples'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.conf'))
  .map((path) => `conf/examples/${path.replaceAll('\\', '/')}`)
  .sort();

/** The plan of a file and everything that was found, as text. */
async function plan(file: string, agentName: string) {
  const places = { files: [join(ROOT, file)], uris: [], user: undefined, password: undefined, classPath: [] };
  const { properties, findings } = await new ConfigurationSources(places).load();
  const scope = { registry, env: {}, systemProperties: {}, classPath: [], plugin: async () => null };
  const result = await planAgent(properties, agentName, scope);
  const serious = [...findings, ...result.findings].filter(({ severity }) => severity !== 'info');
  return { plan: result.plan, text: findingsText(serious, false) };
}

/** `sources/netcat` … of everything that a plan runs. */
function typesIn({ units }: AgentPlan): readonly string[] {
  return units.flatMap((unit) => {
    if (unit.kind === 'channel') return [`channels ${unit.alias}`];
    if (unit.kind === 'group') {
      const serializers = unit.sinks.flatMap(({ properties }) => properties['sink.serializer'] ?? []);
      return [
        `processors ${unit.processor.alias}`,
        ...unit.sinks.map((sink) => `sinks ${sink.alias}`),
        ...serializers.map((type) => `serializers ${type}`),
      ];
    }
    const interceptors = unit.interceptors.map((one) => `interceptors ${one.alias}`);
    return [`sources ${unit.alias}`, `selectors ${unit.selector.alias}`, ...interceptors];
  });
}

describe('conf/examples', () => {
  for (const file of EXAMPLES) {
    test(`${file} plans without an error or a warning, whole`, async () => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      const made = await plan(file, 'a1');
      assert.equal(made.text, '');
      const listed = (list: string) =>
        new RegExp(`^a1\\.${list} *= *(.*)$`, 'm').exec(text)?.[1]?.trim().split(/\s+/) ?? [];
      const units = made.plan?.units ?? [];
      const sinks = units.flatMap((unit) => (unit.kind === 'group' ? unit.sinks : []));
      const count = (kind: string) => units.filter((unit) => unit.kind === kind).length;
      assert.equal(count('source'), listed('sources').length);
      assert.equal(count('channel'), listed('channels').length);
      assert.equal(sinks.length, listed('sinks').length);
    });

    test(`${file} says in comments what it shows and how to start it`, () => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      const comment = /^(#.*\n)+/.exec(text)?.[0] ?? '';
      assert.match(comment, /^# [A-Z]/);
      assert.ok(comment.includes(file), `${file} does not show the command that starts it`);
    });
  }

  test('every component has an example, in which it runs', async () => {
    for (const { declaration, path } of await components()) {
      const file = `conf/examples/${path}.conf`;
      assert.ok(existsSync(join(ROOT, file)), `${file} is missing`);
      const made = await plan(file, 'a1');
      const kind = path.split('/')[0]!;
      const names = [...declaration.aliases, ...declaration.classes].map((name) => `${kind} ${name}`);
      const types = typesIn(made.plan!);
      assert.ok(
        names.some((name) => types.includes(name)),
        `${file} runs ${types.join(', ')}`,
      );
    }
  });
});

describe('conf', () => {
  test('flume-conf.properties.template runs as it is, as the agent named agent', async () => {
    const made = await plan('conf/flume-conf.properties.template', 'agent');
    assert.equal(made.text, '');
    assert.equal(made.plan?.units.length, 3);
  });

  test('log4j2.xml says what an agent does without it: INFO to the log file', () => {
    const { root, appenders, levels } = logSettings({}, join(ROOT, 'conf'));
    assert.equal(root, 'info');
    assert.deepEqual(appenders, ['LOGFILE']);
    assert.equal(levels.get('org.apache.flume.lifecycle'), 'info');
  });

  test('flume-env.sh.template is shell that sets nothing until it is changed', () => {
    const file = join(ROOT, 'conf/flume-env.sh.template');
    const shell = `set -u; . "$1"; echo "[\${JAVA_OPTS-none}]"`;
    const output = execFileSync('sh', ['-c', shell, 'sh', file], {
      encoding: 'utf8',
      env: { ...process.env, JAVA_OPTS: undefined },
    });
    assert.equal(output, '[none]\n');
  });
});
