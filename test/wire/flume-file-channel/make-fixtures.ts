/**
 * Makes test/fixtures/flume-file-channel anew with Java Flume: `node
 * test/wire/flume-file-channel/make-fixtures.ts`. A JVM writes each channel and is killed; another one opens
 * copies and drains them. Needs what test/peers/flume needs. Log files are cut a few bytes behind their last
 * record: the rest is fill.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { FIXTURES, type FixtureName, writeFixture } from './fixture.ts';
import { drained, JavaFileChannel, openCommand, putCommand } from './script.ts';

const FILL_KEPT_BYTES = 40;
const PASSWORDS = { 'store.password': 'storeSecret\n', 'second.password': 'keySecret\n' };

interface Scenario {
  readonly dataDirs: number;
  readonly settings?: (at: string) => Readonly<Record<string, string | number>>;
  readonly commands: (at: string) => string[];
}

function puts(transaction: string, from: number, count: number, pad = 0): string[] {
  return Array.from({ length: count }, (_, i) =>
    putCommand(transaction, `event ${from + i}${'.'.repeat(pad)}`, { n: String(from + i) }),
  );
}

function times(count: number, command: string): string[] {
  return Array.from({ length: count }, () => command);
}

/** Uses a transaction number up: the next transaction writes to the next directory. */
function pass(name: string): string[] {
  return [`begin ${name}`, `commit ${name}`];
}

const settingsOfKey = (key: string) => (at: string) => ({
  'encryption.activeKey': key,
  'encryption.cipherProvider': 'AESCTRNOPADDING',
  'encryption.keyProvider': 'JCEKSFILE',
  'encryption.keyProvider.keyStoreFile': join(at, 'keys.jceks'),
  'encryption.keyProvider.keyStorePasswordFile': join(at, 'store.password'),
  // A script has no blanks inside words: Flume splits aliases at any white space.
  'encryption.keyProvider.keys': 'first\tsecond',
  'encryption.keyProvider.keys.second.passwordFile': join(at, 'second.password'),
});

const SCENARIOS: Readonly<Record<FixtureName, Scenario>> = {
  closed: {
    dataDirs: 1,
    settings: () => ({ maxFileSize: 2000 }),
    commands: () => [
      ...[0, 1, 2, 3, 4].flatMap((i) => [`begin p${i}`, ...puts(`p${i}`, i * 10, 10, 20), `commit p${i}`]),
      'begin r',
      ...puts('r', 900, 5),
      'rollback r',
      'begin t',
      ...times(15, 'take t'),
      'commit t',
      'begin u',
      ...times(4, 'take u'),
      'rollback u',
      'close',
    ],
  },
  killed: {
    dataDirs: 2,
    settings: () => ({ maxFileSize: 1500 }),
    commands: () => [
      'begin a',
      'begin b',
      ...[0, 1, 2, 3, 4, 5].flatMap((i) => [...puts('a', i, 1, 30), ...puts('b', 100 + i, 1, 30)]),
      'commit b',
      'commit a',
      ...[2, 3, 4, 5].flatMap((i) => [`begin p${i}`, ...puts(`p${i}`, i * 10, 6), `commit p${i}`]),
      'begin t',
      ...times(9, 'take t'),
      'commit t',
      'begin open-put',
      ...puts('open-put', 800, 3),
      'begin open-take',
      ...times(2, 'take open-take'),
    ],
  },
  'open-at-checkpoint': {
    dataDirs: 2,
    commands: () => [
      'begin p',
      ...puts('p', 0, 20),
      'commit p',
      'begin lost-put',
      ...puts('lost-put', 800, 3),
      'begin later-put',
      ...puts('later-put', 100, 3),
      'begin kept-take',
      ...times(4, 'take kept-take'),
      'begin later-take',
      ...times(3, 'take later-take'),
      'begin undone-take',
      ...times(2, 'take undone-take'),
      'checkpoint',
      ...puts('later-put', 103, 2),
      'commit later-put',
      'take later-take',
      'commit later-take',
      'rollback undone-take',
      'begin q',
      ...puts('q', 200, 4),
      'commit q',
    ],
  },
  retaken: {
    dataDirs: 1,
    commands: () => [
      'begin p',
      ...puts('p', 0, 6),
      'commit p',
      'begin t',
      ...times(3, 'take t'),
      'checkpoint',
      'rollback t',
      'begin u',
      ...times(2, 'take u'),
      'commit u',
    ],
  },
  texts: {
    dataDirs: 1,
    commands: () => [
      'begin p',
      putCommand('p', '', { empty: '', none: null }),
      putCommand('p', 'grüße', { schlüssel: 'grüße 日本 \u{1f600}', 'line\nend': 'tab\tend', '': 'no name' }),
      putCommand(
        'p',
        Uint8Array.from({ length: 256 }, (_, i) => i),
      ),
      putCommand('p', 'large '.repeat(60_000), { large: 'value '.repeat(2000) }),
      putCommand('p', 'after the large one'),
      'commit p',
    ],
  },
  encrypted: {
    dataDirs: 2,
    settings: settingsOfKey('first'),
    commands: (at) => [
      'begin p',
      ...puts('p', 0, 5),
      putCommand('p', 'longer than a kilobyte of key stream '.repeat(100)),
      'commit p',
      'begin t',
      ...times(2, 'take t'),
      'commit t',
      'close',
      openCommand(at, 2, settingsOfKey('second')(at)),
      'begin q',
      ...puts('q', 10, 5),
      'commit q',
      'begin open',
      ...puts('open', 800, 2),
    ],
  },
  'thrifty-directory': {
    dataDirs: 2,
    settings: () => ({ maxFileSize: 800 }),
    commands: () => [
      'begin p',
      ...puts('p', 0, 5),
      'commit p',
      'begin t',
      ...times(5, 'take t'),
      'commit t',
      ...[1, 2, 3, 4, 5].flatMap((i) => [
        ...pass(`a${i}`),
        `begin p${i}`,
        ...puts(`p${i}`, i * 10, 5),
        `commit p${i}`,
        ...pass(`b${i}`),
        `begin t${i}`,
        ...times(i === 5 ? 2 : 5, `take t${i}`),
        `commit t${i}`,
      ]),
      'checkpoint',
      'checkpoint',
    ],
  },
};

/** Where the fill behind the last record begins. */
function contentEnd(log: Buffer): number {
  let at = 0;
  while (at + 5 <= log.length && log[at] === 127) at += 5 + log.readInt32BE(at + 1);
  return at;
}

function filesBelow(at: string): Record<string, string> {
  const paths = readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('queueset'))
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    paths.sort().map((path) => {
      const bytes = readFileSync(path);
      const kept = /log-\d+$/.test(path) ? bytes.subarray(0, contentEnd(bytes) + FILL_KEPT_BYTES) : bytes;
      return [relative(at, path), kept.toString('base64')];
    }),
  );
}

function make(name: FixtureName, folder: string, java: JavaFileChannel): void {
  const { dataDirs, settings = () => ({}), commands } = SCENARIOS[name];
  const at = join(folder, name);
  mkdirSync(at);
  const prepare: string[] = [];
  if (name === 'encrypted') {
    for (const [file, text] of Object.entries(PASSWORDS)) writeFileSync(join(at, file), text);
    const [store, second] = [join(at, 'store.password'), join(at, 'second.password')];
    prepare.push(`keys ${join(at, 'keys.jceks')} ${store} first 128 ${store} second 256 ${second}`);
  }
  java.run([...prepare, openCommand(at, dataDirs, settings(at)), ...commands(at), 'halt']);
  const copies = [`${at}-copy`, `${at}-logs`] as const;
  for (const copy of copies) cpSync(at, copy, { recursive: true });
  rmSync(join(copies[1], 'checkpoint'), { recursive: true });
  java.run(
    copies.flatMap((copy) => [openCommand(copy, dataDirs, settings(at)), `drain ${copy}.txt`, 'close']),
  );
  const [delivered, deliveredFromLogs] = copies.map((copy) => drained(`${copy}.txt`));
  const fixture = {
    dataDirs,
    files: filesBelow(at),
    delivered: delivered!,
    deliveredFromLogs: deliveredFromLogs!,
  };
  writeFixture(name, fixture);
  const files = Object.keys(fixture.files).length;
  process.stdout.write(
    `${name}: ${files} files, ${delivered!.length} events, ${deliveredFromLogs!.length} by logs\n`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-fixtures-'));
try {
  const java = new JavaFileChannel(folder);
  for (const name of FIXTURES) make(name, folder, java);
} finally {
  rmSync(folder, { recursive: true });
}
