/** MariaDB: user, password and database `flume`, and a user `secret` that needs TLS. */
import { join } from 'node:path';
import { directoryOf, firstOf, freePort, install, runAs, SqlServer, serverPem } from './debian.ts';

const ACCOUNT = 'mysql';

export async function startMariadb(): Promise<SqlServer> {
  const program = install(() => firstOf(['/usr/sbin/mariadbd']), ['mariadb-server', 'mariadb-client']);
  const directory = directoryOf(ACCOUNT);
  const port = await freePort();
  const data = join(directory, 'data');
  const small = '--innodb-log-file-size=16M';
  const how = ['--auth-root-authentication-method=normal', '--skip-test-db', small];
  runAs(ACCOUNT, '/usr/bin/mariadb-install-db', ['--no-defaults', `--datadir=${data}`, ...how], directory);
  const pem = serverPem(directory, ACCOUNT);
  const server = new SqlServer({
    account: ACCOUNT,
    program,
    args: [
      '--no-defaults',
      `--datadir=${data}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${socketOf(directory)}`,
      `--pid-file=${join(directory, 'pid')}`,
      '--innodb-buffer-pool-size=32M',
      small,
      '--skip-name-resolve',
      `--ssl-cert=${pem}`,
      `--ssl-key=${pem}`,
    ],
    directory,
    port,
    ask: () => client(directory, 'select 1'),
    stopSignal: 'SIGTERM',
  });
  await server.start();
  client(
    directory,
    `create database flume;
     create user 'flume'@'%' identified by 'flume'; grant all on flume.* to 'flume'@'%';
     create user 'secret'@'%' identified by 'flume' require ssl; grant all on flume.* to 'secret'@'%'`,
  );
  return server;
}

export function askMariadb(server: SqlServer, statement: string): string {
  return client(server.directory, `use flume; ${statement}`);
}

function socketOf(directory: string): string {
  return join(directory, 'socket');
}

function client(directory: string, statement: string): string {
  const where = ['--no-defaults', '-S', socketOf(directory), '-u', 'root', '-N', '-B'];
  return runAs(ACCOUNT, '/usr/bin/mariadb', [...where, '-e', statement], directory).trim();
}
