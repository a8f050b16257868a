/** The command avro-client of Java Flume to sources of Millrace, and Millrace's to Java Flume. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { freePort } from '../../benchmarks/agents.ts';
import { runMillrace } from '../kit/process.ts';
import { temporaryDirectory } from '../kit/temporary.ts';
import { javaAvroClient } from '../peers/rpc/index.ts';
import { assertArrived, lineOf } from './events.ts';
import { component, fileEnd, JavaAgent, memoryChannel } from './java-agent.ts';
import { Receiver } from './receiver.ts';

const LINES = 3000;

const lines = Array.from({ length: LINES }, (_, n) =>
  n % 50 === 7 ? '' : `line ${n} naïve € 𝄞 ${'.'.repeat(n % 90)}`,
);
const HEADERS = { site: 'north', 'odd name': 'a = b: c', empty: '', German: 'Grüße' };
/** As java.util.Properties read it: Latin-1 with escapes. */
const HEADER_FILE = '# headers\nsite = north\nodd\\ name: a = b: c\nempty =\nGerman = Gr\\u00fc\\u00dfe\n';

function expected(texts: readonly string[], headers: Readonly<Record<string, string>>): string[] {
  return texts.map((text) => lineOf(Object.entries(headers), Buffer.from(text)));
}

function javaConf(ports: readonly number[]): string {
  const parts = ports.map((port, i) => {
    const source = ['type = avro', 'bind = 127.0.0.1', `port = ${port}`, `channels = c${i}`];
    return component(`sources.r${i}`, source) + memoryChannel(`c${i}`) + fileEnd(`f${i}`, `c${i}`);
  });
  const all = (prefix: string) => ports.map((_, i) => `${prefix}${i}`).join(' ');
  return `sources = ${all('r')}\nchannels = ${all('c')}\nsinks = ${all('f')}\n${parts.join('\n')}`;
}

describe('avro-client', { timeout: 120_000 }, () => {
  test('of Java Flume to Millrace: a file, with headers', async (t) => {
    const directory = temporaryDirectory();
    const [file, headerFile] = [join(directory, 'lines'), join(directory, 'headers')];
    writeFileSync(file, `${lines.join('\n')}\n`);
    writeFileSync(headerFile, HEADER_FILE);
    const receiver = await Receiver.start(t, { source: ['type = avro'] });
    const where = ['-H', '127.0.0.1', '-p', `${receiver.port}`];
    const { code, output } = await javaAvroClient(...where, '-F', file, '-R', headerFile);
    assert.equal(code, 0, output);
    assertArrived(await receiver.arrived(LINES), expected(lines, HEADERS));
  });

  test('of Java Flume to Millrace: by a file of client properties', async (t) => {
    const directory = temporaryDirectory();
    const [file, properties] = [join(directory, 'lines'), join(directory, 'client.properties')];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const receiver = await Receiver.start(t, { source: ['type = thrift'] });
    const text = `client.type = thrift\nhosts = h\nhosts.h = ${receiver.address}\nbatch-size = 100\n`;
    writeFileSync(properties, text);
    const { code, output } = await javaAvroClient('-P', properties, '-F', file);
    assert.equal(code, 0, output);
    assertArrived(await receiver.arrived(LINES), expected(lines, {}));
  });

  test('of Millrace to Java Flume: a file with headers, a directory', async (t) => {
    const directory = temporaryDirectory();
    const [file, headerFile] = [join(directory, 'lines'), join(directory, 'headers')];
    writeFileSync(file, `${lines.join('\n')}\n`);
    writeFileSync(headerFile, HEADER_FILE);
    const files = join(directory, 'files');
    mkdirSync(files);
    for (const name of ['a', 'b', 'c']) writeFileSync(join(files, name), `${name} 1\n${name} 2\n`);
    const ports = [await freePort(), await freePort()] as const;
    const java = await JavaAgent.start(t, { conf: javaConf(ports), ports });

    await t.test('a file, with headers', async (one) => {
      const where = ['-H', '127.0.0.1', '-p', `${ports[0]}`];
      const run = await runMillrace(one, ['avro-client', ...where, '-F', file, '-R', headerFile]);
      assert.equal(run.ended, 0, run.stderr);
      assertArrived(await java.arrived('f0', LINES), expected(lines, HEADERS));
    });

    await t.test('a directory, whose files are renamed', async (one) => {
      const where = ['--host', '127.0.0.1', '--port', `${ports[1]}`];
      const run = await runMillrace(one, ['avro-client', ...where, '--dirname', files]);
      assert.equal(run.ended, 0, run.stderr);
      const arrived = await java.arrived('f1', 6);
      const texts = ['a 1', 'a 2', 'b 1', 'b 2', 'c 1', 'c 2'];
      assertArrived(arrived.toSorted(), expected(texts, {}).toSorted());
      const completed = readdirSync(files).sort();
      assert.deepEqual(completed, ['a.COMPLETED', 'b.COMPLETED', 'c.COMPLETED']);
    });
  });
});
