/** What every option table owes: defaults, names that find the component, and what it says of bad values. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ErrorCode } from '../../src/base/errors.ts';
import type { Severity } from '../../src/base/finding.ts';
import type { Declaration } from '../../src/component/declaration.ts';
import { parseOptions } from '../../src/component/options/parse.ts';
import { Parts } from '../../src/engine/worker/parts.ts';
import { registry } from '../../src/registry.ts';
import type { Properties } from './part.ts';

export interface BadOption {
  readonly properties: Properties;
  readonly code: ErrorCode;
  readonly option: string;
  readonly value?: string;
  readonly text: RegExp;
  readonly remedy?: RegExp;
  readonly severity?: Severity;
}

export interface OptionsSubject {
  readonly declaration: Declaration;
  /** The required options. */
  readonly required?: Properties;
  /** What is read when only those are given. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Spellings of good values, and what is read. */
  readonly good?: readonly (readonly [Properties, Readonly<Record<string, unknown>>])[];
  readonly bad?: readonly BadOption[];
  /** A name as a slip of the pen, and what was meant. */
  readonly slip?: readonly [string, string];
}

const shown = (properties: Properties) =>
  Object.entries(properties)
    .map(([key, value]) => `${key} = ${value}`)
    .join(', ') || 'nothing';

export function optionsContract(subject: OptionsSubject): void {
  const { declaration, required = {}, defaults } = subject;
  const { kind } = declaration;
  const component = `${kind} x1`;
  const parse = (properties: Properties) => parseOptions(declaration.options, properties, { component });

  describe(`options of ${kind} ${declaration.aliases[0] ?? declaration.classes[0]}`, () => {
    test('defaults are Flume’s', () => {
      const { values, findings } = parse(required);
      assert.deepEqual(findings, []);
      const rest = Object.fromEntries(Object.entries(values).filter(([key]) => !(key in required)));
      assert.deepEqual(rest, defaults);
    });

    test('it is found by alias and Java class, in any letter case', async () => {
      const parts = new Parts(registry, { pluginPaths: [], confDir: null });
      const names = [...declaration.aliases, ...declaration.classes];
      assert.ok(names.length > 0);
      for (const name of [...names, ...names.map((one) => one.toUpperCase())]) {
        assert.equal(await parts.declaration(kind, name, component), declaration, name);
      }
    });

    for (const [properties, wanted] of subject.good ?? []) {
      test(`${shown(properties)} is read`, () => {
        const { values, findings } = parse({ ...required, ...properties });
        assert.deepEqual(
          findings.filter((finding) => finding.code !== 'CONF_DEPRECATED'),
          [],
        );
        const read = values as Readonly<Record<string, unknown>>;
        for (const [key, value] of Object.entries(wanted)) assert.deepEqual(read[key], value, key);
      });
    }

    for (const bad of subject.bad ?? []) {
      test(`${shown(bad.properties)}: ${bad.severity ?? 'error'} that names option, value and remedy`, () => {
        const needs = bad.code === 'CONF_OPTION_REQUIRED' ? {} : required;
        const { findings } = parse({ ...needs, ...bad.properties });
        const found = findings.find((finding) => finding.option === bad.option);
        assert.ok(found !== undefined, JSON.stringify(findings));
        assert.equal(found.severity, bad.severity ?? 'error');
        assert.equal(found.code, bad.code);
        assert.equal(found.component, component);
        assert.equal(found.value, bad.value);
        assert.match(found.text, bad.text);
        assert.ok(found.text.startsWith(`${component}: `), found.text);
        if (bad.remedy !== undefined) assert.match(found.remedy ?? '', bad.remedy);
      });
    }

    const { slip } = subject;
    if (slip !== undefined) {
      test(`${slip[0]} is told to be unknown, and ${slip[1]} is proposed`, () => {
        const { findings } = parse({ ...required, [slip[0]]: '1' });
        const found = findings.find((finding) => finding.option === slip[0]);
        assert.equal(found?.code, 'CONF_UNKNOWN_OPTION');
        assert.equal(found?.severity, 'warning');
        assert.equal(found?.remedy, `did you mean ${slip[1]}?`);
      });
    }
  });
}

/** A value that is not of its option's type or range. */
export function badValue(option: string, value: string, remedy: RegExp, severity?: Severity): BadOption {
  const text = new RegExp(`${escaped(option)} = ${escaped(value)} is not `);
  const bad = {
    properties: { [option]: value },
    code: 'CONF_OPTION_VALUE',
    option,
    value,
    text,
    remedy,
  } as const;
  return severity === undefined ? bad : { ...bad, severity };
}

export function missing(option: string): BadOption {
  return {
    properties: {},
    code: 'CONF_OPTION_REQUIRED',
    option,
    text: new RegExp(`required option ${escaped(option)} is missing`),
    remedy: new RegExp(`^set ${escaped(option)}`),
  };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
