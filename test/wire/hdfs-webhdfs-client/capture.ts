/**
 * Writes fixtures/*.http anew: answers of real daemons, byte for byte, but for cookies and dates, which say
 * nothing. Run by hand: `node test/wire/hdfs-webhdfs-client/capture.ts`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { HdfsCluster } from '../../peers/hdfs/cluster.ts';
import { HaCluster } from '../../peers/hdfs/ha.ts';
import { HttpFs } from '../../peers/hdfs/httpfs.ts';

const FOLDER = join(import.meta.dirname, 'fixtures');
const DULL = /^(set-cookie|date|expires|cache-control|pragma|server|x-[\w-]+):.*\r\n/gim;

/** What stands on the wire until the server closes the connection. */
function ask(url: string, method: string, body = ''): Promise<string> {
  const { hostname, port, pathname, search } = new URL(url);
  const type = 'Content-Type: application/octet-stream\r\n';
  const head = `${method} ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n${type}`;
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    });
    socket.setEncoding('utf8');
    socket.on('data', (text) => {
      answer += text;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

async function keep(name: string, url: string, method = 'GET', body = ''): Promise<string> {
  const answer = (await ask(url, method, body)).replace(DULL, '');
  writeFileSync(join(FOLDER, `${name}.http`), answer);
  process.stdout.write(`${name}: ${answer.split('\r\n')[0]}\n`);
  return answer;
}

/** Both steps; the second one is what is kept. */
async function keepData(name: string, url: string, method: string, body = ''): Promise<void> {
  const first = await ask(url, method);
  const location = /^location: (.*)\r$/im.exec(first)?.[1];
  if (location === undefined) throw new Error(`${name}: no redirect: ${first}`);
  await keep(name, location, method, body);
}

async function captureCluster(): Promise<void> {
  const cluster = await HdfsCluster.start();
  const at = (path: string, query: string) => `${cluster.url}/webhdfs/v1${path}?user.name=root&${query}`;
  const asAlice = (path: string, query: string) =>
    `${cluster.url}/webhdfs/v1${path}?user.name=alice&${query}`;
  await keep('name-create-307', at('/d/a%20b.log', 'op=CREATE'), 'PUT');
  await keepData('data-create-201', at('/d/f.log', 'op=CREATE'), 'PUT', 'hello');
  await keepData('data-create-exists-403', at('/d/f.log', 'op=CREATE&overwrite=false'), 'PUT', 'hello');
  await keepData('data-open-200', at('/d/f.log', 'op=OPEN'), 'GET');
  await keepData('data-checksum-200', at('/d/f.log', 'op=GETFILECHECKSUM'), 'GET');
  await keep('name-status-200', at('/d/f.log', 'op=GETFILESTATUS'));
  await keep('name-status-404', at('/none', 'op=GETFILESTATUS'));
  await keep('name-list-200', at('/d', 'op=LISTSTATUS'));
  await keep('name-list-batch-200', at('/d', 'op=LISTSTATUS_BATCH'));
  await keep('name-blocks-200', at('/d/f.log', 'op=GET_BLOCK_LOCATIONS'));
  await keep('name-block-locations-200', at('/d/f.log', 'op=GETFILEBLOCKLOCATIONS'));
  await keep('name-summary-200', at('/d', 'op=GETCONTENTSUMMARY'));
  await keep('name-defaults-200', at('/', 'op=GETSERVERDEFAULTS'));
  await keep('name-token-null-200', at('/', 'op=GETDELEGATIONTOKEN'));
  await keep('name-rename-false-200', at('/none', 'op=RENAME&destination=/x'), 'PUT');
  await keep('name-rename-404', at('/none', 'op=RENAME&destination=/x&renameoptions=NONE'), 'PUT');
  await keep('name-unknown-400', at('/', 'op=BOGUS'));
  await keep('name-permission-403', asAlice('/x', 'op=MKDIRS'), 'PUT');
  await keep('name-impersonate-403', asAlice('/x', 'op=MKDIRS&doas=bob'), 'PUT');
  await ask(at('/d', 'op=SETQUOTA&namespacequota=2'), 'PUT');
  await keep('name-quota-403', at('/d/x', 'op=MKDIRS'), 'PUT');
  await ask(at('/d/f.log', 'op=TRUNCATE&newlength=2'), 'POST');
  await keepData('data-append-recovery-403', at('/d/f.log', 'op=APPEND'), 'POST', 'x');
  await cluster.admin('-safemode', 'enter');
  await keep('name-safemode-403', at('/y', 'op=MKDIRS'), 'PUT');
  await cluster.admin('-safemode', 'leave');
  await captureHttpFs(cluster);
  await cluster.dataNode.end('SIGKILL');
  await keep('name-no-datanode-403', at('/n', 'op=CREATE&excludedatanodes=127.0.0.1'), 'PUT');
  await cluster.remove();
}

async function captureHttpFs(cluster: HdfsCluster): Promise<void> {
  const gateway = await HttpFs.start(cluster);
  const at = (path: string, query: string) => `${gateway.url}/webhdfs/v1${path}?user.name=root&${query}`;
  await keep('httpfs-create-307', at('/h/a', 'op=CREATE'), 'PUT');
  await keepData('httpfs-create-201', at('/h/a', 'op=CREATE'), 'PUT', 'hello');
  await keepData('httpfs-create-exists-500', at('/h/a', 'op=CREATE&overwrite=false'), 'PUT', 'hello');
  await keep('httpfs-open-200', at('/h/a', 'op=OPEN'));
  await ask(at('/h/a', 'op=TRUNCATE&newlength=2'), 'POST');
  await keepData('httpfs-append-recovery-500', at('/h/a', 'op=APPEND'), 'POST', 'x');
  await gateway.remove();
}

async function captureStandby(): Promise<void> {
  const cluster = await HaCluster.start();
  await keep('name-standby-403', `${cluster.urlOf('nn2')}/webhdfs/v1/?op=GETFILESTATUS&user.name=root`);
  await cluster.remove();
}

mkdirSync(FOLDER, { recursive: true });
await captureCluster();
await captureStandby();
