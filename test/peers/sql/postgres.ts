/** PostgreSQL: user, password and database `flume`; TLS for those who ask for it. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { directoryOf, freePort, install, runAs, SqlServer, serverPem } from './debian.ts';

const ACCOUNT = 'postgres';
const VERSIONS = '/usr/lib/postgresql';

function binaries(): string | null {
  if (!existsSync(VERSIONS)) return null;
  const found = readdirSync(VERSIONS)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(VERSIONS, version, 'bin'));
  return found.find((folder) => existsSync(join(folder, 'initdb'))) ?? null;
}

export async function startPostgres(): Promise<SqlServer> {
  const folder = install(binaries, ['postgresql']);
  const directory = directoryOf(ACCOUNT);
  const port = await freePort();
  const password = join(directory, 'password');
  writeFileSync(password, 'flume\n', { mode: 0o644 });
  const data = join(directory, 'data');
  const initialize = ['-D', data, '-U', 'flume', `--pwfile=${password}`, '-A', 'scram-sha-256'];
  const locale = ['--auth-local=trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
  runAs(ACCOUNT, join(folder, 'initdb'), [...initialize, ...locale], directory);
  const pem = serverPem(directory, ACCOUNT);
  const tls = ['-c', 'ssl=on', '-c', `ssl_cert_file=${pem}`, '-c', `ssl_key_file=${pem}`];
  const settings = ['-c', 'shared_buffers=32MB', '-c', 'max_connections=40', ...tls];
  const server = new SqlServer({
    account: ACCOUNT,
    program: join(folder, 'postgres'),
    args: ['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', directory, ...settings],
    directory,
    port,
    ask: () => psql(folder, directory, port, 'postgres', 'select 1'),
    stopSignal: 'SIGINT',
  });
  await server.start();
  psql(folder, directory, port, 'postgres', 'create database flume');
  return server;
}

export function askPostgres(server: SqlServer, statement: string): string {
  return psql(binaries()!, server.directory, server.port, 'flume', statement);
}

function psql(folder: string, directory: string, port: number, database: string, statement: string): string {
  const where = ['-h', directory, '-p', `${port}`, '-U', 'flume', '-d', database];
  return runAs(ACCOUNT, join(folder, 'psql'), [...where, '-Atqc', statement], directory).trim();
}
