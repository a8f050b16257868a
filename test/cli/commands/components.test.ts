import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { registry } from '../../../src/registry.ts';
import { runMillrace } from '../../kit/process.ts';

describe('components', () => {
  test('lists every component of the registry under its kind, by the name to write as type', async (t) => {
    const { ended, stdout } = await runMillrace(t, ['components']);
    assert.equal(ended, 0);
    const sections = new Map(stdout.split(/^(?=\w+s$)/m).map((text) => [text.split('\n', 1)[0], text]));
    for (const { kind, aliases, classes } of registry) {
      const name = aliases[0] ?? classes[0]!;
      assert.ok(sections.get(`${kind}s`)?.includes(`\n  ${name} `), `${kind} ${name}`);
    }
  });

  for (const kind of ['sinks', 'sink', 'SINKS']) {
    test(`${kind} lists the sinks alone`, async (t) => {
      const { ended, stdout } = await runMillrace(t, ['components', kind]);
      assert.equal(ended, 0);
      assert.match(stdout, /^sinks\n/);
      assert.equal(
        stdout.split('\n').filter((line) => line.startsWith('  ')).length,
        registry.filter((entry) => entry.kind === 'sink').length,
      );
    });
  }

  test('--json gives names, options and a schema of each', async (t) => {
    const { ended, stdout } = await runMillrace(t, ['components', 'sources', '--json']);
    assert.equal(ended, 0);
    const rows: { kind: string; aliases: string[]; options: object; schema: { required: string[] } }[] =
      JSON.parse(stdout);
    assert.equal(rows.length, registry.filter((entry) => entry.kind === 'source').length);
    const netcat = rows.find((row) => row.aliases[0] === 'netcat')!;
    assert.deepEqual(netcat.schema.required, ['bind', 'port']);
    assert.ok(Object.hasOwn(netcat.options, 'max-line-length'));
  });

  test('of a kind that there is not says which was meant, exit 1', async (t) => {
    const { ended, stderr } = await runMillrace(t, ['components', 'sorces']);
    assert.deepEqual([ended, stderr], [1, "Error: there is no kind 'sorces'; did you mean sources?\n"]);
  });
});
