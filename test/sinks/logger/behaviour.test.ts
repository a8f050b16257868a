import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/sinks/logger/index.ts';
import { batchOf, type EventOf, part } from '../../kit/editor.ts';
import type { Properties } from '../../kit/part.ts';
import { SinkRig } from '../../kit/sink.ts';

async function logged(properties: Properties, events: readonly EventOf[]): Promise<string[]> {
  const rig = await SinkRig.start(declaration, properties);
  await rig.sink.process(batchOf(events));
  for (const { level, logger } of rig.log.lines) {
    assert.deepEqual([level, logger], ['info', 'org.apache.flume.sink.LoggerSink']);
  }
  return rig.log.texts('info');
}

/** Sixteen bytes, as hex, padded, then as text. */
const row = (hex: string, text: string) => `${hex.padEnd(48)} ${text}`;
const alphabet = 'abcdefghijklmnopqrstuvwxyz';
const A_TO_P = row(' 61 62 63 64 65 66 67 68 69 6A 6B 6C 6D 6E 6F 70', 'abcdefghijklmnop');
const Q_TO_Z = row(' 71 72 73 74 75 76 77 78 79 7A', 'qrstuvwxyz');

describe('sink logger', () => {
  test('the example of Flume’s guide, blank by blank', async () => {
    assert.deepEqual(await logged({}, [[{}, 'hello\r']]), [
      'Event: { headers:{} body: 68 65 6C 6C 6F 0D                               hello. }',
    ]);
  });

  for (const [what, properties, body, dump] of [
    ['an empty body has no dump', {}, '', ''],
    ['one byte is padded to a row', {}, 'x', row(' 78', 'x')],
    ['sixteen bytes fill a row', {}, alphabet.slice(0, 16), A_TO_P],
    ['of a longer body sixteen bytes are shown', {}, alphabet, A_TO_P],
    ['maxBytesToLog shows fewer', { maxBytesToLog: '3' }, alphabet, row(' 61 62 63', 'abc')],
    ['maxBytesToLog 0 shows none', { maxBytesToLog: '0' }, alphabet, ''],
    [
      'a second row begins with its offset',
      { maxBytesToLog: '256' },
      alphabet,
      `${A_TO_P}\n00000010${Q_TO_Z}`,
    ],
    ['a row that is cut', { maxBytesToLog: '18' }, alphabet, `${A_TO_P}\n00000010${row(' 71 72', 'qr')}`],
    ['a value that is none shows sixteen', { maxBytesToLog: 'all' }, alphabet, A_TO_P],
    [
      'bytes that do not print are dots; blank and tilde print',
      {},
      Buffer.from([0x00, 0x09, 0x0a, 0x1f, 0x20, 0x7e, 0x7f, 0x80, 0xe9, 0xff]),
      row(' 00 09 0A 1F 20 7E 7F 80 E9 FF', '.... ~....'),
    ],
    ['letters of more bytes are dots, byte by byte', {}, 'é€', row(' C3 A9 E2 82 AC', '.....')],
  ] as const satisfies readonly (readonly [string, Properties, EventOf[1], string])[]) {
    test(what, async () => {
      assert.deepEqual(await logged(properties, [[{}, body]]), [`Event: { headers:{} body:${dump} }`]);
    });
  }

  test('offsets are eight hex digits in capitals', async () => {
    const [line] = await logged({ maxBytesToLog: '1000' }, [[{}, Buffer.alloc(1000, 'x')]]);
    const offsets = line!.split('\n').map((one) => one.slice(0, 8));
    assert.deepEqual(offsets.slice(9, 12), ['00000090', '000000A0', '000000B0']);
    assert.equal(offsets.at(-1), '000003E0');
    assert.equal(offsets.length, 63);
  });

  for (const [headers, shown] of [
    [{ header1: 'value1', header2: 'value2' }, '{header2=value2, header1=value1}'],
    [{ timestamp: '1', host: 'h', basename: 'f.log' }, '{basename=f.log, host=h, timestamp=1}'],
    [{ k1: 'a', k2: 'b', k3: 'c' }, '{k1=a, k2=b, k3=c}'],
  ] as const) {
    test(`headers ${JSON.stringify(headers)} stand as Java’s HashMap hands them out, however they came`, async () => {
      const turned = Object.fromEntries(Object.entries(headers).reverse());
      const lines = await logged({}, [
        [headers, ''],
        [turned, ''],
      ]);
      const line = `Event: { headers:${shown} body: }`;
      assert.deepEqual(lines, [line, line]);
    });
  }

  test('one line an event, in order, for a part of a block, too', async () => {
    const rig = await SinkRig.start(declaration);
    const batch = batchOf(Array.from({ length: 10 }, (_, n): EventOf => [{ n: `${n}` }, '']));
    await rig.sink.process(part(batch, 3, 4));
    assert.deepEqual(
      rig.log.texts('info').map((text) => /n=(\d)/.exec(text)![1]),
      ['3', '4', '5', '6'],
    );
  });
});
