/** Keys and certificates that change on disk while connections come in. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { Dialer } from '../../../src/component/tls/client.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';
import { dialer, fixture, greet, HOST, listen, PASSWORD } from './kit.ts';

const SOON = { refreshMs: 20 };

async function subjectAt(made: Dialer, port: number): Promise<string> {
  const socket = (await made.connect(HOST, port, 5000)) as TLSSocket;
  const { subject } = socket.getPeerX509Certificate()!;
  socket.destroy();
  return subject;
}

/** Replaces `path` by a fixture in one step. */
function replace(path: string, name: string): void {
  copyFileSync(fixture(name), `${path}.new`);
  renameSync(`${path}.new`, path);
}

function copy(name: string): string {
  const path = join(temporaryDirectory(), name);
  copyFileSync(fixture(name), path);
  return path;
}

describe('certificates that change on disk', { concurrency: 4 }, () => {
  test('a replaced key store serves new connections; those that stand go on', async (t) => {
    const path = copy('server-ec.pem');
    const { port, log, sockets } = await listen(t, { keystore: path }, SOON);
    const made = await dialer(t);
    const standing = (await made.connect(HOST, port, 5000)) as TLSSocket;
    assert.equal(standing.getPeerX509Certificate()!.subject, 'CN=server-ec');
    replace(path, 'renewed.pem');
    await until('the new certificate is shown', async () => (await subjectAt(made, port)) === 'CN=renewed');
    assert.match(log.texts('info').join(), /source r1: keys and certificates have changed/);
    const answer = new Promise((resolve) => standing.once('data', resolve));
    sockets[0]!.write('still here');
    assert.match(String(await answer), /hello|still here/);
    standing.destroy();
  });

  test('half a file, another file or none keeps the earlier one, and says so once a change', async (t) => {
    const path = copy('server-ec.pem');
    const { port, log } = await listen(t, { keystore: path }, SOON);
    const made = await dialer(t);
    const complaint =
      /the earlier ones stay in use: source r1 configured with invalid keystore: .*(is damaged|not of the type|cannot be read)/;
    const steps: readonly (() => void)[] = [
      () => truncateSync(path, readFileSync(path).length - 100),
      () => writeFileSync(path, 'not a store'),
      () => truncateSync(path, 0),
      () => rmSync(path),
    ];
    for (const [index, step] of steps.entries()) {
      step();
      await until(`change ${index} is told`, () => log.texts('error').length === index + 1);
      assert.match(log.texts('error')[index]!, complaint);
      assert.equal(await subjectAt(made, port), 'CN=server-ec');
    }
    replace(path, 'renewed.pem');
    await until('the mended file is used', async () => (await subjectAt(made, port)) === 'CN=renewed');
    assert.equal(log.texts('error').length, steps.length, 'nothing was told twice');
  });

  test('a store with another password keeps the earlier one', async (t) => {
    const path = copy('keytool.p12');
    const { port, log } = await listen(
      t,
      { keystore: path, 'keystore-password': PASSWORD, 'keystore-type': 'PKCS12' },
      SOON,
    );
    replace(path, 'empty-password.p12');
    await until('it is told', () => /the password is wrong/.test(log.texts('error').join()));
    assert.equal(await greet(await dialer(t), port), 'hello');
  });

  test('a client takes a changed trust store when it connects; half a file leaves the earlier', async (t) => {
    const path = copy('other-ca.pem');
    const { port } = await listen(t);
    const made = await dialer(t, { truststore: path }, { refreshMs: 0 });
    await assert.rejects(made.connect(HOST, port, 5000), /not trusted/);
    replace(path, 'ca.pem');
    assert.equal(await greet(made, port), 'hello');
    truncateSync(path, 100);
    assert.equal(await greet(made, port), 'hello');
    assert.match(made.log.texts('error').join(), /sink k1: changed keys or certificates cannot be used/);
  });
});
