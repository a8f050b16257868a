/** What the handlers make of a request: events, or the reason why not. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { blobHandler, morphlineBlobHandler } from '../../../src/sources/http/blob-handler.ts';
import type { HandlerRequest, HttpHandler } from '../../../src/sources/http/handler.ts';
import { jsonHandler } from '../../../src/sources/http/json-handler.ts';
import { runFlow } from '../../kit/flow.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { eventsOf, request, runHttp } from './http.ts';

interface Made {
  readonly body: Buffer;
  readonly headers: Record<string, string>;
}

/** The events that a handler makes of a request, as a batch would get them. */
function handle(handler: HttpHandler, sent: Partial<HandlerRequest>): Made[] {
  const made: Made[] = [];
  const batch = {
    append: (source: Buffer, from: number, to: number, headers = new Map<string, string>()) =>
      made.push({ body: Buffer.from(source.subarray(from, to)), headers: Object.fromEntries(headers) }),
    appendText: (text: string, headers = new Map<string, string>()) =>
      made.push({ body: Buffer.from(text), headers: Object.fromEntries(headers) }),
  };
  const all = {
    method: 'POST',
    path: '/',
    parameters: new Map(),
    contentType: undefined,
    body: Buffer.alloc(0),
  };
  handler.handle({ ...all, ...sent }, batch as unknown as Parameters<HttpHandler['handle']>[1]);
  return made;
}

function json(text: string, contentType?: string): { headers: Record<string, string>; body: string }[] {
  const made = handle(jsonHandler(), { body: Buffer.from(text), contentType });
  return made.map(({ body, headers }) => ({ headers, body: body.toString() }));
}

describe('http: JSONHandler', () => {
  const rows: readonly (readonly [
    what: string,
    text: string,
    events: readonly (readonly [body: string, headers?: Record<string, string>])[],
  ])[] = [
    ['headers and body', '[{"headers":{"a":"b","c":"d"},"body":"x"}]', [['x', { a: 'b', c: 'd' }]]],
    ['several events', '[{"body":"x"},{"headers":{"e":"f"},"body":"y"}]', [['x'], ['y', { e: 'f' }]]],
    ['no events', '[]', []],
    ['no body is an empty one', '[{"headers":{"a":"b"}}]', [['', { a: 'b' }]]],
    ['a body of null is an empty one', '[{"body":null,"headers":null}]', [['']]],
    ['no headers', '[{"body":"x"}]', [['x']]],
    ['an empty object', '[{}]', [['']]],
    ['members that nobody knows', '[{"body":"x","id":{"a":[1,2]}}]', [['x']]],
    ['escapes', String.raw`[{"body":"a\"b\\c\/d\u00e9\n"}]`, [['a"b\\c/dé\n']]],
    ['HTML stays as it is', '[{"body":"<b>&amp;</b>"}]', [['<b>&amp;</b>']]],
    [
      'numbers and booleans become text',
      '[{"headers":{"n":12,"t":true},"body":false}]',
      [['false', { n: '12', t: 'true' }]],
    ],
    ['a time stamp', '[{"headers":{"timestamp":1700000000123}}]', [['', { timestamp: '1700000000123' }]]],
    [
      'numbers stay as they are written',
      '[{"headers":{"a":12345678901234567890,"b":1.50,"c":1e3,"d":-0},"body":3.0}]',
      [['3.0', { a: '12345678901234567890', b: '1.50', c: '1e3', d: '-0' }]],
    ],
    [
      'a name that objects have',
      '[{"headers":{"__proto__":"a","constructor":"b"}}]',
      [
        [
          '',
          Object.fromEntries([
            ['__proto__', 'a'],
            ['constructor', 'b'],
          ]),
        ],
      ],
    ],
    ['blanks around', ' \n[ {"body" : "x"} ]\t', [['x']]],
    ['a byte order mark before', '\ufeff[{"body":"x"}]', [['x']]],
    // What Gson takes when it is lenient.
    ['single quotes', "[{'headers':{'a':'b'},'body':'it\\'s'}]", [["it's", { a: 'b' }]]],
    ['names and text without quotes', '[{headers:{a:b-1.c},body:text}]', [['text', { a: 'b-1.c' }]]],
    [
      'numbers without quotes among them',
      '[{headers:{a:1.50},body:12345678901234567890}]',
      [['12345678901234567890', { a: '1.50' }]],
    ],
    [
      'semicolons and equal signs',
      '[{"headers"={"a"=>"b";"c"="d"};"body":"x"};{"body":"y"}]',
      [['x', { a: 'b', c: 'd' }], ['y']],
    ],
    ['comments', '// one\n[ # two\n /* three\n */ {"body":"x"}]', [['x']]],
    ['a comment longer than a page', `/*${'*'.repeat(10_000)}*/[{body:x}] // ${'y'.repeat(10_000)}`, [['x']]],
    ['a comma too many', '[{"body":"x",},]', [['x']]],
  ];
  for (const [what, text, events] of rows)
    test(what, () => {
      assert.deepEqual(
        json(text).map(({ body, headers }) => [body, Object.entries(headers)]),
        events.map(([body, headers = {}]) => [body, Object.entries(headers)]),
      );
    });

  const bad: readonly (readonly [what: string, text: string, reason: RegExp])[] = [
    ['an object instead of an array', '{"body":"x"}', /an array of events is expected/],
    ['a text instead of an array', '"x"', /an array of events is expected/],
    ['a number instead of an event', '[1]', /an event is an object with headers and body/],
    ['an array instead of an event', '[[{"body":"x"}]]', /an event is an object with headers and body/],
    ['headers that are no object', '[{"headers":"a"}]', /headers are an object/],
    ['a header that is an object', '[{"headers":{"a":{}}}]', /header a is no text/],
    ['a body that is an object', '[{"body":{"a":1}}]', /body is no text/],
    ['an array that does not end', '[{"body":"x"}', /unexpected end|unterminated array/],
    ['a text that does not end', '[{"body":"x}]', /unterminated string/],
    ['text behind the array', '[{"body":"x"}] []', /text behind the end at line 1/],
    ['no name before a value', '{["a": "b"],"body": "random_body"}', /expected a name at line 1/],
    ['an array where a name should be', '[{"a": "b",["d":"e"],"body": "x"}]', /expected a name/],
    ['a member without a colon, with its line', '[\n{"body"\n"x"}]', /expected ':' at line 3/],
    ['an escape that is none', String.raw`[{"body":"\u00zz"}]`, /malformed \\u/],
    ['more levels than anybody needs', `${'['.repeat(100)}'`, /too many levels/],
  ];
  for (const [what, text, reason] of bad) {
    test(`refused: ${what}`, () => {
      assert.throws(
        () => json(text),
        (error: Error) =>
          error.name === 'BadRequest' &&
          /invalid JSON Syntax/.test(error.message) &&
          reason.test(error.message),
      );
    });
  }

  for (const text of ['', ' \n', '\ufeff']) {
    test(`a request without a body is no bad JSON but an error, as in Flume: ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => json(text),
        (error: Error) => error.name !== 'BadRequest' && /no body/.test(error.message),
      );
    });
  }

  test('any events come out as they were written as JSON', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    const event = fc.record({ headers: fc.dictionary(text, text, { noNullPrototype: true }), body: text });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 5 }), fc.boolean(), (events, lenient) => {
        // A comment makes it JSON that only the lenient reader takes.
        const found = json(JSON.stringify(events) + (lenient ? '#' : ''));
        assert.deepEqual(
          found.map((one) => [one.body, Object.entries(one.headers)]),
          events.map((one) => [one.body, Object.entries(one.headers)]),
        );
      }),
      { numRuns: 300 },
    );
  });

  const little = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le');
  const wide = (text: string) => Buffer.from([...text].flatMap((char) => [0, 0, 0, char.charCodeAt(0)]));
  const charsets: readonly (readonly [type: string, body: Buffer, event: string])[] = [
    ['application/json', Buffer.from('[{"body":"é"}]'), 'c3a9'],
    ['application/json; charset=UTF-8', Buffer.from('[{"body":"é"}]'), 'c3a9'],
    ['application/json;charset="utf-8"', Buffer.from('[{"body":"é"}]'), 'c3a9'],
    // Java encodes UTF-16 big-endian with a mark, and UTF-32 without.
    ['application/json; charset=UTF-16', little('[{"body":"é"}]'), 'feff00e9'],
    ['application/json; charset=utf-16', little('[{"body":"é"}]').subarray(2).swap16(), 'feff00e9'],
    ['application/json; charset=UTF-32', wide('[{"body":"é"}]'), '000000e9'],
  ];
  for (const [contentType, body, event] of charsets) {
    test(`bodies keep the charset of the request: ${contentType}, ${body.length} bytes`, () => {
      const made = handle(jsonHandler(), { contentType, body: Buffer.from(body) });
      assert.deepEqual(
        made.map((one) => one.body.toString('hex')),
        [event],
      );
    });
  }

  for (const charset of ['ISO-8859-1', 'windows-1252', 'UTF-7']) {
    test(`charset ${charset} is not taken, and named`, () => {
      assert.throws(
        () => json('[]', `application/json; charset=${charset}`),
        (error: Error) => error.name !== 'BadRequest' && error.message.includes(`not ${charset}`),
      );
    });
  }
});

describe('http: BLOBHandler', () => {
  test('the whole body is one event, parameters are its headers', () => {
    const parameters = new Map([
      ['a', '1'],
      ['b', 'é'],
    ]);
    const body = Buffer.from('000aff', 'hex');
    const made = handle(blobHandler({ mandatoryParameters: 'a, b' }), { parameters, body });
    assert.deepEqual(made, [{ body, headers: { a: '1', b: 'é' } }]);
  });

  test('a mandatory parameter that is absent is named', () => {
    const parameters = new Map([['a', '1']]);
    const handler = blobHandler({ mandatoryParameters: 'a,b' });
    assert.throws(() => handle(handler, { parameters }), /specify b parameter/);
  });

  test('without mandatoryParameters every request fails, as in Flume, and the answer says what to set', () => {
    assert.throws(() => handle(blobHandler({}), {}), /handler\.mandatoryParameters is not set/);
  });

  test('the morphline handler cuts the body and keeps the content type', () => {
    const made = handle(morphlineBlobHandler({ maxBlobLength: '3' }), {
      body: Buffer.from('abcdef'),
      contentType: 'text/csv',
      parameters: new Map([['p', 'q']]),
    });
    assert.deepEqual(made, [{ body: Buffer.from('abc'), headers: { p: 'q', 'Content-Type': 'text/csv' } }]);
  });

  test('query and form parameters: the first value of each name, decoded', async (t) => {
    const { port, collected } = await runHttp(t, {
      handler: 'org.apache.flume.source.http.BLOBHandler',
      'handler.mandatoryParameters': 'param1',
    });
    const csv = await request(port, {
      path: '/any/path?param1=v%201&param2=a&param2=b',
      type: 'text/csv',
      body: 'a,b,c',
    });
    assert.equal(csv.status, 200);
    const form = await request(port, {
      path: '/?param1=query',
      type: 'application/x-www-form-urlencoded',
      body: 'param1=form&more=%C3%A9',
    });
    assert.equal(form.status, 200);
    const missing = await request(port, { path: '/?param2=x', type: 'text/plain', body: 'x' });
    assert.equal(missing.status, 500);
    assert.match(missing.text, /Please specify param1 parameter/);
    await collected.untilCount(2);
    assert.deepEqual(eventsOf(collected), [
      { headers: { param1: 'v 1', param2: 'a' }, body: 'a,b,c' },
      { headers: { param1: 'query', more: 'é' }, body: 'param1=form&more=%C3%A9' },
    ]);
  });
});

describe('http: a handler of one’s own', () => {
  test('a file with createHandler gets its options and the request, and appends events', async (t) => {
    const path = join(temporaryDirectory(), 'handler.mjs');
    writeFileSync(
      path,
      `export function createHandler(options) {
         return {
           handle({ method, path, parameters, contentType, body }, batch) {
             if (path === '/bad') throw Object.assign(new Error('no good'), { name: 'BadRequest' });
             if (path === '/broken') throw new Error('it broke');
             if (path === '/later') return Promise.resolve().then(() => batch.appendText('late'));
             const text = [method, path, contentType, options.greeting, body.toString()].join('|');
             batch.appendText(text, new Map(parameters));
             batch.appendText('second');
           },
         };
       }`,
    );
    const { port, collected, flow } = await runHttp(t, { handler: path, 'handler.greeting': 'hello' });
    const ok = await request(port, { path: '/a?b=c', type: 'text/x', body: 'text' });
    assert.equal(ok.status, 200);
    await collected.untilCount(2);
    assert.deepEqual(eventsOf(collected), [
      { headers: { b: 'c' }, body: 'POST|/a|text/x|hello|text' },
      { headers: {}, body: 'second' },
    ]);
    for (const [where, status, reason] of [
      ['/bad', 400, /no good/],
      ['/broken', 500, /it broke/],
      ['/later', 500, /must have appended all events when it returns/],
    ] as const) {
      const answer = await request(port, { path: where, body: 'x' });
      assert.equal(answer.status, status, where);
      assert.match(answer.text, reason);
    }
    assert.equal((await request(port, { body: 'x' })).status, 200);
    await collected.untilCount(4);
    assert.equal(flow.counter('source', 'r1', 'EventReadFail'), 3);
    assert.equal(flow.status('source', 'r1').restarts, 0);
  });

  for (const [what, text, reason] of [
    ['is not there', null, /handler .*handler\.mjs cannot be used: Unable to load/],
    ['does not parse', 'export function {', /handler .*handler\.mjs cannot be used: .*cannot be loaded/],
    ['exports something else', 'export const handler = 1;', /handler .* exports no function createHandler/],
    ['makes nothing', 'export const createHandler = () => null;', /handler .* without a function handle/],
  ] as const) {
    test(`a handler that ${what} keeps the source from starting, with source and remedy`, async (t) => {
      const path = join(temporaryDirectory(), 'handler.mjs');
      if (text !== null) writeFileSync(path, text);
      const flow = await runFlow(
        t,
        `sources = r1
         channels = c1
         sources.r1.type = http
         sources.r1.port = 0
         sources.r1.bind = 127.0.0.1
         sources.r1.handler = ${path}
         sources.r1.channels = c1
         channels.c1.type = memory`,
      );
      const { text: told } = await flow.untilLogged(reason);
      assert.match(told, /source r1: handler/);
      assert.match(told, /use org\.apache\.flume\.source\.http\.JSONHandler/);
      assert.equal(flow.status('source', 'r1').state, 'failed');
    });
  }
});
