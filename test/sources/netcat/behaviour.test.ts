/** Netcat: what is a line, how it is read and what is answered, as Flume does it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { MoodyChannel, runFlow } from '../../kit/flow.ts';
import { until } from '../../kit/until.ts';
import { piecesOf, RawClient } from '../raw-client.ts';
import { type Netcat, refusal, runNetcat, textOf, tooLong } from './netcat.ts';

/** Runs one agent for all tests of a suite. */
function sharedNetcat(sources: Parameters<typeof runNetcat>[1]): () => Netcat {
  let netcat: Netcat;
  const cleanups: (() => unknown)[] = [];
  before(async () => {
    const after = (clean: unknown) => void cleanups.push(clean as () => unknown);
    netcat = await runNetcat({ after } as Parameters<typeof runNetcat>[0], sources);
  });
  after(async () => {
    for (const clean of cleanups) await clean();
  });
  return () => netcat;
}

/**
 * Sends `bytes` over a new connection, ends it, and resolves with the answer and the events that came of it.
 */
async function exchange(
  { collected, ports }: Netcat,
  bytes: Buffer,
  { source = 0, events, piece }: { source?: number; events: number; piece?: number },
): Promise<{ reply: Buffer; bodies: string[] }> {
  const from = collected.events.length;
  const client = new RawClient(ports[source]!);
  if (piece === undefined) client.send(bytes);
  else await client.sendInPieces(piecesOf(bytes, piece));
  const reply = await client.finish();
  await collected.untilCount(from + events);
  return { reply, bodies: collected.bodies.slice(from) };
}

const CROW = 'At the top of a tree perched Master Crow';
const CORBEAU = 'Maître Corbeau, sur un arbre perché';

describe('netcat: lines', () => {
  const netcat = sharedNetcat([{}]);

  const rows: readonly (readonly [what: string, input: string | Buffer, bodies: readonly string[]])[] = [
    ['a line is an event without its line end', 'one\n', ['one']],
    ['each line of a chunk is one', 'a\nb\nc\n', ['a', 'b', 'c']],
    ['an empty line is an event with an empty body', '\n\nx\n\n', ['', '', 'x', '']],
    ['a carriage return before the line end stays in the body', 'dos\r\n\r\n', ['dos\r', '\r']],
    ['a carriage return alone ends nothing', 'a\rb\n', ['a\rb']],
    ['what comes after the last line end is dropped', 'whole\nunfinished', ['whole']],
    ['text without a line end is no event', 'unfinished', []],
    ['NUL and control characters stay', '\0a\0\x01\x1b\x7f\n\0\n', ['\0a\0\x01\x1b\x7f', '\0']],
    ['accents and characters beyond the basic plane', `${CORBEAU}\n𝄞😀\n`, [CORBEAU, '𝄞😀']],
    ['a byte order mark is part of the text', '\ufeffx\n', ['\ufeffx']],
    ['blanks at both ends stay', '  x\t \n', ['  x\t ']],
    ['a byte that UTF-8 never has', Buffer.from('61ff620a', 'hex'), ['a\ufffdb']],
    ['a character that breaks off', Buffer.from('c3280a', 'hex'), ['\ufffd(']],
    ['a character that the line end cuts', Buffer.from('61e2820a620a', 'hex'), ['a\ufffd', 'b']],
    ['good lines beside a bad one', Buffer.from('610afe0a620a', 'hex'), ['a', '\ufffd', 'b']],
  ];
  for (const [what, input, bodies] of rows) {
    for (const piece of [undefined, 1]) {
      test(`${what}${piece === undefined ? '' : ', byte by byte'}`, async () => {
        const bytes = Buffer.from(input as string);
        const answer = await exchange(netcat(), bytes, {
          events: bodies.length,
          ...(piece ? { piece } : {}),
        });
        assert.deepEqual(answer.bodies.map(textOf), bodies);
        assert.equal(answer.reply.toString(), 'OK\n'.repeat(bodies.length));
        for (const event of netcat().collected.events) assert.equal(event.headers.size, 0);
      });
    }
  }

  test('any bytes in any chunks: the events are the decoded lines, and each has its OK', async () => {
    const byte = fc.oneof(fc.constantFrom(10, 10, 13, 0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xff), fc.nat(255));
    const chunks = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
    const some = fc.array(fc.array(byte, { minLength: 1, maxLength: 60 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.oneof(some, chunks), async (parts) => {
        const pieces = parts.map((part) => Buffer.from(part as number[]));
        const lines = Buffer.concat(pieces).toString('latin1').split('\n').slice(0, -1);
        const from = netcat().collected.events.length;
        const client = new RawClient(netcat().port);
        await client.sendInPieces(pieces);
        const reply = await client.finish();
        await netcat().collected.untilCount(from + lines.length);
        assert.deepEqual(netcat().collected.bodies.slice(from).map(textOf), lines.map(textOf));
        assert.equal(reply.toString(), 'OK\n'.repeat(lines.length));
      }),
      { numRuns: 40 },
    );
  });

  test('a client that ends its side gets the answer to every line, and then the end', async () => {
    const lines = Array.from({ length: 20_000 }, (_, n) => `line ${n}`);
    const { reply, bodies } = await exchange(netcat(), Buffer.from(`${lines.join('\n')}\nrest`), {
      events: lines.length,
    });
    assert.equal(reply.toString(), 'OK\n'.repeat(lines.length));
    assert.deepEqual(bodies, lines);
  });

  test('the source has no counter group in the metrics, as in Flume; its channel counts', () => {
    const groups = netcat().flow.agent.counterGroups();
    const registered = groups.filter((group) => group.registered).map((group) => group.type);
    assert.deepEqual(registered, ['CHANNEL', 'SINK']);
    const { flow, collected } = netcat();
    assert.equal(flow.counter('channel', 'c1', 'EventPutSuccessCount'), collected.events.length);
  });
});

/** `text` in a charset that Node does not write. */
function encoded(text: string, charset: string): Buffer {
  const little = Buffer.from(text, 'utf16le');
  if (charset === 'UTF-16LE') return little;
  if (charset === 'UTF-16BE') return Buffer.from(little).swap16();
  if (charset === 'UTF-16') return Buffer.concat([Buffer.from('feff', 'hex'), Buffer.from(little).swap16()]);
  return Buffer.from(text, charset === 'ISO-8859-1' ? 'latin1' : 'utf8');
}

describe('netcat: encoding', () => {
  const rows: readonly (readonly [encoding: string, line: Buffer, body: string, ok?: Buffer])[] = [
    ...['UTF-8', 'UTF-16LE', 'UTF-16BE', 'ISO-8859-1'].flatMap((charset) =>
      [CROW, CORBEAU].map((body) => [charset, encoded(`${body}\n`, charset), body] as const),
    ),
    ['UTF-16LE', encoded('Ċ \u0a0a\u010a𝄞\n', 'UTF-16LE'), 'Ċ \u0a0a\u010a𝄞'],
    ['utf8', Buffer.from('é\n'), 'é'],
    ['US-ASCII', Buffer.from('61e90a', 'hex'), 'a\ufffd'],
    ['windows-1252', Buffer.from('80e90a', 'hex'), '€é'],
    ['Shift_JIS', Buffer.from('93fa967b0a', 'hex'), '日本'],
    ['GBK', Buffer.from('c4e3bac30a', 'hex'), '你好'],
  ];
  const charsets = [...new Set(rows.map(([encoding]) => encoding))];
  const netcat = sharedNetcat([
    ...charsets.map((encoding) => ({ encoding })),
    ...charsets.map((encoding) => ({ encoding, 'ack-every-event': false })),
    { encoding: 'UTF-16' },
  ]);

  for (const [encoding, line, body] of rows) {
    test(`${encoding} in, UTF-8 bodies, answers in ${encoding}: ${body}`, async () => {
      const source = charsets.indexOf(encoding);
      const input = Buffer.concat(Array(20).fill(line));
      const wanted = Array(20).fill(body);
      for (const piece of [undefined, 1, 7]) {
        const { reply, bodies } = await exchange(netcat(), input, {
          source,
          events: 20,
          ...(piece ? { piece } : {}),
        });
        assert.deepEqual(bodies.map(textOf), wanted);
        assert.deepEqual(reply, encoded('OK\n'.repeat(20), encoding));
      }
      const silent = await exchange(netcat(), input, { source: source + charsets.length, events: 20 });
      assert.deepEqual(silent.bodies.map(textOf), wanted);
      assert.equal(silent.reply.length, 0);
    });
  }

  test('UTF-16 without an order: the mark says it, big-endian else; one mark is written', async () => {
    const source = charsets.length * 2;
    const little = Buffer.concat([Buffer.from('fffe', 'hex'), encoded(`${CORBEAU}\n`, 'UTF-16LE')]);
    for (const input of [encoded(`${CORBEAU}\n`, 'UTF-16'), encoded(`${CORBEAU}\n`, 'UTF-16BE'), little]) {
      const { bodies, reply } = await exchange(netcat(), input, { source, events: 1 });
      assert.deepEqual(bodies.map(textOf), [CORBEAU]);
      assert.deepEqual(reply, encoded('OK\n', 'UTF-16'));
    }
    const client = new RawClient(netcat().ports[source]!);
    for (let line = 1; line <= 3; line++) {
      client.send(encoded('x\n', 'UTF-16BE'));
      await until('an answer', () => client.received.length >= 2 + line * 6);
    }
    assert.deepEqual(await client.finish(), encoded('OK\nOK\nOK\n', 'UTF-16'));
  });

  test('an unknown encoding is told with source, option and remedy, and is not tried again', async (t) => {
    const flow = await runFlow(
      t,
      `sources = r1
       channels = c1
       sources.r1.type = netcat
       sources.r1.bind = 127.0.0.1
       sources.r1.port = 0
       sources.r1.encoding = utf-9
       sources.r1.channels = c1
       channels.c1.type = memory`,
    );
    const { text } = await flow.untilLogged(/utf-9/);
    assert.match(text, /source r1: encoding = utf-9 is not a known charset/);
    assert.match(text, /use a charset such as UTF-8/);
    assert.equal(flow.status('source', 'r1').state, 'failed');
  });
});

describe('netcat: max-line-length', () => {
  const netcat = sharedNetcat([
    { 'max-line-length': 10 },
    { 'max-line-length': 10, 'ack-every-event': false },
    { 'max-line-length': 10, encoding: 'UTF-16BE' },
    { 'max-line-length': 3_000_000 },
  ]);

  const rows: readonly (readonly [
    what: string,
    input: string,
    bodies: readonly string[],
    refused: boolean,
  ])[] = [
    ['nine characters and the line end are taken', '123456789\n', ['123456789'], false],
    ['ten characters and the line end are too long', '1234567890\n', [], true],
    ['ten characters are refused before their line end came', '1234567890', [], true],
    ['nine characters may still become a line', '123456789', [], false],
    ['a carriage return counts', '123456789\r\n', [], true],
    ['characters count, not bytes', 'ééééééééé\n', ['ééééééééé'], false],
    ['ten of two bytes are too long', 'éééééééééé\n', [], true],
    ['characters beyond the basic plane count twice, as in Java', '😀😀😀😀1\n', ['😀😀😀😀1'], false],
    ['five of them are ten', '😀😀😀😀😀\n', [], true],
    ['lines before the long one are events', 'a\nb\n1234567890\n', ['a', 'b'], true],
    ['lines behind it are not read', 'a\n1234567890\nb\n', ['a'], true],
  ];
  for (const [what, input, bodies, refused] of rows) {
    for (const [source, ok] of [
      [0, 'OK\n'],
      [1, ''],
    ] as const) {
      test(`${what}${source === 1 ? ' (without acknowledgements)' : ''}`, async () => {
        const answer = await exchange(netcat(), Buffer.from(input), { source, events: bodies.length });
        assert.deepEqual(answer.bodies.map(textOf), bodies);
        assert.equal(answer.reply.toString(), ok.repeat(bodies.length) + (refused ? tooLong(10) : ''));
      });
    }
  }

  test('the source ends the connection after a line that is too long', async () => {
    const client = new RawClient(netcat().port);
    client.send('1234567890\n');
    await client.untilEnded();
    assert.equal(client.text, tooLong(10));
    await client.finish();
  });

  test('the answer is in the charset of the client', async () => {
    const { reply } = await exchange(netcat(), encoded('1234567890\n', 'UTF-16BE'), { source: 2, events: 0 });
    assert.deepEqual(reply, encoded(tooLong(10), 'UTF-16BE'));
  });

  test('a client that goes on sending behind the long line still reads the whole answer', async () => {
    const client = new RawClient(netcat().port);
    client.send(Buffer.alloc(8 * 1024 * 1024, 'x'));
    await client.untilEnded();
    assert.equal(client.error, null);
    assert.equal(client.text, tooLong(10));
    client.destroy();
  });

  test('a line of millions of characters is one event when it may be', async () => {
    const line = 'é'.repeat(1_499_999);
    const { reply, bodies } = await exchange(netcat(), Buffer.from(`${line}\n`), { source: 3, events: 1 });
    assert.equal(reply.toString(), 'OK\n');
    assert.ok(textOf(bodies[0]!) === line, 'the body is the line');
  });
});

describe('netcat: acknowledgements', () => {
  test('without ack-every-event accepted lines get no answer, refused ones do', async (t) => {
    const moody = new MoodyChannel(t);
    const { port, collected } = await runNetcat(t, [{ 'ack-every-event': false }], moody.channel('c1'));
    const client = new RawClient(port);
    client.send('a\nb\n');
    await collected.untilCount(2);
    await moody.set('refuse');
    client.send('c\n');
    const text = await client.untilText('\n');
    assert.match(text, /^FAILED: Unable to put event on required channel: .*\n$/);
    await moody.set('accept');
    client.send('d\n');
    await collected.untilCount(3);
    assert.deepEqual(collected.bodies, ['a', 'b', 'd']);
    assert.equal((await client.finish()).toString(), text);
  });

  test('a client that ends its side while the channel is silent gets its answers later, then the end', async (t) => {
    const moody = new MoodyChannel(t);
    const { port, collected } = await runNetcat(t, [{}], moody.channel('c1', 'stall'));
    const client = new RawClient(port);
    client.send('a\nb\nrest');
    client.socket.end();
    await until('the put waits', () => moody.held > 0);
    assert.equal(client.text, '');
    assert.equal(client.ended, false);
    await moody.set('accept');
    await client.untilClosed();
    assert.equal(client.text, 'OK\nOK\n');
    await collected.untilCount(2);
    assert.deepEqual(collected.bodies, ['a', 'b']);
  });

  test('refused lines are answered one by one, in the order of the lines, behind accepted ones', async (t) => {
    const { port, flow } = await runNetcat(
      t,
      [{}],
      `channels.c1.type = memory
       channels.c1.capacity = 3
       channels.c1.transactionCapacity = 3
       channels.c1.keep-alive = 0
       sinks.k1.failures = -1`,
    );
    const client = new RawClient(port);
    client.send('1\n2\n3\n4\n5\n');
    await until('five answers', () => client.text.split('\n').length > 5);
    const failed = refusal('org.apache.flume.channel.MemoryChannel');
    assert.equal((await client.finish()).toString(), 'OK\n'.repeat(3) + failed.repeat(2));
    await flow.stop(50);
  });
});
