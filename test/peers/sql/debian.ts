/** Servers from Debian packages: installed when they are missing, run under an account of their own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../../kit/until.ts';

const isRoot = process.getuid?.() === 0;
const READY_MS = 60_000;

/** Installs `packages` unless `program` is there. Needs root for that. */
export function install(program: () => string | null, packages: readonly string[]): string {
  const there = program();
  if (there !== null) return there;
  if (!isRoot) throw new Error(`install ${packages.join(' ')} first (only root can)`);
  process.stderr.write(`installing ${packages.join(' ')} (once) …\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args: string[]) =>
    execFileSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  apt('update');
  apt('install', '-y', '--no-install-recommends', ...packages);
  const installed = program();
  if (installed === null) throw new Error(`${packages.join(' ')} did not bring what was looked for`);
  return installed;
}

export function firstOf(paths: readonly string[]): string | null {
  return paths.find((path) => existsSync(path)) ?? null;
}

/** Runs a program to its end as `account`, as which a server that refuses root runs. */
export function runAs(account: string, program: string, args: readonly string[], cwd: string): string {
  const [command, all] = asAccount(account, program, args);
  return execFileSync(command, all, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function asAccount(account: string, program: string, args: readonly string[]): [string, string[]] {
  if (!isRoot) return [program, [...args]];
  return ['setpriv', [`--reuid=${account}`, `--regid=${account}`, '--init-groups', program, ...args]];
}

/** A directory that `account` owns. Short: paths of sockets are bounded. */
export function directoryOf(account: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-sql-'));
  give(directory, account);
  return directory;
}

function give(path: string, account: string): void {
  if (!isRoot) return;
  const id = (kind: string) => Number(execFileSync('id', [kind, account], { encoding: 'utf8' }));
  chownSync(path, id('-u'), id('-g'));
}

export const TLS = fileURLToPath(new URL('../../fixtures/tls/', import.meta.url));

/** Key and certificate of a server, for localhost and 127.0.0.1, by the authority `ca.pem` of TLS. */
export function serverPem(directory: string, account: string): string {
  const file = join(directory, 'server.pem');
  copyFileSync(join(TLS, 'server-rsa.pem'), file);
  chmodSync(file, 0o600);
  give(file, account);
  return file;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

export interface ServerSettings {
  readonly account: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly port: number;
  /** Throws while the server does not answer. */
  readonly ask: () => void;
  readonly stopSignal: NodeJS.Signals;
}

/** One server process over a directory: may be stopped or killed, and started again with the same port. */
export class SqlServer {
  readonly #settings: ServerSettings;
  #child: ChildProcess | null = null;

  constructor(settings: ServerSettings) {
    this.#settings = settings;
  }

  get port(): number {
    return this.#settings.port;
  }

  get directory(): string {
    return this.#settings.directory;
  }

  async start(): Promise<void> {
    const { account, program, args, directory, ask } = this.#settings;
    const logFile = join(directory, 'server.log');
    const log = openSync(logFile, 'a');
    const [command, all] = asAccount(account, program, args);
    const child = spawn(command, all, { cwd: directory, stdio: ['ignore', log, log] });
    this.#child = child;
    const answers = () => {
      if (child.exitCode !== null) throw new Error(`${program} ended:\n${readFileSync(logFile, 'utf8')}`);
      try {
        ask();
        return true;
      } catch {
        return false;
      }
    };
    await until(`${program} answers`, answers, READY_MS);
  }

  /** Ends the process; SIGKILL is a crash. */
  async end(signal: NodeJS.Signals = this.#settings.stopSignal): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    const ended = () => child.exitCode !== null || child.signalCode !== null;
    await until('the server ends', ended, READY_MS);
  }

  async remove(): Promise<void> {
    await this.end();
    rmSync(this.#settings.directory, { recursive: true, force: true });
  }
}
