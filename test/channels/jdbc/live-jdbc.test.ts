/** The channel over real servers: the contract, and what happens when a server or a connection is lost. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import declaration from '../../../src/channels/jdbc/index.ts';
import { asyncChannelContract } from '../../conformance/async-channel-contract.ts';
import { AsyncChannelRig } from '../../kit/async-channel.ts';
import type { Properties } from '../../kit/part.ts';
import { refusalOf } from '../../kit/part.ts';
import { type SqlServer, TLS } from '../../peers/sql/debian.ts';
import { LossyRelay } from '../../peers/sql/lossy-relay.ts';
import { askMariadb, startMariadb } from '../../peers/sql/mariadb.ts';
import { askPostgres, startPostgres } from '../../peers/sql/postgres.ts';

interface Peer {
  readonly name: string;
  readonly scheme: string;
  start(): Promise<SqlServer>;
  ask(server: SqlServer, statement: string): string;
  /** What the last message of a transaction has in it. */
  readonly commit: string;
  /** A statement that ends the sessions of the channel. */
  readonly cut: string;
  /** Lets inserts of a body `poison` fail, and no longer. */
  readonly trap: string;
  /** Parameters of the URL: TLS without a look at the certificate, with one, and with one at its name. */
  readonly tls: { readonly [level in 'trusting' | 'checked' | 'named']: (ca: string) => string };
}

const PEERS: readonly Peer[] = [
  {
    name: 'PostgreSQL',
    scheme: 'postgresql',
    start: startPostgres,
    ask: askPostgres,
    commit: 'INSERT INTO millrace_event',
    tls: {
      trusting: () => 'sslmode=require',
      checked: (ca) => `sslmode=verify-ca&sslrootcert=${ca}`,
      named: (ca) => `ssl=true&sslmode=verify-full&sslrootcert=${ca}`,
    },
    cut: "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name like 'millrace%'",
    trap: "alter table millrace_event add constraint trap check (body <> 'poison')",
  },
  {
    name: 'MariaDB',
    scheme: 'mariadb',
    start: startMariadb,
    ask: askMariadb,
    commit: 'COMMIT',
    tls: {
      trusting: () => 'useSSL=true',
      checked: (ca) => `useSSL=true&verifyServerCertificate=true&serverSslCert=${ca}`,
      named: (ca) => `sslMode=VERIFY_IDENTITY&serverSslCert=${ca}`,
    },
    cut: "kill user 'flume'",
    trap: "alter table millrace_event add constraint trap check (body <> 'poison')",
  },
];

function numbers(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${from + n}`);
}

for (const peer of PEERS) {
  describe(`the jdbc channel over ${peer.name}`, { timeout: 180_000 }, () => {
    let server: SqlServer;
    before(async () => {
      server = await peer.start();
    });
    after(() => server?.remove());

    const ask = (statement: string) => peer.ask(server, statement);
    const url = (database = 'flume') => `jdbc:${peer.scheme}://127.0.0.1:${server.port}/${database}`;
    const properties = (more: Properties = {}): Properties => ({
      'driver.url': url(),
      'db.username': 'flume',
      'db.password': 'flume',
      ...more,
    });
    /** A channel over an empty table. */
    const fresh = async (t: TestContext, more: Properties = {}) => {
      ask('drop table if exists millrace_event');
      const rig = await AsyncChannelRig.open(declaration, properties(more));
      t.after(() => rig.channel.stop());
      return rig;
    };

    asyncChannelContract({
      name: `jdbc, ${peer.name}`,
      declaration,
      place: () => {
        ask('drop table if exists millrace_event');
        return properties();
      },
      capacity: (capacity) => ({ 'maximum.capacity': `${capacity}` }),
      keepAliveMs: 0,
    });

    test('rows are there when the put is answered, and gone when the take is committed', async (t) => {
      const rig = await fresh(t, { 'maximum.connections': '1' });
      await rig.putAll(['a', 'b'], [new Map([['k', 'v']]), new Map()]);
      assert.equal(ask('select count(*), count(headers) from millrace_event').replace('\t', '|'), '2|1');
      const { take } = await rig.take(1);
      rig.channel.commit(take);
      await rig.until('one row is left', () => ask('select count(*) from millrace_event') === '1');
    });

    test('a longer backlog is read back in order by the next one, large events alone', async (t) => {
      const rig = await fresh(t);
      const large = 'x'.repeat(3_000_000);
      const bodies = [...numbers(0, 12_000), large, large, ...numbers(12_000, 5)];
      for (let from = 0; from < bodies.length; from += 1000)
        await rig.putAll(bodies.slice(from, from + 1000));
      await rig.channel.stop();
      const next = await AsyncChannelRig.open(declaration, properties());
      t.after(() => next.channel.stop());
      assert.equal(next.channel.size(), bodies.length);
      const got: string[] = [];
      while (got.length < bodies.length) {
        const taken = await next.take(500);
        got.push(...taken.bodies);
        next.channel.commit(taken.take);
      }
      assert.deepEqual(
        got.map((body) => body.slice(0, 10)),
        bodies.map((body) => body.slice(0, 10)),
      );
      await next.channel.stop();
      assert.equal(ask('select count(*) from millrace_event'), '0');
    });

    test('connections that break while puts flow: each answered put is there once, in order', async (t) => {
      const rig = await fresh(t);
      const accepted: string[] = [];
      for (let n = 0; n < 40; n++) {
        const puts = [0, 1, 2].map((k) => ({ body: `${n * 3 + k}`, put: rig.put([`${n * 3 + k}`]) }));
        if (n % 8 === 4) ask(peer.cut);
        for (const { body, put } of puts) {
          const { status } = await rig.answerTo(put);
          if (status === 'ok') accepted.push(body);
        }
      }
      assert.deepEqual(accepted, numbers(0, 120), 'it reconnects before a put has waited too long');
      assert.equal(rig.degraded, null);
      assert.ok(rig.log.texts('error').length > 0, 'the loss was told');
      await rig.channel.stop();
      const next = await AsyncChannelRig.open(declaration, properties());
      t.after(() => next.channel.stop());
      assert.deepEqual(await next.drain(), accepted);
    });

    test('a server that is killed: puts are refused in time, and all goes on when it is back', async (t) => {
      const rig = await fresh(t);
      await rig.putAll(numbers(0, 10));
      const held = await rig.take(4);
      await server.end('SIGKILL');
      await rig.until('it is degraded', () => rig.degraded);
      const put = rig.put(['refused']);
      rig.tick(2999);
      assert.equal(put.answer, null);
      rig.tick(1);
      assert.deepEqual(await rig.answerTo(put), { accepted: 0, status: 'failed' });
      rig.channel.commit(held.take);
      assert.equal(rig.channel.size(), 6);
      await server.start();
      await rig.putAll(['later']);
      await rig.until('all is well', () => rig.degraded === null);
      assert.deepEqual(await rig.drain(), [...numbers(4, 6), 'later']);
      await rig.until('what was taken is deleted', () => ask('select count(*) from millrace_event') === '0');
    });

    /** A channel whose last put is in the table, though it never heard so; its session is still there. */
    const unheard = async (t: TestContext) => {
      const relay = await LossyRelay.before(server.port);
      t.after(() => relay.close());
      const rig = await fresh(t, { 'driver.url': url().replace(`${server.port}`, `${relay.port}`) });
      await rig.putAll(['a']);
      relay.muteAt(peer.commit);
      const put = rig.put(['b', 'c']);
      await rig.until('it is in the table', () => ask('select count(*) from millrace_event') === '3');
      assert.equal(put.answer, null);
      return { relay, rig, put };
    };

    test('the answer to a commit is lost: the next session finds the put, and it is there once', async (t) => {
      const { rig, put } = await unheard(t);
      rig.tick(30_000);
      assert.deepEqual(await rig.answerTo(put), { accepted: 2, status: 'ok' });
      assert.deepEqual(await rig.drain(), ['a', 'b', 'c']);
      await rig.until('all are deleted', () => ask('select count(*) from millrace_event') === '0');
      assert.match(rig.log.texts('error').join('\n'), /no answer for 30 s/);
    });

    test('it is lost and the server out of reach: the put is refused, and erased when it is back', async (t) => {
      const { relay, rig, put } = await unheard(t);
      relay.refusing = true;
      rig.tick(30_000);
      rig.tick();
      rig.tick(3000);
      assert.deepEqual(await rig.answerTo(put), { accepted: 0, status: 'failed' });
      assert.equal(rig.channel.size(), 1);
      const later = rig.put(['d']);
      relay.refusing = false;
      assert.deepEqual(await rig.answerTo(later), { accepted: 1, status: 'ok' });
      assert.equal(ask('select count(*) from millrace_event'), '2');
      assert.deepEqual(await rig.drain(), ['a', 'd']);
    });

    test('a put that the database refuses takes no other with it', async (t) => {
      const rig = await fresh(t);
      await rig.putAll(['first']);
      ask(peer.trap);
      const puts = ['a', 'poison', 'b'].map((body) => rig.put([body]));
      const statuses: string[] = [];
      for (const put of puts) statuses.push((await rig.answerTo(put)).status);
      assert.deepEqual(statuses, ['ok', 'failed', 'ok']);
      assert.match(rig.log.texts('error').join('\n'), /trap/);
      assert.deepEqual(await rig.drain(), ['first', 'a', 'b']);
    });

    test('a second agent with the channel is refused; other channels share the table', async (t) => {
      const rig = await fresh(t);
      await rig.putAll(['mine']);
      const refusal = await refusalOf(() => AsyncChannelRig.open(declaration, properties()));
      assert.equal(refusal.code, 'STORAGE_LOCKED');
      assert.match(refusal.message, /channel c1/);
      ask(`insert into millrace_event (channel, id, body) values ('C1', 1, 'another''s')`);
      assert.deepEqual(await rig.drain(), ['mine']);
      await rig.until('only the other row is left', () => ask('select count(*) from millrace_event') === '1');
    });

    test('without the table and with create.schema = false it says what to create', async (t) => {
      const rig = await fresh(t);
      await rig.channel.stop();
      ask('drop table millrace_event');
      const refusal = await refusalOf(() =>
        AsyncChannelRig.open(declaration, properties({ 'create.schema': 'false' })),
      );
      assert.equal(refusal.code, 'CONF_OPTION_VALUE');
      ask(/run: (CREATE TABLE .*)$/.exec(refusal.detail.remedy!)![1]!);
      const made = await AsyncChannelRig.open(declaration, properties({ 'create.schema': 'false' }));
      t.after(() => made.channel.stop());
      await made.putAll(['a']);
      assert.deepEqual(await made.drain(), ['a']);
    });

    const secured = (level: keyof Peer['tls'], authority: string): Properties => ({
      ...properties(peer.name === 'MariaDB' ? { 'db.username': 'secret' } : {}),
      'driver.url': `${url()}?${peer.tls[level](join(TLS, authority))}`,
    });

    for (const level of ['trusting', 'checked', 'named'] as const) {
      test(`over TLS, ${level}: events go in and out`, async (t) => {
        ask('drop table if exists millrace_event');
        const rig = await AsyncChannelRig.open(declaration, secured(level, 'ca.pem'));
        t.after(() => rig.channel.stop());
        if (peer.name === 'PostgreSQL') {
          const open = 'from pg_stat_ssl join pg_stat_activity using (pid) where application_name like';
          assert.equal(ask(`select bool_and(ssl) ${open} 'millrace%'`), 't');
        }
        await rig.putAll(['a', 'b']);
        assert.deepEqual(await rig.drain(), ['a', 'b']);
      });
    }

    for (const level of ['checked', 'named'] as const) {
      test(`over TLS, ${level}, by another authority: refused with the reason and a remedy`, async () => {
        const refusal = await refusalOf(() =>
          AsyncChannelRig.open(declaration, secured(level, 'other-ca.pem')),
        );
        assert.equal(refusal.code, 'STORAGE_FAILED');
        assert.match(refusal.message, new RegExp(`^${peer.name} 127.0.0.1:${server.port}/flume: `));
        assert.match(refusal.message, /its certificate is not accepted: self-signed certificate/);
        assert.match(refusal.detail.remedy!, /PEM of its authority in the URL as sslrootcert/);
      });
    }

    test('a wrong password or database is named, and may be right later', async () => {
      for (const wrong of [{ 'db.password': 'wrong' }, { 'driver.url': url('nowhere') }]) {
        const refusal = await refusalOf(() => AsyncChannelRig.open(declaration, properties(wrong)));
        assert.equal(refusal.code, 'STORAGE_FAILED');
        assert.match(refusal.message, new RegExp(`^${peer.name} 127.0.0.1:${server.port}/`));
        assert.match(refusal.message, /password|denied|nowhere/i);
      }
    });
  });
}
