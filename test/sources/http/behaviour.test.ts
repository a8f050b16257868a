/** Http: methods, status codes, limits, time-outs and connections. */
import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';
import { describe, test } from 'node:test';
import { kitPlugin, MoodyChannel } from '../../kit/flow.ts';
import { until } from '../../kit/until.ts';
import { RawClient } from '../raw-client.ts';
import { eventsOf, jsonEvents, request, runHttp } from './http.ts';

describe('http: requests and answers', { concurrency: 4 }, () => {
  test('methods: POST, GET and HEAD carry events, TRACE and OPTIONS are forbidden, others not allowed', async (t) => {
    const { port, collected } = await runHttp(t);
    const statuses: Record<string, number> = {};
    for (const method of ['POST', 'GET', 'HEAD', 'TRACE', 'OPTIONS', 'PUT', 'DELETE', 'PATCH']) {
      const { status, headers } = await request(port, { method, body: `[{"body":"${method}"}]` });
      statuses[method] = status;
      if (status === 405) assert.equal(headers.allow, 'GET, HEAD, POST');
    }
    assert.deepEqual(statuses, {
      POST: 200,
      GET: 200,
      HEAD: 200,
      TRACE: 403,
      OPTIONS: 403,
      PUT: 405,
      DELETE: 405,
      PATCH: 405,
    });
    await collected.untilCount(3);
    assert.deepEqual(collected.bodies, ['POST', 'GET', 'HEAD']);
  });

  test('answers: 200 is empty, errors are pages with the reason, and counters count both', async (t) => {
    const { port, flow, collected } = await runHttp(t);
    const good = await request(port, { path: '/any/path?a=b', body: jsonEvents(3) });
    assert.deepEqual([good.status, good.text, good.headers['content-length']], [200, '', '0']);
    const rows: readonly (readonly [string, string, number, RegExp])[] = [
      ['{"body":"x"}', 'application/json', 400, /an array of events is expected/],
      ['[{"body":"<script>"', 'application/json', 400, /invalid JSON Syntax/],
      ['[{<script>}]', 'application/json', 400, /HTTP ERROR 400/],
      ['[{"body":"x"}]', 'application/json; charset=ISO-8859-1', 500, /not ISO-8859-1/],
      ['[{"body":"x"}]', 'application/json; charset=<b>', 500, /not &#60;b&#62;/],
      ['', 'application/json', 500, /no body/],
    ];
    for (const [body, type, status, reason] of rows) {
      const answer = await request(port, { body, type });
      assert.equal(answer.status, status, body);
      assert.match(answer.text, reason);
      assert.match(String(answer.headers['content-type']), /^text\/html/);
      assert.doesNotMatch(answer.text, /<script|<b>/);
    }
    assert.equal((await request(port, { body: '[]' })).status, 200);
    await collected.untilCount(3);
    const counters = [
      'AppendBatchReceivedCount',
      'AppendBatchAcceptedCount',
      'EventReceivedCount',
      'EventAcceptedCount',
      'EventReadFail',
      'ChannelWriteFail',
      'GenericProcessingFail',
    ];
    const values = Object.fromEntries(counters.map((name) => [name, flow.counter('source', 'r1', name)]));
    assert.deepEqual(values, {
      AppendBatchReceivedCount: 2,
      AppendBatchAcceptedCount: 2,
      EventReceivedCount: 3,
      EventAcceptedCount: 3,
      EventReadFail: rows.length,
      ChannelWriteFail: 0,
      GenericProcessingFail: 0,
    });
    await flow.untilLogged(/bad request/i);
  });

  test('many events of one request come out in order, in one put', async (t) => {
    const { port, flow, collected } = await runHttp(t);
    assert.equal((await request(port, { body: jsonEvents(20_000) })).status, 200);
    await collected.untilCount(20_000);
    const events = eventsOf(collected);
    for (let n = 0; n < 20_000; n++) assert.deepEqual(events[n], { headers: { n: `${n}` }, body: `e${n}` });
    assert.equal(flow.counter('source', 'r1', 'AppendBatchAcceptedCount'), 1);
  });

  test('a request is in the channel as a whole or not at all: 503, and the same request again later', async (t) => {
    const { port, flow, collected } = await runHttp(
      t,
      {},
      `channels.c1.type = memory
       channels.c1.capacity = 100
       channels.c1.transactionCapacity = 100
       channels.c1.keep-alive = 0`,
    );
    const full = await request(port, { body: jsonEvents(150) });
    assert.equal(full.status, 503);
    assert.match(full.text, /Error appending event to channel\. Channel might be full\./);
    assert.equal(flow.counter('source', 'r1', 'ChannelWriteFail'), 1);
    assert.equal(flow.counter('source', 'r1', 'EventAcceptedCount'), 0);
    assert.equal((await request(port, { body: jsonEvents(100) })).status, 200);
    await collected.untilCount(100);
    assert.equal(collected.events.length, 100);
  });

  test('an interceptor that throws gives 500, nothing is put, and the source goes on', async (t) => {
    const { port, flow, collected } = await runHttp(t, {
      interceptors: 'i1',
      'interceptors.i1.type': kitPlugin('throwing-interceptor'),
    });
    const answer = await request(port, { body: '[{"body":"bad"},{"body":"good"}]' });
    assert.equal(answer.status, 500);
    assert.match(answer.text, /the interceptor fails/);
    assert.equal(flow.counter('source', 'r1', 'GenericProcessingFail'), 1);
    assert.equal((await request(port, { body: '[{"body":"good"}]' })).status, 200);
    await collected.untilCount(1);
    assert.deepEqual(collected.bodies, ['good']);
  });

  test('Server and X-Powered-By are sent as the options say', async (t) => {
    const plain = await runHttp(t);
    const { headers } = await request(plain.port, { body: '[]' });
    assert.deepEqual([headers.server, headers['x-powered-by']], ['Millrace', undefined]);
    const turned = await runHttp(t, {
      'HttpConfiguration.sendServerVersion': false,
      'HttpConfiguration.sendXPoweredBy': true,
    });
    const other = await request(turned.port, { body: '[]' });
    assert.deepEqual([other.headers.server, other.headers['x-powered-by']], [undefined, 'Millrace']);
  });
});

describe('http: limits', { concurrency: 4 }, () => {
  const LIMIT = 1000;
  const tooLarge = /The request is larger than maxRequestBytes \(1000 bytes\)/;

  /** A request of exactly `size` bytes. */
  function bodyOf(size: number): string {
    const frame = '[{"body":""}]';
    return `[{"body":"${'x'.repeat(size - frame.length)}"}]`;
  }

  for (const how of ['with its length', 'in chunks'] as const) {
    test(`a body ${how} may be as large as maxRequestBytes; one byte more is answered with 413`, async (t) => {
      const { port, flow, collected } = await runHttp(t, { maxRequestBytes: LIMIT });
      const headers = how === 'in chunks' ? { 'transfer-encoding': 'chunked' } : {};
      assert.equal((await request(port, { body: bodyOf(LIMIT), headers })).status, 200);
      const over = await request(port, { body: bodyOf(LIMIT + 1), headers });
      assert.equal(over.status, 413);
      assert.match(over.text, tooLarge);
      assert.equal(over.headers.connection, 'close');
      await collected.untilCount(1);
      assert.equal(flow.counter('source', 'r1', 'EventReadFail'), 1);
      assert.equal(flow.counter('channel', 'c1', 'EventPutSuccessCount'), 1);
    });

    test(`a client that uploads far too much ${how} reads the whole answer`, async (t) => {
      const { port } = await runHttp(t, { maxRequestBytes: LIMIT });
      const headers = how === 'in chunks' ? { 'transfer-encoding': 'chunked' } : {};
      const over = await request(port, { body: bodyOf(4 * 1024 * 1024), headers });
      assert.equal(over.status, 413);
      assert.match(over.text, tooLarge);
    });
  }

  test('bodies that together exceed maxUnfinishedBytes are refused with 503, and taken when others are done', async (t) => {
    const { port, flow } = await runHttp(t, { maxUnfinishedBytes: 100_000 });
    const body = bodyOf(80_000);
    // It comes but for its last byte, and is held.
    const slow = new RawClient(port);
    slow.send(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, -1)}`);
    const refused = await until('a second one is refused', async () => {
      const answer = await request(port, { body: bodyOf(30_000) });
      return answer.status === 503 ? answer : null;
    });
    assert.match(refused.text, /hold more than maxUnfinishedBytes \(100000 bytes\)/);
    assert.ok(flow.counter('source', 'r1', 'EventReadFail') >= 1);
    assert.equal((await request(port, { body: bodyOf(1000) })).status, 200, 'a small one still fits');
    slow.send(body.slice(-1));
    await slow.untilText('HTTP/1.1 200 OK');
    assert.equal((await request(port, { body: bodyOf(90_000) })).status, 200);
    assert.equal((await request(port, { body: bodyOf(200_000) })).status, 200, 'one alone may be larger');
    slow.destroy();
  });

  test('events that no batch can hold are answered with 413, which is no reason to try again', async (t) => {
    const { port } = await runHttp(t);
    const answer = await request(port, { body: bodyOf(17 * 1024 * 1024) });
    assert.equal(answer.status, 413);
    assert.match(answer.text, /a block holds at most/);
    assert.equal((await request(port, { body: '[{"body":"x"}]' })).status, 200);
  });

  test('more request headers than requestHeaderSize are answered with 431', async (t) => {
    const { port } = await runHttp(t, { 'HttpConfiguration.requestHeaderSize': 2000 });
    assert.equal((await request(port, { body: '[]', headers: { a: 'x'.repeat(1000) } })).status, 200);
    assert.equal((await request(port, { body: '[]', headers: { a: 'x'.repeat(3000) } })).status, 431);
  });

  test('what is no HTTP is answered with 400 and closed', async (t) => {
    const { port } = await runHttp(t);
    const client = new RawClient(port);
    client.send('some line of netcat\n\n');
    await client.untilEnded();
    assert.match(client.text, /^HTTP\/1\.1 400 /);
    client.destroy();
    assert.equal((await request(port, { body: '[]' })).status, 200);
  });
});

describe('http: connections', { concurrency: 4 }, () => {
  const HEAD = 'POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n';

  test('many requests go over one connection, also without waiting for answers', async (t) => {
    const { port, collected } = await runHttp(t);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const ports = new Set<number>();
    for (let n = 0; n < 50; n++) {
      const status = await new Promise((resolve, reject) => {
        const out = httpRequest({ port, host: '127.0.0.1', method: 'POST', agent }, (response) => {
          ports.add(response.socket.localPort!);
          response.resume().once('end', () => resolve(response.statusCode));
        });
        out.once('error', reject);
        out.end(`[{"body":"kept ${n}"}]`);
      });
      assert.equal(status, 200);
    }
    assert.equal(ports.size, 1);
    const client = new RawClient(port);
    const bodies = Array.from({ length: 20 }, (_, n) => `[{"body":"piped ${n}"}]`);
    client.send(bodies.map((body) => `${HEAD}Content-Length: ${body.length}\r\n\r\n${body}`).join(''));
    await until('all answers', () => client.text.split('HTTP/1.1 200').length > 20);
    client.destroy();
    await collected.untilCount(70);
    assert.deepEqual(
      collected.bodies.slice(50),
      bodies.map((body) => JSON.parse(body)[0].body),
    );
  });

  test('an upload that the client breaks off puts nothing and harms nobody', async (t) => {
    const { port, flow, collected } = await runHttp(t);
    for (const end of ['destroy', 'half'] as const) {
      const client = new RawClient(port);
      client.send(`${HEAD}Content-Length: 1000\r\n\r\n[{"body":"x"}]`);
      await until('it is sent', () => client.socket.bytesWritten > 0);
      if (end === 'destroy') client.destroy();
      else await client.finish();
    }
    const broken = new RawClient(port);
    broken.send(`${HEAD}Transfer-Encoding: chunked\r\n\r\nZZ\r\n`);
    await broken.untilEnded();
    broken.destroy();
    assert.equal((await request(port, { body: '[{"body":"whole"}]' })).status, 200);
    await collected.untilCount(1);
    assert.deepEqual(collected.bodies, ['whole']);
    assert.equal(flow.counter('source', 'r1', 'EventReceivedCount'), 1);
    assert.equal(flow.status('source', 'r1').state, 'running');
  });

  test('an upload that stops half-way is ended after requestTimeout; others are served meanwhile', async (t) => {
    const { port, collected } = await runHttp(t, { requestTimeout: 1000 });
    const slow = [
      `${HEAD}Content-Length: 1000\r\n\r\n[{"body":"half`,
      'POST / HTTP/1.1\r\nHost: h\r\n',
      'POST',
    ].map((text) => {
      const client = new RawClient(port);
      client.send(text);
      return client;
    });
    assert.equal((await request(port, { body: '[{"body":"quick"}]' })).status, 200);
    for (const client of slow) {
      await client.untilEnded();
      assert.match(client.text, /^HTTP\/1\.1 408 Request Timeout/);
      client.destroy();
    }
    await collected.untilCount(1);
    assert.deepEqual(collected.bodies, ['quick']);
  });

  test('a connection on which nothing comes is closed after ServerConnector.idleTimeout', async (t) => {
    const { port } = await runHttp(t, { 'ServerConnector.idleTimeout': 200 });
    const client = new RawClient(port);
    client.send(`${HEAD}Content-Length: 2\r\n\r\n[]`);
    await client.untilText('HTTP/1.1 200');
    await client.untilEnded();
    assert.equal(client.error, null);
    client.destroy();
  });

  test('a hundred clients at once: each is answered once its events are in the channel', async (t) => {
    const { port, collected } = await runHttp(t);
    const sent = Array.from({ length: 100 }, (_, c) => request(port, { body: jsonEvents(20, `${c}:`) }));
    for (const { status } of await Promise.all(sent)) assert.equal(status, 200);
    await collected.untilCount(2000);
    assert.equal(new Set(collected.bodies).size, 2000);
  });

  test('a stop waits for the channel’s answer to a request, and closes the port', async (t) => {
    const moody = new MoodyChannel(t);
    const { port, flow } = await runHttp(t, {}, moody.channel('c1', 'stall'));
    const idle = new RawClient(port);
    idle.send(`${HEAD}Content-Length: 2\r\n\r\n[]`);
    await idle.untilText('HTTP/1.1 200');
    const waiting = request(port, { body: '[{"body":"x"}]' });
    await until('the put waits', () => moody.held > 0);
    const stopped = flow.stop();
    await idle.untilEnded();
    await moody.set('accept');
    assert.equal((await waiting).status, 200);
    assert.equal(await stopped, true);
    idle.destroy();
    await assert.rejects(request(port, { body: '[]' }), /ECONNREFUSED/);
  });
});
