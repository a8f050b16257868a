/** A real HDFS behind Kerberos: by key tab, by a command, by delegation tokens. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ClientSettings, WebHdfsClient } from '../../../src/wire/hdfs-webhdfs-client/index.ts';
import type { HdfsCluster } from '../../peers/hdfs/cluster.ts';
import { Kdc, startSecureCluster } from '../../peers/hdfs/kerberos.ts';
import { append, failureOf, get, put } from './files.ts';

describe('WebHDFS behind Kerberos', { timeout: 300_000 }, () => {
  let kdc: Kdc;
  let cluster: HdfsCluster;
  before(async () => {
    kdc = await Kdc.start();
    // Of kinit and curl, which the client starts.
    process.env.KRB5_CONFIG = kdc.configuration;
    cluster = await startSecureCluster(kdc);
    const root = as('nn', 'nn/localhost');
    await root.mkdirs('/user', { permission: '777' });
    await root.setPermission('/user', '777');
  });
  after(async () => {
    await cluster?.remove();
    await kdc?.remove();
  });

  const client = (settings: Partial<ClientSettings>) =>
    new WebHdfsClient({ uri: cluster.url, retries: { attempts: 0 }, ...settings });
  const as = (name: 'nn' | 'alice', principal: string, more: Partial<ClientSettings> = {}) =>
    client({
      credentials: {
        kind: 'keytab',
        principal,
        keytab: kdc.keytab(name),
      },
      ...more,
    });

  test('with a key tab: one ticket, then the cookie; files through the DataNode', async () => {
    const alice = as('alice', 'alice');
    await put(alice, '/user/a', 'one ');
    await append(alice, '/user/a', 'two');
    assert.equal(await get(alice, '/user/a'), 'one two');
    assert.equal((await alice.getFileStatus('/user/a')).owner, 'alice');
    assert.equal(await alice.getHomeDirectory(), '/user/alice');
  });

  test('on behalf of somebody else', async () => {
    const bob = as('alice', 'alice', { proxyUser: 'bob' });
    await put(bob, '/user/bob', 'x');
    assert.equal((await bob.getFileStatus('/user/bob')).owner, 'bob');
  });

  test('a delegation token: got, used, renewed, taken back', async () => {
    const alice = as('alice', 'alice');
    const token = await alice.getDelegationToken('alice');
    assert.ok(token !== null);
    const holder = client({ credentials: { kind: 'token', token } });
    await put(holder, '/user/token', 'x');
    assert.equal(await get(holder, '/user/token'), 'x');
    assert.ok((await alice.renewDelegationToken(token)) > Date.now());
    await alice.cancelDelegationToken(token);
    const failure = await failureOf(holder.getHomeDirectory());
    assert.ok(failure.isAuthentication && !failure.isRetriable, failure.message);
  });

  test('a token that hdfs fetchdt wrote', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-token-'));
    try {
      const file = join(directory, 'token');
      const login = join(directory, 'tickets');
      const args = ['-k', '-t', kdc.keytab('alice'), '-c', login, 'alice'];
      execFileSync('kinit', args, { env: kdc.environment });
      process.env.KRB5CCNAME = login;
      await cluster.tool('org.apache.hadoop.hdfs.tools.DelegationTokenFetcher', '--renewer', 'alice', file);
      const holder = client({ credentials: { kind: 'token-file', file } });
      assert.equal(await holder.getHomeDirectory(), '/user/alice');
    } finally {
      delete process.env.KRB5CCNAME;
      rmSync(directory, { recursive: true, force: true });
    }
  });

  test('without credentials, with a user name, with a key tab of nobody', async () => {
    for (const failure of [
      await failureOf(client({ credentials: { kind: 'simple', user: 'alice' } }).getHomeDirectory()),
      await failureOf(as('alice', 'mallory').getHomeDirectory()),
    ]) {
      assert.ok(failure.isAuthentication && failure.outcome === 'refused', failure.message);
    }
  });
});
