/** What files.md and hdfs.md show is what the code has. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OptionTable } from '../../src/component/options/table.ts';
import { options as avroFileOptions } from '../../src/serializers/avro_event/index.ts';
import { options as hdfsOptions } from '../../src/sinks/hdfs/index.ts';
import { options as spooldirOptions } from '../../src/sources/spooldir/index.ts';
import { options as taildirOptions } from '../../src/sources/taildir/index.ts';
import { codeIn, pageOf, tablesUnder } from './kit.ts';
import { hasAll, sourcesBelow, testPage } from './page.ts';

for (const name of ['files', 'hdfs']) testPage(name);

/** Names in `NAME = VALUE`. */
function settingsShown(page: string): string[] {
  return codeIn(page).flatMap((code) => /^([a-z][\w.]*) = \S/.exec(code)?.[1] ?? []);
}

function textOfDefault(options: OptionTable, name: string): string {
  return String(options[name]!.default ?? '');
}

describe('files.md', () => {
  const page = pageOf('files');
  const code = sourcesBelow('src/sources/spooldir', 'src/sources/taildir');

  test('its settings are options of the sources', () => {
    const shown = settingsShown(page);
    assert.ok(shown.length > 10);
    for (const name of shown) assert.ok(name in spooldirOptions || name in taildirOptions, name);
  });

  test('what it says of files that are set aside, and the log, stands in the code', () => {
    const aside = tablesUnder(page, '### Files that are set aside');
    assert.ok(aside.length >= 4);
    for (const [reasons] of aside) hasAll(code, reasons!);
    const messages = tablesUnder(page, '## What messages mean');
    assert.ok(messages.length > 10);
    for (const [source, message] of messages) {
      const [name] = codeIn(source!);
      hasAll(name === undefined ? code : sourcesBelow(`src/sources/${name}`), message!);
    }
  });

  test('its deserializers are those of spooldir', () => {
    const rows = tablesUnder(page, '### From files to events');
    const shown = rows.flatMap(([name]) => codeIn(name!));
    assert.deepEqual(shown, ['LINE', 'AVRO', 'BLOB']);
    for (const row of rows) {
      for (const name of codeIn(row[2]!)) assert.ok(name in spooldirOptions, name);
    }
  });

  test('its options that are not Flume’s are all of those', () => {
    const line = page.split('\n- ').find((item) => item.includes("are not Flume's"))!;
    const own = [spooldirOptions, taildirOptions].flatMap((table) => ownOptions(table));
    assert.deepEqual(codeIn(line).sort(), own.sort());
  });
});

describe('hdfs.md', () => {
  const page = pageOf('hdfs');

  test('the options that it names exist', () => {
    const named = codeIn(page).flatMap((code) => /^hdfs\.\w+/.exec(code)?.[0] ?? []);
    const serializers = settingsShown(page).filter((name) => name.startsWith('serializer.'));
    assert.ok(named.length > 30);
    for (const name of named) assert.ok(name in hdfsOptions, name);
    for (const name of serializers) assert.ok(name.slice('serializer.'.length) in avroFileOptions, name);
  });

  test('the defaults of its tables are those of the code', () => {
    // One of its tables is of figures.
    const rows = tablesUnder(page, '## How large files get').filter(([names]) => codeIn(names!).length > 0);
    assert.ok(rows.length >= 6);
    for (const [names, value] of rows) {
      assert.equal(value, textOfDefault(hdfsOptions, codeIn(names!)[0]!), names);
    }
    for (const [names, value] of tablesUnder(page, '## When an event is safe')) {
      const [name] = codeIn(names!);
      if (name !== 'hdfs.commitInterval') assert.equal(value, textOfDefault(hdfsOptions, name!), name);
    }
  });

  test('its messages are those of the code', () => {
    const code = sourcesBelow('src/sinks/hdfs', 'src/wire/hdfs-webhdfs-client', 'src/component/bucket-path');
    const rows = tablesUnder(page, '## What messages mean');
    assert.ok(rows.length > 20);
    for (const [messages] of rows) hasAll(code, messages!);
  });

  test('its options that are not Flume’s are all of those', () => {
    const line = page.split('\n- ').find((item) => item.includes("are not Flume's"))!;
    assert.deepEqual(codeIn(line).sort(), ownOptions(hdfsOptions).sort());
  });
});

function ownOptions(options: OptionTable): string[] {
  return Object.entries(options).flatMap(([name, option]) => (option.since === 'millrace' ? [name] : []));
}
