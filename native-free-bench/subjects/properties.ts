/** The text of a flume.conf as properties. */
import '../native-off.ts';
import assert from 'node:assert/strict';
import {
  decodeProperties,
  type ParsedProperties,
  parseProperties,
} from '../../src/config/properties/parse.ts';
import { substitute } from '../../src/config/properties/substitute.ts';
import type { Case, Subject } from '../kit.ts';

/** Pairs of lines as configurations have them: `size` keys, each with a comment, some folded or escaped. */
function confText(size: number): string {
  return Array.from({ length: size }, (_, i) => `# Option ${i}.\n${line(i)}\n`).join('');
}

function line(index: number): string {
  const key = `a1.sources.r${index}.option`;
  if (index % 10 === 3) return `${key} = one \\\n    two ${index}`;
  if (index % 10 === 7) return `${key} : caf\\u00e9\\t${index}`;
  return `${key} = value ${index}`;
}

function expectedValue(index: number): string {
  if (index % 10 === 3) return `one two ${index}`;
  if (index % 10 === 7) return `café\t${index}`;
  return `value ${index}`;
}

function parsing(size: number): Case {
  const bytes = Buffer.from(confText(size));
  let parsed: ParsedProperties | null = null;
  return {
    name: 'decode and parse',
    items: size,
    bytes: bytes.length,
    pass: () => {
      parsed = parseProperties(decodeProperties(bytes), 'flume.conf');
    },
    check: () => {
      assert.deepEqual(parsed!.findings, []);
      const expected = Array.from({ length: size }, (_, i) => [`a1.sources.r${i}.option`, expectedValue(i)]);
      assert.deepEqual(
        [...parsed!.properties].map(([key, { value }]) => [key, value]),
        expected,
      );
    },
  };
}

function substituting(size: number): Case {
  const text = Array.from({ length: size }, (_, i) => `key${i} = at $\{env:BENCH_PLACE} no ${i}\n`).join('');
  const { properties } = parseProperties(text, 'flume.conf');
  const scope = { env: { BENCH_PLACE: 'here' }, systemProperties: {} };
  let result: ReturnType<typeof substitute> | null = null;
  return {
    name: 'substitute an environment variable in each',
    items: size,
    bytes: text.length,
    pass: () => {
      result = substitute(properties, scope);
    },
    check: () => {
      assert.deepEqual(result!.findings, []);
      const values = [...result!.properties.values()].map(({ value }) => value);
      assert.deepEqual(
        values,
        Array.from({ length: size }, (_, i) => `at here no ${i}`),
      );
    },
  };
}

export const properties: Subject = {
  name: 'properties',
  title: 'the text of a flume.conf as properties',
  size: 1000,
  cases: async (size) => [parsing(size), substituting(size)],
};
