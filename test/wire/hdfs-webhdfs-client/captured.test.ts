/** The client reads what real daemons answered. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { HdfsError, WebHdfsClient } from '../../../src/wire/hdfs-webhdfs-client/index.ts';
import { append, failureOf, get, put } from './files.ts';
import { clientOf, replay } from './servers.ts';

/** A client of a server that gives these answers, one a connection. */
async function given(t: TestContext, ...names: string[]): Promise<WebHdfsClient> {
  return clientOf(t, (await replay(t, names)).url);
}

describe('captured answers', () => {
  test('a file is created: redirect, an unasked 100 Continue, 201', async (t) => {
    await put(await given(t, 'name-create-307', 'data-create-201'), '/d/a b.log', 'hello');
  });

  test('a file is created through HttpFS', async (t) => {
    await put(await given(t, 'httpfs-create-307', 'httpfs-create-201'), '/h/a', 'hello');
  });

  test('a file is read, by redirect and directly', async (t) => {
    assert.equal(await get(await given(t, 'name-create-307', 'data-open-200'), '/d/f.log'), 'hello');
    assert.equal(await get(await given(t, 'httpfs-open-200'), '/h/a'), 'hello');
  });

  test('status, listings, blocks, summary, defaults, checksum', async (t) => {
    const status = await (await given(t, 'name-status-200')).getFileStatus('/d/f.log');
    assert.deepEqual([status.path, status.type, status.length], ['/d/f.log', 'FILE', 5]);
    assert.equal((await (await given(t, 'name-list-200')).listStatus('/d'))[0]!.path, '/d/f.log');
    const listed: string[] = [];
    for await (const { path } of (await given(t, 'name-list-batch-200')).list('/d')) listed.push(path);
    assert.deepEqual(listed, ['/d/f.log']);
    const located = await (await given(t, 'name-blocks-200')).getBlockLocations('/d/f.log');
    assert.deepEqual(
      [located.isUnderConstruction, located.blocks[0]!.hosts, located.blocks[0]!.length],
      [false, ['127.0.0.1'], 5],
    );
    // One that does not know the operation is asked by its other name.
    const other = await given(t, 'name-unknown-400', 'name-block-locations-200');
    const { isUnderConstruction, blocks } = await other.getBlockLocations('/d/f.log');
    assert.deepEqual([isUnderConstruction, blocks[0]!.hosts, blocks[0]!.length], [null, ['127.0.0.1'], 5]);
    const summary = await (await given(t, 'name-summary-200')).getContentSummary('/d');
    assert.deepEqual([summary.fileCount, summary.length, summary.quota], [1, 5, -1]);
    assert.equal(
      (await (await given(t, 'name-defaults-200')).getServerDefaults()).blockSize,
      128 * 1024 * 1024,
    );
    const checksum = await given(t, 'name-create-307', 'data-checksum-200');
    assert.equal((await checksum.getFileChecksum('/d/f.log')).algorithm, 'MD5-of-0MD5-of-512CRC32C');
    assert.equal(await (await given(t, 'name-token-null-200')).getDelegationToken(), null);
  });

  const refusals: readonly (readonly [
    name: string,
    is: (error: HdfsError) => boolean,
    retriable: boolean,
  ])[] = [
    ['name-status-404', (error) => error.isNotFound && error.status === 404, false],
    ['name-rename-404', (error) => error.isNotFound, false],
    ['name-permission-403', (error) => error.isPermission, false],
    ['name-impersonate-403', (error) => error.isPermission && /impersonate bob/.test(error.reason), false],
    ['name-quota-403', (error) => error.isQuota, false],
    ['name-safemode-403', (error) => error.isSafeMode, true],
    ['name-unknown-400', (error) => error.isUnsupported, false],
    ['name-no-datanode-403', (error) => error.isNoDataNode, true],
  ];
  for (const [name, is, isRetriable] of refusals) {
    test(`${name} is told apart`, async (t) => {
      const failure = await failureOf((await given(t, name)).mkdirs('/x'));
      assert.ok(is(failure), failure.message);
      assert.deepEqual([failure.isRetriable, failure.outcome], [isRetriable, 'refused']);
    });
  }

  test('a standby', async (t) => {
    const { url } = await replay(t, ['name-standby-403']);
    const failure = await failureOf(clientOf(t, url, { retries: { attempts: 0 } }).mkdirs('/x'));
    assert.ok(failure.isStandby && failure.isRetriable, failure.message);
  });

  test('RENAME that answers false is an error', async (t) => {
    const failure = await failureOf((await given(t, 'name-rename-false-200')).rename('/none', '/x'));
    assert.deepEqual([failure.exception, failure.outcome], ['RenameRefused', 'refused']);
  });

  const openings: readonly (readonly [string, string, (error: HdfsError) => boolean])[] = [
    ['name-create-307', 'data-create-exists-403', (error) => error.isExists && error.trace !== undefined],
    ['httpfs-create-307', 'httpfs-create-exists-500', (error) => error.isExists && error.status === 500],
    ['name-create-307', 'data-append-recovery-403', (error) => error.isRecovering && error.isLeaseConflict],
    ['httpfs-create-307', 'httpfs-append-recovery-500', (error) => error.isLeaseConflict],
  ];
  for (const [first, second, is] of openings) {
    test(`${second} after the bytes were sent`, async (t) => {
      const failure = await failureOf(append(await given(t, first, second), '/d/f.log', 'x'));
      assert.ok(is(failure), failure.message);
      assert.doesNotMatch(failure.message, /\n/);
    });
  }
});
