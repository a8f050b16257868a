/** Both ends of a connection: handshakes, calls, and what goes wrong with them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { ClientSession, type ClientSettings } from '../../../src/wire/avro/client-session.ts';
import { AvroCursor } from '../../../src/wire/avro/cursor.ts';
import { type AvroFailure, AvroRpcError } from '../../../src/wire/avro/errors.ts';
import { KnownProtocols, MATCH, readHandshakeAnswer } from '../../../src/wire/avro/handshake.ts';
import {
  compatibilityOf,
  FLUME_HASH,
  PROTOCOL_HASH,
  PROTOCOL_TEXT,
} from '../../../src/wire/avro/protocol.ts';
import { reply, ServerSession, statusBody, systemError } from '../../../src/wire/avro/server-session.ts';
import { plainTransport } from '../../../src/wire/avro/transport.ts';
import { batchOf } from '../../kit/editor.ts';
import { until } from '../../kit/until.ts';
import { bytes, call, frame, GREETING, greetingWith, long, md5 } from './avro.ts';

const NONE_YET = Buffer.concat([Buffer.alloc(16, 9), long(0), PROTOCOL_HASH, long(0)]);

function greet(request: Buffer, protocols = new KnownProtocols()) {
  const session = new ServerSession(protocols);
  const answer = session.read(request, 0, request.length);
  const cursor = new AvroCursor();
  cursor.reset(session.greeting, 0, session.greeting.length);
  return { session, answer, handshake: readHandshakeAnswer(cursor) };
}

const annotated = PROTOCOL_TEXT.replaceAll('"string"', '{"type":"string","avro.java.string":"String"}');

describe('avro: handshake of a server', () => {
  test('a client with a known hash that knows ours: BOTH', () => {
    for (const hash of [FLUME_HASH, PROTOCOL_HASH]) {
      const { session, answer, handshake } = greet(Buffer.concat([hash, long(0), hash, long(0), call('')]));
      assert.equal(handshake.match, MATCH.both);
      assert.equal(answer.kind, 'answer');
      assert.ok(session.connected);
    }
  });

  test('a client with another idea of ours: CLIENT, with our protocol', () => {
    const request = Buffer.concat([FLUME_HASH, long(0), Buffer.alloc(16, 1), long(0), call('append')]);
    const { answer, handshake } = greet(request);
    assert.equal(handshake.match, MATCH.client);
    assert.deepEqual(handshake.serverHash, PROTOCOL_HASH);
    assert.deepEqual(handshake.server, { append: null, appendBatch: null });
    assert.deepEqual(answer, { kind: 'call', message: 'append' });
  });

  test('an unknown client: NONE and nothing is executed; with its text it is known, to later connections too', () => {
    const protocols = new KnownProtocols();
    const stranger = Buffer.concat([md5(annotated), long(0), PROTOCOL_HASH, long(0), call('append')]);
    const first = greet(stranger, protocols);
    assert.equal(first.handshake.match, MATCH.none);
    assert.deepEqual(first.answer, { kind: 'answer', body: Buffer.alloc(0) });
    assert.equal(first.session.connected, false);
    const again = Buffer.concat([greetingWith(annotated), call('append')]);
    assert.deepEqual(first.session.read(again, 0, again.length), { kind: 'call', message: 'append' });
    assert.equal(greet(stranger, protocols).handshake.match, MATCH.both);
  });

  test('a text counts for its own connection only when the hash beside it is another’s', () => {
    const protocols = new KnownProtocols();
    const other = PROTOCOL_TEXT.replace('"type":"bytes"', '"type":"string"');
    for (const text of [other, annotated]) {
      const lie = Buffer.concat([greetingWith(text, Buffer.alloc(16, 7)), call('append')]);
      assert.equal(greet(lie, protocols).answer.kind, text === other ? 'answer' : 'call');
      const victim = Buffer.concat([Buffer.alloc(16, 7), long(0), PROTOCOL_HASH, long(0), call('append')]);
      assert.equal(greet(victim, protocols).handshake.match, MATCH.none);
    }
  });

  test('after the handshake requests have none', () => {
    const { session } = greet(Buffer.concat([GREETING, call('')]));
    const request = call('appendBatch');
    assert.deepEqual(session.read(request, 0, request.length), { kind: 'call', message: 'appendBatch' });
    assert.equal(session.greeting.length, 0);
  });

  test('meta data of the handshake and of the call are passed over', () => {
    const meta = Buffer.concat([long(1), bytes('k'), bytes('v'), long(0)]);
    const hello = Buffer.concat([PROTOCOL_HASH, long(0), PROTOCOL_HASH, long(1), meta]);
    const { answer } = greet(Buffer.concat([hello, meta, bytes('append')]));
    assert.deepEqual(answer, { kind: 'call', message: 'append' });
  });

  test('an unknown message and another protocol are told in an error; the connection goes on', () => {
    const { session, answer } = greet(Buffer.concat([GREETING, call('appendAll')]));
    assert.deepEqual(answer, { kind: 'answer', body: systemError('No such remote message: appendAll') });
    assert.ok(session.connected);
    const other = annotated.replace('"type":"bytes"', '"type":"string"');
    const foreign = greet(Buffer.concat([greetingWith(other), call('append')])).answer;
    assert.ok(foreign.kind === 'answer');
    assert.match(foreign.body.toString(), /cannot call append: its protocol declares other events/);
  });

  test('what is no handshake is refused', () => {
    for (const request of [Buffer.alloc(0), Buffer.alloc(100, 0xff), GREETING.subarray(0, 20)]) {
      assert.throws(() => greet(request), { code: 'BAD_INPUT' });
    }
    const huge = Buffer.concat([Buffer.alloc(16), long(1), bytes(Buffer.alloc(70_000, 'x'))]);
    assert.throws(() => greet(huge), /a protocol of 70000 bytes/);
  });
});

describe('avro: protocols', () => {
  const rows: readonly (readonly [string, string, RegExp | null])[] = [
    ['ours', PROTOCOL_TEXT, null],
    ['one whose strings are annotated', annotated, null],
    [
      'one of another namespace',
      PROTOCOL_TEXT.replaceAll('org.apache.flume.source.avro', 'com.example'),
      null,
    ],
    ['no JSON', 'protocol', /not JSON/],
    ['a list', '[]', /no such message/],
    ['another body', PROTOCOL_TEXT.replace('"bytes"', '"string"'), /other events/],
    ['another map', PROTOCOL_TEXT.replace('"values":"string"', '"values":"bytes"'), /other events/],
    ['another order', PROTOCOL_TEXT.replace('"headers"', '"x"'), /other events/],
    ['another response', PROTOCOL_TEXT.replaceAll('"response":"Status"', '"response":"string"'), /response/],
    ['no parameter', PROTOCOL_TEXT.replace(/"request":\[[^\]]*\]/, '"request":[]'), /0 parameters/],
    ['deep JSON', `${'['.repeat(10_000)}${']'.repeat(10_000)}`, /no such message/],
  ];
  for (const [what, text, reason] of rows) {
    test(`${what} is ${reason === null ? 'the same' : 'another'}`, () => {
      const { append } = compatibilityOf(text);
      if (reason === null) assert.equal(append, null);
      else assert.match(append ?? '', reason);
    });
  }
});

type Serve = (socket: Socket, request: Buffer, serial: number) => void;

/** A server of one connection that answers frames of one buffer each. */
async function serve(t: TestContext, answer: Serve): Promise<Socket> {
  const server = createServer((socket) => {
    let rest = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 12 && rest.length >= 12 + rest.readInt32BE(8)) {
        const end = 12 + rest.readInt32BE(8);
        const [request, serial] = [rest.subarray(12, end), rest.readInt32BE(0)];
        rest = rest.subarray(end);
        answer(socket, request, serial);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1');
  t.after(() => {
    socket.destroy();
    server.close();
  });
  await once(socket, 'connect');
  return socket;
}

const SETTINGS: ClientSettings = { requestTimeoutMs: 5000, connectTimeoutMs: 5000 };

async function open(t: TestContext, answer: Serve, settings = SETTINGS): Promise<ClientSession> {
  const socket = await serve(t, answer);
  return await ClientSession.open(
    (events) => plainTransport((receive) => socket.on('data', receive), events),
    settings,
  );
}

const BOTH = Buffer.from([0, 0, 0, 0]);
const OK = statusBody(true);
const RANGES = batchOf([[{ k: 'v' }, 'one']]).ranges;

/** Greets with BOTH, then answers calls by `answer`. */
const afterGreeting =
  (answer: Serve): Serve =>
  (socket, request, serial) => {
    if (request.subarray(0, 16).equals(FLUME_HASH)) socket.write(reply(serial, BOTH, Buffer.alloc(0)));
    else answer(socket, request, serial);
  };

function failsAs(failure: AvroFailure, pattern: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof AvroRpcError, String(error));
    assert.equal(error.failure, failure);
    assert.match(error.message, pattern);
    return true;
  };
}

describe('avro: a client', () => {
  test('calls are answered by their serials, in any order', async (t) => {
    const waiting: (() => void)[] = [];
    const client = await open(
      t,
      afterGreeting((socket, request, serial) => {
        const isBatch = request.includes('appendBatch');
        waiting.push(() => socket.write(reply(serial, Buffer.alloc(0), statusBody(isBatch))));
        if (waiting.length === 3) for (const send of waiting.reverse()) send();
      }),
    );
    const calls = [client.appendBatch(RANGES), client.append(RANGES[0]!), client.appendBatch(RANGES)];
    assert.equal(client.inFlight, 3);
    const results = await Promise.allSettled(calls);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.ok(client.isOpen, 'a refusal does not end the session');
    client.close();
  });

  test('FAILED and errors of the server are told apart', async (t) => {
    const answers = [statusBody(false), Buffer.from([0, 0, 4]), systemError('no room')];
    const client = await open(
      t,
      afterGreeting((socket, _, serial) => socket.write(reply(serial, Buffer.alloc(0), answers.shift()!))),
    );
    await assert.rejects(client.appendBatch(RANGES), failsAs('failed', /returned Status: FAILED/));
    await assert.rejects(client.appendBatch(RANGES), failsAs('failed', /returned Status: UNKNOWN/));
    await assert.rejects(client.appendBatch(RANGES), failsAs('remote', /^no room$/));
    client.close();
  });

  test('after NONE the handshake is repeated with the text; CLIENT brings the server’s', async (t) => {
    const seen: Buffer[] = [];
    const client = await open(t, (socket, request, serial) => {
      seen.push(request);
      const known = Buffer.concat([long(1), bytes(annotated), long(1), Buffer.alloc(16, 5), long(0)]);
      if (seen.length === 1) socket.write(frame(serial, Buffer.from([4]), known));
      else if (seen.length === 2) socket.write(frame(serial, Buffer.from([2]), known));
      else socket.write(reply(serial, Buffer.alloc(0), OK));
    });
    await client.appendBatch(RANGES);
    assert.ok(seen[1]!.includes(PROTOCOL_TEXT));
    assert.ok(seen[1]!.includes(Buffer.alloc(16, 5)), 'the server’s own hash is sent back');
    client.close();
  });

  test('a server of another protocol is told when it is called', async (t) => {
    const other = PROTOCOL_TEXT.replace('appendBatch', 'other');
    const client = await open(t, (socket, _, serial) => {
      const match = Buffer.concat([Buffer.from([2]), long(1), bytes(other), long(0), long(0)]);
      socket.write(frame(serial, match));
    });
    await assert.rejects(client.appendBatch(RANGES), failsAs('protocol', /no such message/));
    client.close();
  });

  test('NONE twice, or NONE without a hash, is no server for us', async (t) => {
    for (const hash of [Buffer.concat([long(1), Buffer.alloc(16)]), long(0)]) {
      const opened = open(t, (socket, _, serial) =>
        socket.write(frame(serial, Buffer.from([4, 0]), hash, long(0))),
      );
      await assert.rejects(opened, failsAs('protocol', /does not take our protocol|tells no hash/));
    }
  });

  test('no answer in time ends the session, and every call in flight', async (t) => {
    const client = await open(
      t,
      afterGreeting(() => {}),
      { ...SETTINGS, requestTimeoutMs: 30 },
    );
    const calls = [client.appendBatch(RANGES), client.appendBatch(RANGES)];
    for (const result of calls) await assert.rejects(result, failsAs('timeout', /no answer within 30 ms/));
    await assert.rejects(client.appendBatch(RANGES), failsAs('timeout', /within 30 ms/));
    assert.equal(client.isOpen, false);
  });

  test('no handshake in time is a time-out, too', async (t) => {
    const opened = open(t, () => {}, { ...SETTINGS, connectTimeoutMs: 30 });
    await assert.rejects(opened, failsAs('timeout', /no answer within 30 ms/));
  });

  test('a connection that ends fails what waits, and says so once', async (t) => {
    const client = await open(
      t,
      afterGreeting((socket) => socket.destroy()),
    );
    let closed = 0;
    client.onClosed(() => closed++);
    await assert.rejects(client.appendBatch(RANGES), failsAs('connection', /the server has ended|is closed/));
    await until('the connection is closed', () => closed === 1);
  });

  const garbage: readonly (readonly [string, (serial: number) => Buffer])[] = [
    ['HTTP', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['an answer to a call that was not made', (serial) => reply(serial + 7, Buffer.alloc(0), OK)],
    ['half an answer', (serial) => frame(serial, Buffer.from([0]))],
    ['a status that does not exist', (serial) => frame(serial, Buffer.from([0, 0, 100]))],
    ['2 GB announced', (serial) => Buffer.concat([frame(serial).subarray(0, 4), Buffer.alloc(8, 0x7f)])],
  ];
  for (const [what, bad] of garbage) {
    test(`hostile: ${what} ends the session with a clear error`, async (t) => {
      const client = await open(
        t,
        afterGreeting((socket, _, serial) => socket.write(bad(serial))),
      );
      await assert.rejects(
        client.appendBatch(RANGES),
        failsAs('protocol', /the server sends what is no answer/),
      );
      assert.equal(client.isOpen, false);
    });
  }

  test('an unknown client is not executed although it calls at once', () => {
    const { answer, handshake } = greet(Buffer.concat([NONE_YET, call('append')]));
    assert.equal(handshake.match, MATCH.none);
    assert.deepEqual(answer, { kind: 'answer', body: Buffer.alloc(0) });
  });
});
