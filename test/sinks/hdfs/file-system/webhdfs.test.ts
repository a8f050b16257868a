/** HDFS behind the door: what the sink is told of each thing that can happen. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import type { FileSystem, FileSystemError } from '../../../../src/sinks/hdfs/file-system/door.ts';
import { openWebHdfs } from '../../../../src/sinks/hdfs/file-system/webhdfs.ts';
import {
  type Asked,
  json,
  remote,
  type Script,
  ScriptedServer,
} from '../../../wire/hdfs-webhdfs-client/servers.ts';
import { webHdfsSettings } from './settings.ts';

type Answers = Readonly<Record<string, (answer: ServerResponse, asked: Asked) => void>>;

const fileStatus = (length: number, type = 'FILE') => ({
  FileStatus: {
    ...{ pathSuffix: '', type, length, modificationTime: 5, accessTime: 0, blockSize: 1, replication: 1 },
    ...{ owner: 'o', group: 'g', permission: '644' },
  },
});
const located = (isUnderConstruction: boolean, replicas = 1) => ({
  LocatedBlocks: {
    isUnderConstruction,
    locatedBlocks: [
      {
        block: { numBytes: 1 },
        startOffset: 0,
        locations: Array.from({ length: replicas }, (_, n) => ({ hostName: `h${n}`, name: `h${n}:1` })),
      },
    ],
  },
});
const missing = (answer: ServerResponse) => remote(answer, 404, 'java.io.FileNotFoundException', 'not there');

/** A server that plays all parts: with a query `data` it is the DataNode. */
async function given(
  t: TestContext,
  answers: Answers,
): Promise<{ fileSystem: FileSystem; server: ScriptedServer }> {
  const script: Script = (asked, answer) => {
    const operation = asked.query.get('op') ?? '';
    const isData = asked.query.has('data');
    const special = answers[isData ? `${operation}-DATA` : operation];
    if (special !== undefined) return special(answer, asked);
    if (operation !== 'CREATE' && operation !== 'APPEND') return json(answer, { boolean: true });
    if (isData) answer.writeHead(operation === 'CREATE' ? 201 : 200).end();
    else answer.writeHead(307, { location: `${server.url}${asked.path}?op=${operation}&data=true` }).end();
  };
  const server = await ScriptedServer.start(t, script);
  const fileSystem = openWebHdfs(webHdfsSettings({ nameNodes: [server.url], root: 'hdfs://any' }));
  t.after(() => fileSystem.close());
  return { fileSystem, server };
}

const kindOf = async (call: Promise<unknown>) => {
  const error = await call.then(
    () => new Error('it succeeded'),
    (reason: FileSystemError) => reason,
  );
  return (error as FileSystemError).kind;
};
const bytes = (text: string) => new TextEncoder().encode(text);
const bodies = (server: ScriptedServer) =>
  server.asked.filter(({ query }) => query.has('data')).map(({ body }) => body.toString());

describe('a file over HTTP', () => {
  test('one request between two commits, none without bytes', async (t) => {
    const { fileSystem, server } = await given(t, {});
    const file = await fileSystem.create('/a');
    await file.write([bytes('one '), bytes('two ')]);
    await file.commit();
    await file.commit();
    await file.write([bytes('three')]);
    await file.write([]);
    await file.close();
    await file.close();
    assert.deepEqual(bodies(server), ['one two ', 'three']);
    assert.deepEqual(server.operations, ['CREATE', 'CREATE', 'APPEND', 'APPEND']);
    assert.equal(server.asked[0]!.query.get('overwrite'), 'false');
    assert.equal(file.committed, 13);
  });

  test('views of all sizes stay in order; their memory may change after the write', async (t) => {
    const { fileSystem, server } = await given(t, {});
    const file = await fileSystem.create('/a');
    const wanted: Buffer[] = [];
    const memory = new Uint8Array(new SharedArrayBuffer(100_000));
    for (let n = 0; n < 60; n++) {
      const view = memory.subarray(0, n % 4 === 0 ? 100_000 - n : n * 3).fill(n);
      wanted.push(Buffer.from(view));
      await file.write([view.subarray(0, n), view.subarray(n)]);
    }
    await file.close();
    assert.equal(bodies(server)[0], Buffer.concat(wanted).toString());
  });

  test('after a failure nothing goes on, and nothing is committed', async (t) => {
    const { fileSystem } = await given(t, {
      'CREATE-DATA': (answer) =>
        remote(answer, 403, 'org.apache.hadoop.hdfs.protocol.DSQuotaExceededException', 'exceeded'),
    });
    const file = await fileSystem.create('/a');
    await file.write([bytes('x')]);
    assert.equal(await kindOf(file.commit()), 'full');
    assert.equal(await kindOf(file.write([bytes('y')])), 'full');
    assert.equal(await kindOf(file.close()), 'full');
    assert.equal(file.committed, 0);
  });

  test('given up: what is under way rejects, and nothing more is sent', async (t) => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const { fileSystem, server } = await given(t, { 'CREATE-DATA': () => resolve() });
    const file = await fileSystem.create('/a');
    await file.write([bytes('x')]);
    const commit = file.commit();
    await asked;
    file.abandon();
    file.abandon();
    await assert.rejects(commit);
    await assert.rejects(file.write([bytes('y')]), /given up/);
    assert.equal(server.asked.length, 2);
  });

  test('no answer in time', async (t) => {
    const server = await ScriptedServer.start(t, () => {});
    const slow = openWebHdfs(webHdfsSettings({ nameNodes: [server.url], callTimeoutMs: 30 }));
    assert.equal(await kindOf(slow.create('/a')), 'timeout');
  });
});

describe('refusals', () => {
  for (const [javaClass, kind] of [
    ['org.apache.hadoop.fs.FileAlreadyExistsException', 'exists'],
    ['java.io.FileNotFoundException', 'missing'],
    ['org.apache.hadoop.security.AccessControlException', 'permission'],
    ['org.apache.hadoop.hdfs.protocol.NSQuotaExceededException', 'full'],
    ['org.apache.hadoop.hdfs.server.namenode.SafeModeException', 'unavailable'],
    ['org.apache.hadoop.hdfs.protocol.AlreadyBeingCreatedException', 'unavailable'],
    ['java.lang.UnsupportedOperationException', 'unsupported'],
    ['java.io.IOException', 'other'],
  ] as const) {
    test(`${javaClass} is ${kind}`, async (t) => {
      const { fileSystem } = await given(t, { MKDIRS: (answer) => remote(answer, 403, javaClass, 'no') });
      assert.equal(await kindOf(fileSystem.mkdirs('/a')), kind);
    });
  }

  test('a file that another one is creating exists', async (t) => {
    const { fileSystem } = await given(t, {
      'CREATE-DATA': (answer) =>
        remote(answer, 403, 'org.apache.hadoop.hdfs.protocol.AlreadyBeingCreatedException', 'is held'),
    });
    const file = await fileSystem.create('/a');
    assert.equal(await kindOf(file.write([bytes('x')]).then(() => file.commit())), 'exists');
  });

  test('a DataNode whose refusal is lost with the connection is heard the next time', async (t) => {
    const { fileSystem, server } = await given(t, {});
    const { script } = server;
    // Its words reach those only who are not sending when it speaks.
    const dataNode = createServer();
    dataNode.on('checkContinue', (request: IncomingMessage, answer: ServerResponse) => {
      answer.writeContinue();
      const speaking = setTimeout(
        () => remote(answer, 403, 'org.apache.hadoop.hdfs.protocol.NSQuotaExceededException', 'no'),
        50,
      );
      request.once('data', () => {
        clearTimeout(speaking);
        request.socket.destroy();
      });
    });
    await new Promise<void>((resolve) => dataNode.listen(0, '127.0.0.1', resolve));
    t.after(() => dataNode.close());
    const { port } = dataNode.address() as { port: number };
    server.script = (asked, answer, request) => {
      if (asked.query.get('op') !== 'CREATE') return script(asked, answer, request);
      answer.writeHead(307, { location: `http://127.0.0.1:${port}/data` }).end();
    };
    const attempt = async () => {
      const file = await fileSystem.create('/a');
      await file.write([new Uint8Array(200_000)]);
      await file.commit();
    };
    assert.equal(await kindOf(attempt()), 'unavailable');
    assert.equal(await kindOf(attempt()), 'full');
  });

  test('settings without a cluster name what to set', () => {
    const settings = webHdfsSettings({ root: '', hadoopConfDir: import.meta.dirname });
    assert.throws(() => openWebHdfs(settings), /names no cluster/);
  });
});

describe('recovery', () => {
  const cases: readonly (readonly [string, number | null, Answers, string])[] = [
    ['nothing there', 3, { GETFILESTATUS: missing, GET_BLOCK_LOCATIONS: missing }, 'missing'],
    ['closed and of that length', 3, { GETFILESTATUS: (a) => json(a, fileStatus(3)) }, 'done'],
    ['closed, all is kept', null, { GETFILESTATUS: (a) => json(a, fileStatus(9)) }, 'done'],
    ['longer, cut at a block', 3, { GETFILESTATUS: (a) => json(a, fileStatus(9)) }, 'done'],
    ['shorter', 10, { GETFILESTATUS: (a) => json(a, fileStatus(9)) }, 'other'],
    [
      'a cluster that cannot cut',
      3,
      {
        GETFILESTATUS: (a) => json(a, fileStatus(9)),
        TRUNCATE: (a) =>
          remote(a, 400, 'java.lang.IllegalArgumentException', 'Invalid value for webhdfs parameter "op"'),
      },
      'unsupported',
    ],
  ];
  for (const [name, length, answers, wanted] of cases) {
    test(`${name}: ${wanted}`, async (t) => {
      const blocks: Answers = { GET_BLOCK_LOCATIONS: (a) => json(a, located(false)) };
      const { fileSystem } = await given(t, { ...blocks, ...answers });
      const recovery = fileSystem.recover('/a', length);
      if (wanted === 'done') assert.equal(await recovery, '/a.cut');
      else if (wanted === 'missing') assert.equal(await recovery, null);
      else assert.equal(await kindOf(recovery), wanted);
    });
  }

  test('the file gets another name first: who comes late to write it does not find it', async (t) => {
    const { fileSystem, server } = await given(t, {
      GETFILESTATUS: (a) => json(a, fileStatus(9)),
      GET_BLOCK_LOCATIONS: (a) => json(a, located(false)),
    });
    assert.equal(await fileSystem.recover('/d/a.1.tmp', 3), '/d/a.1.cut.tmp');
    const [rename, ...others] = server.asked;
    assert.equal(rename!.query.get('op'), 'RENAME');
    assert.ok(others.length > 0);
    for (const { path } of others) assert.ok(path.endsWith('/d/a.1.cut.tmp'), path);
  });

  test('asked again after it got that name: it is gone on with', async (t) => {
    const { fileSystem } = await given(t, {
      RENAME: missing,
      GETFILESTATUS: (a) => json(a, fileStatus(3)),
      GET_BLOCK_LOCATIONS: (a) => json(a, located(false)),
    });
    assert.equal(await fileSystem.recover('/a.tmp', 3), '/a.cut.tmp');
  });

  test('a writer that ends meanwhile has not the last word on its length', async (t) => {
    // It ends right after the first question, whichever that is.
    let hasEnded = false;
    const then = (answer: () => void) => {
      answer();
      hasEnded = true;
    };
    const { fileSystem, server } = await given(t, {
      GETFILESTATUS: (a) => then(() => json(a, fileStatus(hasEnded ? 9 : 3))),
      GET_BLOCK_LOCATIONS: (a) => then(() => json(a, located(!hasEnded))),
    });
    await fileSystem.recover('/a', 3);
    assert.ok(server.operations.includes('TRUNCATE'));
  });

  test('a cut inside a block is waited for', async (t) => {
    let cut = 0;
    const { fileSystem } = await given(t, {
      GETFILESTATUS: (a) => json(a, fileStatus(cut < 2 ? 9 : 3)),
      GET_BLOCK_LOCATIONS: (a) => json(a, located(cut === 1)),
      TRUNCATE: (a) => {
        cut = 1;
        json(a, { boolean: false });
      },
      APPEND: (a) => {
        cut = 2;
        remote(a, 403, 'org.apache.hadoop.hdfs.protocol.RecoveryInProgressException', 'wait');
      },
    });
    assert.equal(await fileSystem.recover('/a', 3), '/a.cut');
  });

  test('an open file is closed by an append of nothing when its lease is over', async (t) => {
    let isOpen = true;
    const { fileSystem, server } = await given(t, {
      GETFILESTATUS: (a) => json(a, fileStatus(3)),
      GET_BLOCK_LOCATIONS: (a) => json(a, located(isOpen)),
      'APPEND-DATA': (a) => {
        isOpen = false;
        a.writeHead(200).end();
      },
    });
    assert.equal(await fileSystem.recover('/a', 3), '/a.cut');
    assert.deepEqual(bodies(server), ['']);
  });

  test('a lease that is held is unavailable: it is asked for again later', { timeout: 20_000 }, async (t) => {
    const { fileSystem } = await given(t, {
      GETFILESTATUS: (a) => json(a, fileStatus(3)),
      GET_BLOCK_LOCATIONS: (a) => json(a, located(true)),
      'APPEND-DATA': (a) =>
        remote(a, 403, 'org.apache.hadoop.hdfs.protocol.AlreadyBeingCreatedException', 'is held'),
    });
    assert.equal(await kindOf(fileSystem.recover('/a', 3)), 'unavailable');
  });
});

describe('names', () => {
  /** The first answer is lost; afterwards the names in `there` are there. */
  const lost = (there: readonly string[]): Answers => ({
    RENAME: (answer) => answer.destroy(),
    GETFILESTATUS: (answer, { path }) =>
      there.some((name) => path.endsWith(name)) ? json(answer, fileStatus(1)) : missing(answer),
  });

  test('a rename whose answer was lost is looked after', async (t) => {
    const done = await given(t, lost(['/to']));
    await done.fileSystem.rename('/from', '/to');
    const undone = await given(t, lost(['/from']));
    assert.equal(await kindOf(undone.fileSystem.rename('/from', '/to')), 'unavailable');
    const both = await given(t, lost(['/from', '/to']));
    assert.equal(await kindOf(both.fileSystem.rename('/from', '/to')), 'exists');
  });

  test('a gateway that only says no', async (t) => {
    const no: Answers = { RENAME: (answer) => json(answer, { boolean: false }) };
    for (const [there, kind] of [
      [['/to'], 'missing'],
      [['/from', '/to'], 'exists'],
      [['/from'], 'other'],
    ] as const) {
      const { fileSystem } = await given(t, { ...lost(there), ...no });
      assert.equal(await kindOf(fileSystem.rename('/from', '/to')), kind);
    }
  });

  test('directories are not deleted, and listings of what is not there are empty', async (t) => {
    const { fileSystem, server } = await given(t, {
      GETFILESTATUS: (answer) => json(answer, fileStatus(0, 'DIRECTORY')),
      LISTSTATUS_BATCH: missing,
    });
    assert.equal(await kindOf(fileSystem.delete('/a')), 'other');
    assert.deepEqual(await fileSystem.list('/a'), []);
    assert.ok(!server.operations.includes('DELETE'));
    assert.deepEqual(await fileSystem.status('/a'), {
      path: '/a',
      isDirectory: true,
      length: 0,
      modifiedMs: 5,
    });
  });

  test('the replicas of the last block', async (t) => {
    const { fileSystem } = await given(t, { GET_BLOCK_LOCATIONS: (a) => json(a, located(false, 3)) });
    assert.equal(await fileSystem.replicas('/a'), 3);
  });
});
