/** Logs as crashes, other programs and other versions leave them. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readBacklog } from '../../../src/wire/flume-file-channel/backlog.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import {
  bytesField,
  commit,
  content,
  delimited,
  encrypted,
  FILL,
  fixed32,
  fixed64,
  frame,
  type MetaOptions,
  meta,
  put,
  putContent,
  rollback,
  take,
  writeLog,
} from './write.ts';

function channel(records: readonly Buffer[], options: MetaOptions = {}) {
  const at = temporaryDirectory();
  writeLog(join(at, 'data', 'log-1'), records, options);
  return { at, settings: { checkpointDir: join(at, 'checkpoint'), dataDirs: [join(at, 'data')] } };
}

/** Bodies, and the findings that are more than notes. */
function read(settings: Parameters<typeof readBacklog>[0]) {
  const backlog = readBacklog(settings);
  const bodies = [...backlog.events()].map(({ body }) => body.toString());
  const findings = backlog.findings.filter(({ severity }) => severity !== 'info').map(({ text }) => text);
  return { bodies, findings, eventCount: backlog.eventCount };
}

const good = [put(1, 1, 'a'), put(1, 2, 'b'), commit(1, 3, 'puts')];
const later = [put(2, 11, 'c'), commit(2, 12, 'puts')];
const goodBytes = Buffer.concat(good).length;
const crossedOut = (record: Buffer) => Buffer.concat([Buffer.from([0]), record.subarray(1)]);

describe('ends of a log file', () => {
  const cases: readonly (readonly [string, readonly Buffer[], RegExp | null])[] = [
    ['the end of the file', [], null],
    ['fill, and nothing behind it is read', [FILL, ...later], null],
    ['zeros, of which some are left over', [Buffer.alloc(1003)], null],
    ['zeros before fill', [Buffer.alloc(1003), FILL], null],
    [
      'a torn content',
      [later[0]!.subarray(0, 20)],
      /^a torn record: at offset 126: 40 bytes are announced, 15 there/,
    ],
    ['a torn length', [later[0]!.subarray(0, 3)], /^a torn record: at offset 126: its length is cut off/],
    ['a torn crossed-out record', [crossedOut(later[0]!).subarray(0, 3)], null],
    [
      'a byte that begins no record',
      [Buffer.from('garbage'), ...later],
      /^bytes that are no record: at offset 126/,
    ],
    [
      'a negative length',
      [Buffer.from([127, 255, 0, 0, 0]), ...later],
      /^bytes that are no record: .*length -16777216/,
    ],
  ];
  for (const [name, tail, finding] of cases) {
    test(name, () => {
      assert.equal(goodBytes, 126);
      const { settings } = channel([...good, ...tail]);
      const { bodies, findings } = read(settings);
      assert.deepEqual(bodies, ['a', 'b']);
      assert.equal(findings.length, finding === null ? 0 : 1, findings.join());
      if (finding !== null) assert.match(findings[0]!, finding);
    });
  }

  test('a file may be torn at each of its bytes', () => {
    const all = Buffer.concat([...good, ...later]);
    const { at, settings } = channel([]);
    for (let size = 0; size <= all.length; size++) {
      writeFileSync(join(at, 'data', 'log-1'), all.subarray(0, size));
      const { bodies } = read(settings);
      assert.deepEqual(
        bodies,
        size < goodBytes ? [] : size < all.length ? ['a', 'b'] : ['a', 'b', 'c'],
        `${size}`,
      );
    }
  });
});

describe('records that are skipped, and the rest is read', () => {
  const body = (type: number, bytes: Buffer) => frame(content(type, 9, 9, bytes));
  const event = bytesField(1, bytesField(2, 'x'));
  const cases: readonly (readonly [string, readonly Buffer[], RegExp | null])[] = [
    ['an empty one', [frame(Buffer.alloc(0))], /cannot be decoded and is skipped: at offset 126: a varint/],
    [
      'one of zeros',
      [frame(Buffer.alloc(40))],
      /cannot be decoded and is skipped: at offset 126: a record has no/,
    ],
    ['one of an unknown type', [body(7, Buffer.alloc(0))], /a record has type 7/],
    ['a take that does not say of what', [body(2, fixed32(1, 1))], /a take does not say of what/],
    ['a commit of nothing known', [body(4, fixed32(1, 3))], /neither of puts nor of takes/],
    [
      'one without footer',
      [frame(content(3, 9, 9, Buffer.alloc(0)).subarray(0, -1))],
      /a varint does not end/,
    ],
    ['a crossed-out one', [crossedOut(put(9, 9, 'x')), commit(9, 10, 'puts')], null],
    [
      'a put with a wrong checksum',
      [put(9, 9, 'x', { checksum: 7 }), commit(9, 10, 'puts')],
      /its checksum does not/,
    ],
    [
      'a put without event',
      [body(1, fixed64(2, 1)), commit(9, 10, 'puts')],
      /at offset 126: a put has no event/,
    ],
    [
      'an event without body',
      [body(1, bytesField(1, Buffer.alloc(0))), commit(9, 10, 'puts')],
      /has no body/,
    ],
    [
      'a header without name',
      [body(1, bytesField(1, bytesField(1, bytesField(2, 'v')))), commit(9, 10, 'puts')],
      /no name/,
    ],
    [
      'a put without footer',
      [frame(content(1, 9, 9, event).subarray(0, -1)), commit(9, 10, 'puts')],
      /varint/,
    ],
  ];
  for (const [name, bad, finding] of cases) {
    test(name, () => {
      const { settings } = channel([...good, ...bad, ...later, FILL]);
      const { bodies, findings } = read(settings);
      assert.deepEqual(bodies, ['a', 'b', 'c']);
      assert.equal(findings.length, finding === null ? 0 : 1, findings.join());
      if (finding !== null) assert.match(findings[0]!, finding);
    });
  }

  test('of many findings of a kind some are told and the others counted', () => {
    const bad = Array.from({ length: 250 }, (_, i) => put(5, 100 + i, 'x', { checksum: 1 }));
    const { settings } = channel([...good, ...bad, commit(5, 900, 'puts')]);
    const { bodies, findings, eventCount } = read(settings);
    assert.deepEqual([bodies.join(), eventCount, findings.length], ['a,b', 252, 101]);
    assert.equal(findings.at(-1), 'an event cannot be read and is skipped: 150 more');
  });
});

describe('records that are as they should be, though unusual', () => {
  test('a put without checksum, unknown fields, a header in another order', () => {
    const header = Buffer.concat([fixed64(3, 2), bytesField(9, 'new'), fixed32(1, 1), fixed64(2, 1)]);
    const event = Buffer.concat([bytesField(2, 'odd'), bytesField(7, 'new')]);
    const odd = Buffer.concat([
      delimited(header),
      delimited(bytesField(1, event)),
      delimited(bytesField(4, 'new')),
    ]);
    const { settings } = channel([put(1, 1, 'plain', { checksum: null }), frame(odd), commit(1, 3, 'puts')]);
    assert.deepEqual(read(settings), { bodies: ['plain', 'odd'], findings: [], eventCount: 2 });
  });

  test('records of one write order: puts come before the end of their transaction', () => {
    const { at, settings } = channel([put(1, 5, 'a')]);
    writeLog(join(at, 'data', 'log-2'), [commit(1, 5, 'puts')]);
    writeLog(join(at, 'data', 'log-3'), [rollback(2, 5)]);
    assert.deepEqual(read(settings).bodies, ['a']);
  });

  test('a take whose commit is met before that of the put takes its event, and no other', () => {
    const taking = [take(2, 1, 1, 0), commit(2, 2, 'takes')];
    const first = Buffer.concat(taking).length;
    const bodiesAfterTake = (offset: number) => {
      const puts = [put(1, 3, 'a'), put(1, 4, 'b'), commit(1, 5, 'puts')];
      return read(channel([take(2, 1, 1, offset), taking[1]!, ...puts]).settings).bodies;
    };
    assert.deepEqual(bodiesAfterTake(first), ['b']);
    assert.deepEqual(bodiesAfterTake(first + 1), ['a', 'b']);
  });

  test('a take of an event whose file is gone', () => {
    const { settings } = channel([take(2, 1, 99, 0), commit(2, 2, 'takes'), ...later]);
    assert.deepEqual(read(settings), { bodies: ['c'], findings: [], eventCount: 1 });
  });

  test('a record larger than any buffer, and files by the dozen', () => {
    const { at, settings } = channel([
      put(1, 1, 'x'.repeat(3_000_000)),
      put(1, 2, 'small'),
      commit(1, 3, 'puts'),
    ]);
    for (let i = 2; i <= 40; i++) {
      writeLog(join(at, 'data', `log-${i}`), [put(i, i * 10, `${i}`), commit(i, i * 10 + 1, 'puts'), FILL]);
    }
    const { bodies } = read(settings);
    assert.deepEqual([bodies.length, bodies[0]!.length, bodies[1]], [41, 3_000_000, 'small']);
    assert.deepEqual(
      bodies.slice(2).map(Number),
      Array.from({ length: 39 }, (_, i) => i + 2),
    );
  });

  test('an encrypted file: one bad record at its start is damage, not another key', () => {
    const key = Buffer.alloc(24, 7);
    const iv = Buffer.alloc(16, 9);
    const contents = [putContent(1, 1, 'bad'), putContent(1, 2, 'x'.repeat(2000)), putContent(1, 3, 'y')];
    const records = encrypted(key, iv, [...contents, content(4, 1, 4, fixed32(1, 1))]);
    records[0]!.fill(0xee, 5, 20);
    const encryption = { provider: 'AesCtrNoPadding', keyAlias: 'k', parameters: iv };
    const { settings } = channel([...records, FILL], { encryption });
    const { bodies, findings } = read({ ...settings, keys: () => key });
    assert.deepEqual(bodies, ['x'.repeat(2000), 'y']);
    assert.match(findings.join(), /^a record cannot be decoded and is skipped: at offset 0/);
  });
});

describe('directories that are refused', () => {
  type Settings = { checkpointDir: string; dataDirs: string[] };
  const cases: readonly (readonly [string, (at: string, settings: Settings) => void, string, RegExp])[] = [
    [
      'format version 2',
      (at) => {
        rmSync(join(at, 'data', 'log-1.meta'));
        writeFileSync(join(at, 'data', 'log-1'), Buffer.from([0, 0, 0, 2, 0, 0, 0, 1]));
      },
      'STORAGE_DAMAGED',
      /log-1 has format version 2, wanted is 3/,
    ],
    [
      'a version to come',
      (at) => writeFileSync(join(at, 'data', 'log-1.meta'), meta(1, { version: 4 })),
      'STORAGE_DAMAGED',
      /log-1 has format version 4, wanted is 3/,
    ],
    [
      'no metadata',
      (at) => rmSync(join(at, 'data', 'log-1.meta')),
      'STORAGE_DAMAGED',
      /log-1 has no metadata/,
    ],
    [
      'empty metadata',
      (at) => writeFileSync(join(at, 'data', 'log-1.meta'), ''),
      'STORAGE_DAMAGED',
      /log-1 has empty metadata/,
    ],
    [
      'metadata that are no message',
      (at) => writeFileSync(join(at, 'data', 'log-1.meta'), 'text'),
      'STORAGE_DAMAGED',
      /the metadata of .*log-1 cannot be decoded/,
    ],
    [
      'metadata of another file',
      (at) => writeFileSync(join(at, 'data', 'log-1.meta'), meta(7)),
      'STORAGE_DAMAGED',
      /the metadata of .*log-1 are those of log-7/,
    ],
    [
      'an unknown cipher',
      (at) => {
        const encryption = { provider: 'com.example.Rot13', keyAlias: 'k', parameters: Buffer.alloc(16) };
        writeFileSync(join(at, 'data', 'log-1.meta'), meta(1, { encryption }));
      },
      'STORAGE_DAMAGED',
      /log-1 is encrypted by com\.example\.Rot13/,
    ],
    [
      'one directory named twice',
      (at, { dataDirs }) => dataDirs.push(join(at, 'data', '.')),
      'STORAGE_DAMAGED',
      /log-1 and .*log-1 have the same number/,
    ],
    [
      'a directory that is not there',
      (at, { dataDirs }) => dataDirs.push(join(at, 'elsewhere')),
      'CONF_OPTION_VALUE',
      /data directory .*elsewhere cannot be read/,
    ],
    ['none at all', (_, { dataDirs }) => dataDirs.pop(), 'CONF_OPTION_VALUE', /no data directory is given/],
  ];
  for (const [name, change, code, message] of cases) {
    test(name, () => {
      const { at, settings } = channel(good);
      change(at, settings);
      assert.throws(() => readBacklog(settings), { code, message });
    });
  }
});

describe('files beside the logs', () => {
  test('a log that was only just made is a note', () => {
    const { at, settings } = channel(good);
    writeFileSync(join(at, 'data', 'log-2'), '');
    writeFileSync(join(at, 'data', 'log-3'), '');
    writeFileSync(join(at, 'data', 'log-3.meta'), '');
    const { findings } = readBacklog(settings);
    assert.deepEqual(
      findings.slice(0, 2).map(({ severity, file }) => [severity, file]),
      [2, 3].map((i) => ['info', join(at, 'data', `log-${i}`)]),
    );
    assert.deepEqual(read(settings).bodies, ['a', 'b']);
  });

  for (const ending of ['.meta.tmp', '.meta.old']) {
    test(`metadata that were left as ${ending} count, and stay there`, () => {
      const { at, settings } = channel(good);
      rmSync(join(at, 'data', 'log-1.meta'));
      writeFileSync(join(at, 'data', `log-1${ending}`), meta(1));
      assert.deepEqual(read(settings).bodies, ['a', 'b']);
      assert.deepEqual(read(settings).bodies, ['a', 'b']);
    });
  }

  test('backups of the integrity tool and other names are no logs', () => {
    const { at, settings } = channel(good);
    for (const name of ['log-1.bak', 'log-x', 'xlog-2', 'in_use.lock'])
      writeFileSync(join(at, 'data', name), 'x');
    mkdirSync(join(at, 'data', 'lost+found'));
    assert.deepEqual(read(settings).bodies, ['a', 'b']);
  });

  test('an empty channel has an empty backlog', () => {
    const at = temporaryDirectory();
    mkdirSync(join(at, 'data'));
    const settings = { checkpointDir: join(at, 'checkpoint'), dataDirs: [join(at, 'data')] };
    assert.deepEqual(read(settings), { bodies: [], findings: [], eventCount: 0 });
  });
});
