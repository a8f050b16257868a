/** What the guides show is run here. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Collected, kitPlugin, planText, runFlow } from '../kit/flow.ts';
import { HOME } from '../kit/process.ts';
import { temporaryDirectory } from '../kit/temporary.ts';
import { until } from '../kit/until.ts';

function firstBlock(page: string, language: string): string {
  const text = readFileSync(join(HOME, page), 'utf8');
  return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(text)![1]!;
}

describe('the guides', () => {
  test('the plug-in of extend.md runs as it stands, from a folder of its own', async (t) => {
    const file = join(temporaryDirectory(), 'shout.mjs');
    writeFileSync(file, firstBlock('docs/guide/extend.md', 'js').replace('process.stdout.write(', 'String('));
    const flow = await runFlow(
      t,
      `sources = r1
       channels = c1
       sinks = k1
       sources.r1.type = ${kitPlugin('counter-source')}
       sources.r1.events = 50
       sources.r1.channels = c1
       channels.c1.type = memory
       sinks.k1.type = file:${file}
       sinks.k1.times = 3
       sinks.k1.channel = c1`,
    );
    await until('it delivers', () => flow.counter('sink', 'k1', 'EventDrainSuccessCount') === 50);
  });

  test('its options are checked like those of any component', async () => {
    const file = join(temporaryDirectory(), 'shout.mjs');
    writeFileSync(file, firstBlock('docs/guide/extend.md', 'js'));
    const { findings } = await planText(
      `sources = r1
       channels = c1
       sinks = k1
       sources.r1.type = seq
       sources.r1.channels = c1
       channels.c1.type = memory
       sinks.k1.type = file:${file}
       sinks.k1.times = 10
       sinks.k1.tims = 1
       sinks.k1.channel = c1`,
    );
    assert.ok(
      findings.some((one) => one.severity === 'error' && one.option === 'times' && one.value === '10'),
    );
    assert.ok(findings.some((one) => /tims/.test(one.text) && /times/.test(one.remedy ?? '')));
  });

  test('the HTTP handler of extend.md runs as it stands', async (t) => {
    const file = join(temporaryDirectory(), 'handler.mjs');
    const page = readFileSync(join(HOME, 'docs/guide/extend.md'), 'utf8');
    writeFileSync(file, /```js\n( *\/\/ A line of a form[\s\S]*?)```/.exec(page)![1]!);
    const collected = new Collected(t);
    const flow = await runFlow(
      t,
      `sources = r1
       channels = c1
       sinks = k1
       sources.r1.type = http
       sources.r1.bind = 127.0.0.1
       sources.r1.port = 0
       sources.r1.handler = file:${file}
       sources.r1.handler.path = /lines
       sources.r1.channels = c1
       channels.c1.type = memory
       ${collected.sink('k1', 'c1')}`,
    );
    const url = `http://127.0.0.1:${await flow.port('r1')}`;
    const post = (path: string) => fetch(url + path, { method: 'POST', body: 'one\ntwo\n' });
    assert.equal((await post('/other')).status, 400);
    assert.equal((await post('/lines?from=test')).status, 200);
    await collected.untilCount(2);
    assert.deepEqual(collected.bodies, ['one', 'two']);
    assert.equal(collected.events[1]!.headers.get('from'), 'test');
  });

  test('the configuration of start.md plans without a finding', async () => {
    const text = firstBlock('docs/guide/start.md', 'properties')
      .split('\n')
      .map((line) => line.replace(/^a1\./, ''))
      .join('\n');
    const { plan, findings } = await planText(text);
    assert.deepEqual(findings, []);
    assert.equal(plan!.units.length, 3);
  });

  test('links between pages lead somewhere', () => {
    const broken: string[] = [];
    const pages = [
      'README.md',
      'ARCHITECTURE.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      ...['start', 'operate', 'files', 'hdfs', 'tiers', 'clients', 'tls', 'migrate', 'extend'].map(
        (name) => `docs/guide/${name}.md`,
      ),
    ];
    for (const page of pages) {
      const text = readFileSync(join(HOME, page), 'utf8');
      for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
        try {
          readFileSync(join(HOME, page, '..', target!));
        } catch (error) {
          if ((error as { code?: string }).code !== 'EISDIR') broken.push(`${page} → ${target}`);
        }
      }
    }
    assert.deepEqual(broken, []);
  });
});
