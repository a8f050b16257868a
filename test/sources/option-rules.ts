/**
 * What the operator is told about options: defaults, other names, and for each bad value a finding that names
 * the component, the option, the value and what to give instead.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SourceDeclaration } from '../../src/component/declaration.ts';
import { parseOptions } from '../../src/component/options/parse.ts';
import type { OptionTable } from '../../src/component/options/table.ts';
import { planText } from '../kit/flow.ts';

type Properties = Readonly<Record<string, string>>;

export interface OptionRules {
  readonly declaration: SourceDeclaration & { readonly options: OptionTable };
  /** What has to be set for the source to be created, with values that are right. */
  readonly required: Properties;
  /** Parsed values when only `required` is set. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Each good value with what it is parsed to, as [option set, text, option read, value]. */
  readonly good: readonly (readonly [set: string, text: string, read: string, value: unknown])[];
  /** Each bad value with what would have been right, as [option, text, wanted, example]. */
  readonly bad: readonly (readonly [option: string, text: string, wanted: string, example?: string])[];
  /** Misspelt options, and what was probably meant. */
  readonly misspelt: readonly (readonly [option: string, meant: string])[];
}

export function optionRules(rules: OptionRules): void {
  const { declaration, required } = rules;
  const type = declaration.aliases[0] ?? declaration.classes[0]!;
  const parse = (properties: Properties) =>
    parseOptions(declaration.options as OptionTable, properties, { component: 'source r1' });

  describe(`options of ${type}`, () => {
    test('defaults are Flume’s, and nothing is found in a plain configuration', () => {
      const { values, findings } = parse(required);
      assert.deepEqual(findings, []);
      const { defaults } = rules;
      const found = Object.fromEntries(Object.keys(defaults).map((key) => [key, values[key]]));
      assert.deepEqual(found, defaults);
    });

    findings(rules, parse);
    planning(type, rules);
  });
}

type Parse = (properties: Properties) => ReturnType<typeof parseOptions<OptionTable>>;

function findings(rules: OptionRules, parse: Parse): void {
  const { required } = rules;
  for (const option of Object.keys(required)) {
    test(`without ${option} the source is refused and the finding shows how to set it`, () => {
      const { [option]: _, ...rest } = required;
      const { findings } = parse(rest);
      assert.deepEqual(
        findings.map(({ severity, code, text }) => ({ severity, code, text })),
        [
          {
            severity: 'error',
            code: 'CONF_OPTION_REQUIRED',
            text: `source r1: required option ${option} is missing`,
          },
        ],
      );
      assert.match(findings[0]!.remedy!, new RegExp(`^set ${option}, e\\.g\\. ${option} = .`));
    });
  }

  for (const [set, text, read, value] of rules.good) {
    test(`${set} = ${text} is read`, () => {
      const { values, findings } = parse({ ...required, [set]: text });
      assert.deepEqual(findings, []);
      assert.deepEqual(values[read], value);
    });
  }

  for (const [option, text, wanted, example] of rules.bad) {
    test(`${option} = ${text} is refused with what would be right`, () => {
      const { findings } = parse({ ...required, [option]: text });
      assert.deepEqual(findings, [
        {
          severity: 'error',
          code: 'CONF_OPTION_VALUE',
          text: `source r1: ${option} = ${text} is not ${wanted}`,
          value: text,
          remedy: `give ${wanted}${example === undefined ? '' : `, e.g. ${example}`}`,
          component: 'source r1',
          option,
        },
      ]);
    });
  }

  for (const [option, meant] of rules.misspelt) {
    test(`${option} is unknown: it is ignored with a warning that names ${meant}`, () => {
      const { findings } = parse({ ...required, [option]: '1' });
      assert.equal(findings.length, 1);
      const { severity, code, text, remedy } = findings[0]!;
      assert.deepEqual(
        { severity, code, text, remedy },
        {
          severity: 'warning',
          code: 'CONF_UNKNOWN_OPTION',
          text: `source r1: unknown option ${option} is ignored`,
          remedy: `did you mean ${meant}?`,
        },
      );
    });
  }
}

function confOf(type: string, properties: Properties): string {
  const lines = Object.entries({ type, ...properties }).map(([key, value]) => `sources.r1.${key} = ${value}`);
  return `sources = r1 r2
    channels = c1
    sinks = k1
    sinks.k1.type = null
    sinks.k1.channel = c1
    ${lines.join('\n')}
    sources.r1.channels = c1
    sources.r2.type = seq
    sources.r2.channels = c1
    channels.c1.type = memory`;
}

/** The same through flume.conf: every name of the type, and a bad source leaves the agent the rest. */
function planning(type: string, { declaration, required, bad }: OptionRules): void {
  const names = [
    ...declaration.aliases,
    ...declaration.aliases.map((alias) => alias.toUpperCase()),
    ...declaration.classes,
    ...declaration.classes.map((name) => name.toLowerCase()),
  ];
  for (const name of names) {
    test(`type = ${name} is this source`, async () => {
      const { plan, findings } = await planText(confOf(name, required));
      assert.deepEqual(
        findings.filter(({ severity }) => severity !== 'info'),
        [],
      );
      const unit = plan!.units.find((one) => one.kind === 'source' && one.name === 'r1');
      assert.ok(unit?.kind === 'source', 'the source is planned');
      if (declaration.aliases.length > 0) assert.equal(unit.alias, declaration.aliases[0]);
    });
  }

  const [option, text] = bad[0]!;
  test(`in flume.conf ${option} = ${text} removes this source only, told with file and line`, async () => {
    const conf = confOf(type, { ...required, [option]: text });
    const { plan, findings, fatal } = await planText(conf);
    assert.equal(fatal, null);
    assert.ok(!plan!.units.some((unit) => unit.name === 'r1'));
    assert.ok(plan!.units.some((unit) => unit.name === 'r2'));
    const finding = findings.find(({ severity, option: named }) => severity === 'error' && named === option);
    assert.ok(finding, 'the finding is there');
    assert.equal(finding.component, 'source r1');
    assert.equal(finding.value, text);
    assert.ok(finding.text.includes(option) && finding.text.includes(text));
    assert.match(finding.remedy!, /^give /);
    const line = conf.split('\n').findIndex((one) => one.includes(`sources.r1.${option} =`)) + 1;
    assert.deepEqual([finding.file, finding.line], ['test.conf', line]);
  });
}
