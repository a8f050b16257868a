/** `flume-ng avro-client`, as a process, to a source of an agent. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { freePort } from '../../../benchmarks/agents.ts';
import { runMillrace } from '../../kit/process.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { runAvro } from '../../sources/avro/avro.ts';

/** A folder with these files. */
function folder(files: Readonly<Record<string, string>>): string {
  const path = temporaryDirectory();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

const client = (t: TestContext, ...args: readonly string[]) => runMillrace(t, ['avro-client', ...args]);

describe('avro-client', { concurrency: 2 }, () => {
  test('sends the lines of a file, each with the headers of the header file', async (t) => {
    const { port, collected } = await runAvro(t);
    const path = folder({ lines: 'one\r\ntwo\n\nlast', headers: 'site = north\nname = a\\ b\n' });
    const files = ['-F', join(path, 'lines'), '-R', join(path, 'headers')];
    const { ended, stdout, stderr } = await client(t, '-H', '127.0.0.1', '-p', `${port}`, ...files);
    assert.equal(ended, 0, stderr);
    assert.match(stdout, /^Sent 4 events \(10 bytes\) in \d+\.\d s, \d+ events\/s\n$/);
    await collected.untilCount(4);
    assert.deepEqual(collected.bodies, ['one', 'two', '', 'last']);
    for (const { headers } of collected.events) {
      assert.deepEqual(Object.fromEntries(headers), { site: 'north', name: 'a b' });
    }
  });

  test('sends the files of a directory and renames them; what is done already is left out', async (t) => {
    const { port, collected } = await runAvro(t);
    const path = folder({ a: '1\n', b: '2\n', 'old.COMPLETED': 'x\n', '.hidden': 'y\n' });
    mkdirSync(join(path, 'inner'));
    const { ended } = await client(t, '--host', '127.0.0.1', '--port', `${port}`, '--dirname', path);
    assert.equal(ended, 0);
    await collected.untilCount(2);
    assert.deepEqual(collected.bodies.toSorted(), ['1', '2']);
    const left = readdirSync(path).sort();
    assert.deepEqual(left, ['.hidden', 'a.COMPLETED', 'b.COMPLETED', 'inner', 'old.COMPLETED']);
  });

  test('takes the properties of a client: the host that works; what is odd in them is told', async (t) => {
    const { port, collected } = await runAvro(t);
    const text = `client.type = default_failover
      hosts = h1 h2
      hosts.h1 = 127.0.0.1:${await freePort()}
      hosts.h2 = 127.0.0.1:${port}
      batchsize = 5\n`;
    const path = folder({ lines: 'a\n', properties: text });
    const args = ['-P', join(path, 'properties'), '-F', join(path, 'lines')];
    const { ended, stderr } = await client(t, ...args);
    assert.equal(ended, 0, stderr);
    assert.match(stderr, /^avro-client: .*batchsize/);
    await collected.untilCount(1);
  });

  test('nobody listens: one line that says so, and exit code 1', async (t) => {
    const path = folder({ lines: 'a\n' });
    const port = `${await freePort()}`;
    const where = ['-H', '127.0.0.1', '-p', port];
    const { ended, stdout, stderr } = await client(t, ...where, '-F', join(path, 'lines'));
    assert.equal(ended, 1);
    assert.equal(stdout, '');
    const wanted =
      `Error: RPC client cannot connect to 127.0.0.1:${port}: connection refused ` +
      '(see that it runs there, and that host and port are right)\n';
    assert.equal(stderr, wanted);
  });

  test('a source that speaks something else: what to look at, and that nothing was acknowledged', async (t) => {
    const { port } = await runAvro(t, { 'compression-type': 'deflate' });
    const path = folder({
      lines: 'a\n',
      properties: `client.type=thrift\nhosts=h\nhosts.h=127.0.0.1:${port}\n`,
    });
    const lines = join(path, 'lines');
    const avro = await client(t, '-H', '127.0.0.1', '-p', `${port}`, '-F', lines);
    assert.equal(avro.ended, 1);
    assert.match(
      avro.stderr,
      /^Error: RPC client: 127.*\(see that it is an avro source with the same compression-type/,
    );
    const thrift = await client(t, '-P', join(path, 'properties'), '-F', lines);
    assert.equal(thrift.ended, 1);
    assert.match(
      thrift.stderr,
      /^Error: RPC client: 127.*\(see that it is a thrift source with the same protocol/,
    );
    assert.match(thrift.stderr, /not all was sent; acknowledged: 0 events/);
  });

  const wrong: readonly (readonly [what: string, args: readonly string[], code: number, text: RegExp])[] = [
    ['no host', ['-p', '1'], 1, /^Error: give --host \(or --rpcProps\)/],
    ['no port', ['-H', 'h'], 1, /^Error: give --port/],
    ['a port that is none', ['-H', 'h', '-p', '0'], 1, /^Error: --port 0 is not a port/],
    ['two inputs', ['-H', 'h', '-p', '1', '-F', 'a', '--dirname', 'b'], 1, /cannot be used together/],
    [
      'a file that is not there',
      ['-H', 'h', '-p', '1', '-F', '/nowhere/f'],
      1,
      /file \/nowhere\/f cannot be read/,
    ],
    [
      'a header file that is not there',
      ['-H', 'h', '-p', '1', '-R', '/nowhere/r'],
      78,
      /\/nowhere\/r cannot be read/,
    ],
    ['properties that are not there', ['-P', '/nowhere/p'], 78, /\/nowhere\/p cannot be read/],
  ];
  for (const [what, args, code, text] of wrong) {
    test(`${what} is told`, async (t) => {
      const { ended, stderr } = await client(t, ...args);
      assert.equal(ended, code);
      assert.match(stderr, text);
    });
  }
});
