import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import declaration from '../../../src/serializers/avro_event_schema/index.ts';
import { batchOf, type EventOf, part } from '../../kit/editor.ts';
import { type Properties, RecordedLog } from '../../kit/part.ts';
import { readAvroBlocks, SerializedFile, serialize } from '../../kit/serialize.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

const URL_HEADER = 'flume.avro.schema.url';
const LITERAL_HEADER = 'flume.avro.schema.literal';
const SCHEMA = { type: 'record', name: 'myrecord', fields: [{ name: 'message', type: 'string' }] };
const literal = JSON.stringify(SCHEMA, null, 2);

/** A record of that schema: a string of less than 64 bytes. */
const record = (message: string) => Buffer.from(`${String.fromCharCode(2 * message.length)}${message}`);
const messages = ['Hello 0', 'Hello 1', 'Hello 2'];

function events(headers: Readonly<Record<string, string>>): EventOf[] {
  return messages.map((message) => [headers, record(message)]);
}

function schemaFile(text = literal): string {
  const path = join(temporaryDirectory(), 'schema one.avsc');
  writeFileSync(path, text);
  return pathToFileURL(path).href;
}

async function served(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function assertWritten(
  properties: Properties,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const { schema, codec, blocks } = readAvroBlocks(
    await serialize(declaration, properties, batchOf(events(headers))),
  );
  assert.deepEqual(schema, SCHEMA);
  assert.equal(codec, properties.compressionCodec ?? 'null');
  assert.deepEqual(blocks, [[3, Buffer.concat(messages.map(record))]]);
}

async function refusal(properties: Properties, headers: Readonly<Record<string, string>>): Promise<Error> {
  const file = await SerializedFile.open(declaration, properties);
  return await file.commit(batchOf(events(headers))).then(
    () => assert.fail('it was written'),
    (error: Error) => {
      assert.equal(file.bytes.length, 0, 'nothing is in the file');
      return error;
    },
  );
}

describe('serializer AvroEventSerializer', () => {
  for (const compressionCodec of ['null', 'deflate', 'snappy', 'bzip2', 'zstandard']) {
    test(`schema in a header, codec ${compressionCodec}: bodies are the records`, () =>
      assertWritten({ compressionCodec }, { [LITERAL_HEADER]: literal }));
  }

  test('schema at a URL in a header', () => assertWritten({}, { [URL_HEADER]: schemaFile() }));

  test('schema at the URL that is configured', () => assertWritten({ schemaURL: schemaFile() }, {}));

  test('schema from a web server', async (t) => {
    const url = await served(t, (_, response) => response.end(literal));
    await assertWritten({}, { [URL_HEADER]: `${url}/a.avsc` });
  });

  test('schema in HDFS, by WebHDFS', async (t) => {
    const url = await served(t, (request, response) => {
      const { pathname, searchParams } = new URL(request.url!, 'http://x');
      assert.equal(pathname, '/webhdfs/v1/schemas/a.avsc');
      assert.equal(searchParams.get('op'), 'OPEN');
      if (searchParams.has('data')) return response.end(literal);
      response.writeHead(307, { location: `http://${request.headers.host}${request.url}&data=1` }).end();
    });
    await assertWritten({}, { [URL_HEADER]: `${url.replace('http', 'webhdfs')}/schemas/a.avsc` });
  });

  test('the URL in the header wins over the literal, and both over the option', async () => {
    const wrong = '"long"';
    await assertWritten(
      { schemaURL: 'file:///none' },
      { [URL_HEADER]: schemaFile(), [LITERAL_HEADER]: wrong },
    );
    await assertWritten({ schemaURL: 'file:///none' }, { [LITERAL_HEADER]: literal });
  });

  test('a schema is fetched once a file', async (t) => {
    let asked = 0;
    const url = await served(t, (_, response) => {
      asked++;
      response.end(literal);
    });
    const file = await SerializedFile.open(declaration, { schemaURL: url });
    for (let n = 1; n <= 3; n++) {
      await file.commit(batchOf(events({})));
      assert.equal(readAvroBlocks(file.bytes).blocks.length, n);
    }
    assert.equal(asked, 1);
    await serialize(declaration, { schemaURL: url }, batchOf(events({})));
    assert.equal(asked, 2);
  });

  test('a file without events is empty', async () => {
    assert.equal((await serialize(declaration, {})).length, 0);
  });

  test('a block is ended after about syncIntervalBytes, from the second flush on', async () => {
    const many = Array.from(
      { length: 100 },
      (): EventOf => [{ [LITERAL_HEADER]: literal }, record('x'.repeat(50))],
    );
    const file = await SerializedFile.open(declaration, { syncIntervalBytes: '1000' });
    await file.commit(batchOf(many));
    await file.commit(batchOf(many));
    const counts = readAvroBlocks(await file.close()).blocks.map(([count]) => count);
    assert.equal(counts.shift(), 100);
    assert.deepEqual(counts, [20, 20, 20, 20, 20]);
  });

  test('a part of a block gives its events only', async () => {
    const batch = part(batchOf(events({ [LITERAL_HEADER]: literal })), 1, 1);
    assert.deepEqual(readAvroBlocks(await serialize(declaration, {}, batch)).blocks, [
      [1, record('Hello 1')],
    ]);
  });

  test('events of another schema in the file: one warning', async () => {
    const log = new RecordedLog();
    const file = await SerializedFile.open(declaration, {}, log);
    await file.commit(batchOf(events({ [LITERAL_HEADER]: '"string"' }), events({})));
    assert.deepEqual(log.texts('warn'), []);
    for (let n = 0; n < 2; n++) await file.commit(batchOf(events({ [LITERAL_HEADER]: '"bytes"' })));
    assert.equal(log.texts('warn').length, 1);
    assert.match(log.texts('warn')[0]!, /schema "bytes" come into a file of schema "string".*%\{flume/);
  });

  test('no schema: the batch fails, and says what to do', async () => {
    const error = await refusal({}, { other: 'x' });
    assert.match(error.message, /Could not find schema for event/);
    assert.match(
      (error as unknown as { detail: { remedy: string } }).detail.remedy,
      /flume\.avro\.schema\.url.*schemaURL/,
    );
  });

  for (const [what, text, wanted] of [
    ['no JSON', '{', /no JSON/],
    ['no schema', '{"type": "record", "name": "a"}', /no list of fields/],
    ['a type that it does not define', '"event"', /names a type event/],
    ['too long', `"${'x'.repeat(1024 * 1024)}"`, /longer than 1048576 bytes/],
  ] as const) {
    test(`what is at the URL is ${what}: the batch fails, and names the URL`, async () => {
      const url = schemaFile(text);
      const { message } = await refusal({ schemaURL: url }, {});
      assert.match(message, wanted);
      assert.ok(message.includes(url), message);
    });
  }

  test('a literal that is no schema', async () => {
    assert.match((await refusal({}, { [LITERAL_HEADER]: '{' })).message, /serializer of sink x1: .*no JSON/);
  });

  for (const [url, wanted] of [
    ['file:///none/such.avsc', /file:\/\/\/none\/such\.avsc cannot be used: ENOENT/],
    ['ftp://host/a.avsc', /its scheme is not file, http/],
    ['a.avsc', /its scheme is not file, http/],
  ] as const) {
    test(`${url} is not there`, async () => {
      assert.match((await refusal({ schemaURL: url }, {})).message, wanted);
    });
  }

  test('the server answers with an error', async (t) => {
    const url = await served(t, (_, response) => response.writeHead(404).end());
    assert.match((await refusal({ schemaURL: url }, {})).message, /the server answered 404/);
  });

  test('a file cannot be appended to', async () => {
    const { serializer } = await SerializedFile.open(declaration);
    assert.equal(serializer.supportsReopen, false);
    assert.throws(() => serializer.reopen(), /cannot be appended/);
  });
});
