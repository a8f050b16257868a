import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createGzip } from 'node:zlib';
import { CONFIGURATION_BYTES_MAX } from '../../../src/base/limits.ts';
import { type ConfigurationPlaces, ConfigurationSources } from '../../../src/config/properties/load.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { only } from '../planning.ts';

function sources(places: Partial<ConfigurationPlaces>): ConfigurationSources {
  return new ConfigurationSources({
    files: [],
    uris: [],
    user: undefined,
    password: undefined,
    classPath: [],
    ...places,
  });
}

async function values(from: ConfigurationSources): Promise<Record<string, string>> {
  const { properties } = await from.load();
  return Object.fromEntries([...properties].map(([key, { value }]) => [key, value]));
}

/** Writes a file whose time of modification is later than that of any write before. */
let clock = Date.now() / 1000;
function write(path: string, text: string): string {
  writeFileSync(path, text);
  clock += 1;
  utimesSync(path, clock, clock);
  return path;
}

async function serve(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('files', () => {
  test('later files win key by key, and a property knows which file it came from', async () => {
    const folder = temporaryDirectory();
    const first = write(join(folder, 'a.conf'), 'x = 1\ny = 1');
    const second = write(join(folder, 'b.conf'), '\ny = 2\nz = 2');
    const { properties, findings } = await sources({ files: [first, second] }).load();
    assert.deepEqual(findings, []);
    const rows = [...properties.values()].map(({ key, value, file, line }) => [key, value, file, line]);
    assert.deepEqual(rows, [
      ['x', '1', first, 1],
      ['y', '2', second, 2],
      ['z', '2', second, 3],
    ]);
  });

  test('a missing file is an error with Flume’s words; the others are read', async () => {
    const folder = temporaryDirectory();
    const missing = join(folder, 'missing.conf');
    const from = sources({ files: [missing, write(join(folder, 'a.conf'), 'x = 1')] });
    const { properties, findings } = await from.load();
    const finding = only(findings, 'CONF_FILE_MISSING');
    assert.deepEqual([finding.severity, finding.file], ['error', missing]);
    assert.equal(finding.text, `The specified configuration file does not exist: ${missing}`);
    assert.equal(properties.get('x')?.value, '1');
  });

  test('a directory is an error that says so', async () => {
    const folder = temporaryDirectory();
    const { findings } = await sources({ files: [folder] }).load();
    assert.match(only(findings, 'CONF_FILE_MISSING').text, /is a directory/);
  });

  test('a file that may not be read is an error that says so', async () => {
    const file = write(join(temporaryDirectory(), 'a.conf'), 'x = 1');
    chmodSync(file, 0);
    const { findings, properties } = await sources({ files: [file] }).load();
    // The superuser may read everything.
    if (process.getuid?.() === 0) assert.equal(properties.get('x')?.value, '1');
    else assert.match(only(findings, 'CONF_FILE_MISSING').text, /permission denied/);
  });

  for (const extension of ['json', 'yaml', 'xml']) {
    test(`.${extension} is refused with a warning, adds nothing, and is never a change`, async () => {
      const file = write(join(temporaryDirectory(), `flume.${extension}`), 'x = 1');
      const from = sources({ files: [file] });
      const { properties, findings } = await from.load();
      assert.equal(properties.size, 0);
      assert.equal(findings[0]?.text, `File extension type ${extension} is unsupported`);
      assert.equal(findings[0]?.severity, 'warning');
      assert.equal(await from.changed(), false);
    });
  }

  for (const name of ['flume.conf.json', 'flumejson', 'flume.properties', 'flume.JSON']) {
    test(`${name} is read: the extension begins at the first dot and is compared as it is`, async () => {
      const file = write(join(temporaryDirectory(), name), 'x = 1');
      assert.deepEqual(await values(sources({ files: [file] })), { x: '1' });
    });
  }

  test('a change is seen once; a file that is gone for now is none; one that comes is', async () => {
    const folder = temporaryDirectory();
    const file = write(join(folder, 'a.conf'), 'x = 1');
    const late = join(folder, 'late.conf');
    const from = sources({ files: [file, late] });
    await from.load();
    assert.equal(await from.changed(), false);
    write(file, 'x = 2');
    assert.equal(await from.changed(), true);
    assert.deepEqual(await values(from), { x: '2' });
    assert.equal(await from.changed(), false);
    write(late, 'y = 1');
    assert.equal(await from.changed(), true);
  });
});

describe('URIs', () => {
  test('files are ignored when there is a URI', async () => {
    const folder = temporaryDirectory();
    const files = [write(join(folder, 'a.conf'), 'x = 1')];
    const uris = [pathToFileURL(write(join(folder, 'b.conf'), 'y = 2')).href];
    const from = sources({ files, uris });
    assert.deepEqual(from.names, uris);
    assert.deepEqual(await values(from), { y: '2' });
  });

  test('file: with one slash, with three, and escaped letters', async () => {
    const folder = temporaryDirectory();
    const file = write(join(folder, 'a b.conf'), 'x = 1');
    for (const uri of [`file:${file}`.replace(' ', '%20'), pathToFileURL(file).href]) {
      assert.deepEqual(await values(sources({ uris: [uri] })), { x: '1' });
    }
  });

  for (const uri of [
    'classpath:///sub/f.conf',
    'classpath:/sub/f.conf',
    'classpath://sub/f.conf',
    'classpath:sub/f.conf',
  ]) {
    test(`${uri} is looked for in the folders of the class path, first one first`, async () => {
      const folder = temporaryDirectory();
      for (const name of ['one', 'two', 'three']) mkdirSync(join(folder, name, 'sub'), { recursive: true });
      write(join(folder, 'two/sub/f.conf'), 'x = 2');
      write(join(folder, 'three/sub/f.conf'), 'x = 3');
      const classPath = ['one', 'two', 'three'].map((name) => join(folder, name));
      assert.deepEqual(await values(sources({ uris: [uri], classPath })), { x: '2' });
    });
  }

  test('what is in no folder of the class path is an error that names the options', async () => {
    const { findings } = await sources({ uris: ['classpath:f.conf'] }).load();
    assert.match(only(findings, 'CONF_FILE_MISSING').text, /f\.conf is in none .*--conf, -C/);
  });
});

describe('http', () => {
  test('user and password are sent, then the date of the last change; 304 means unchanged', async (t) => {
    const seen: (readonly [string | undefined, string | undefined])[] = [];
    let text = 'x = 1';
    let date = 'Mon, 01 Jan 2024 00:00:00 GMT';
    const base = await serve(t, (request, response) => {
      const since = request.headers['if-modified-since'];
      seen.push([request.headers.authorization, since]);
      if (since === date) response.writeHead(304).end();
      else response.writeHead(200, { 'last-modified': date }).end(text);
    });
    const from = sources({ uris: [`${base}/flume.conf`], user: 'flume', password: 'secret' });
    assert.deepEqual(await values(from), { x: '1' });
    assert.equal(await from.changed(), false);
    const basic = `Basic ${Buffer.from('flume:secret').toString('base64')}`;
    assert.deepEqual(seen, [
      [basic, undefined],
      [basic, date],
    ]);
    [text, date] = ['x = 2', 'Tue, 02 Jan 2024 00:00:00 GMT'];
    assert.equal(await from.changed(), true);
    assert.deepEqual(await values(from), { x: '2' });
  });

  test('a user without a password sends nothing', async (t) => {
    let authorization: string | undefined = 'not asked';
    const base = await serve(t, (request, response) => {
      authorization = request.headers.authorization;
      response.end('x = 1');
    });
    await sources({ uris: [`${base}/f`], user: 'flume' }).load();
    assert.equal(authorization, undefined);
  });

  for (const status of [401, 404, 500]) {
    test(`${status} at the first load is an error with the server’s answer`, async (t) => {
      const base = await serve(t, (_request, response) => response.writeHead(status).end());
      const { findings } = await sources({ uris: [`${base}/f.conf`] }).load();
      assert.match(only(findings, 'CONF_FILE_MISSING').text, new RegExp(`answered ${status}`));
    });
  }

  for (const length of ['with its length', 'without a length', 'compressed']) {
    test(`an answer without end (${length}) is an error that names URI and limit`, async (t) => {
      const part = Buffer.alloc(1024 * 1024, `# ${'x'.repeat(100)}\n`);
      const parts = 1000;
      let sent = 0;
      function* body(): Generator<Buffer> {
        while (sent++ < parts) yield part;
      }
      const base = await serve(t, (_request, response) => {
        const ended = () => {};
        if (length === 'with its length') response.setHeader('content-length', parts * part.length);
        if (length !== 'compressed') return void pipeline(body, response, ended);
        response.setHeader('content-encoding', 'gzip');
        pipeline(body, createGzip(), response, ended);
      });
      const uri = `${base}/f.conf`;
      const { findings } = await sources({ uris: [uri] }).load();
      assert.equal(
        only(findings, 'CONF_FILE_MISSING').text,
        `The configuration cannot be read: ${uri}: the answer is longer than the limit of 16777216 bytes`,
      );
      assert.ok(sent < parts, 'it was not read to its end');
    });
  }

  test('an answer as long as the limit is read', async (t) => {
    const text = 'x = 1\n'.padEnd(CONFIGURATION_BYTES_MAX, `# ${'x'.repeat(100)}\n`);
    const base = await serve(t, (_request, response) => response.end(text));
    assert.deepEqual(await values(sources({ uris: [`${base}/f.conf`] })), { x: '1' });
  });

  test('a server that fails later is no change', async (t) => {
    let status = 200;
    const base = await serve(t, (_request, response) => response.writeHead(status).end('x = 1'));
    const from = sources({ uris: [`${base}/f.conf`] });
    await from.load();
    for (status of [401, 404, 500, 503]) assert.equal(await from.changed(), false);
  });

  test('nobody who listens is an error', async () => {
    const { findings } = await sources({ uris: ['http://127.0.0.1:1/f.conf'] }).load();
    assert.match(only(findings, 'CONF_FILE_MISSING').text, /cannot be read: http:/);
  });

  test('the extension is that of the path, whatever follows it', async (t) => {
    const base = await serve(t, (_request, response) => response.end('x = 1'));
    const { findings } = await sources({ uris: [`${base}/flume.json?v=1.properties`] }).load();
    assert.equal(findings[0]?.text, 'File extension type json is unsupported');
    assert.deepEqual(await values(sources({ uris: [`${base}/flume?v=a.json`] })), { x: '1' });
  });
});
