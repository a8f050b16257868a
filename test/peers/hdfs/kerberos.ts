/** A key distribution centre of Debian's, and an HDFS that trusts it. Everything is named `localhost`. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../kit/until.ts';
import { firstOf, install } from '../sql/debian.ts';
import { freePorts, HdfsCluster } from './cluster.ts';
import type { Properties } from './daemon.ts';

export const REALM = 'MILL.TEST';
const PACKAGES = ['krb5-kdc', 'krb5-admin-server', 'krb5-user', 'curl'];
const SERVICES = { nn: 'nn/localhost', dn: 'dn/localhost', http: 'HTTP/localhost', alice: 'alice' } as const;

export class Kdc {
  readonly directory: string;
  readonly #port: number;
  #child: ChildProcess | null = null;

  static async start(): Promise<Kdc> {
    install(() => firstOf(['/usr/sbin/krb5kdc']), PACKAGES);
    install(() => firstOf(['/usr/bin/kinit']), PACKAGES);
    const [port] = (await freePorts(1)) as [number];
    const kdc = new Kdc(port);
    kdc.#makeRealm();
    const args = ['-n', '-r', REALM];
    kdc.#child = spawn('/usr/sbin/krb5kdc', args, { env: kdc.environment, stdio: 'ignore' });
    await until('the KDC gives tickets', () => kdc.#givesTickets());
    return kdc;
  }

  private constructor(port: number) {
    this.#port = port;
    this.directory = mkdtempSync(join(tmpdir(), 'millrace-kdc-'));
    writeFileSync(this.configuration, this.#krb5Conf());
    writeFileSync(join(this.directory, 'kdc.conf'), this.#kdcConf());
  }

  /** krb5.conf */
  get configuration(): string {
    return join(this.directory, 'krb5.conf');
  }

  get environment(): NodeJS.ProcessEnv {
    const profile = join(this.directory, 'kdc.conf');
    return { ...process.env, KRB5_CONFIG: this.configuration, KRB5_KDC_PROFILE: profile };
  }

  keytab(name: keyof typeof SERVICES): string {
    return join(this.directory, `${name}.keytab`);
  }

  async remove(): Promise<void> {
    const child = this.#child;
    child?.kill('SIGKILL');
    await until('the KDC ends', () => child === null || child.signalCode !== null || child.exitCode !== null);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #makeRealm(): void {
    const run = (program: string, ...args: string[]) =>
      execFileSync(`/usr/sbin/${program}`, ['-r', REALM, ...args], { env: this.environment, stdio: 'pipe' });
    run('kdb5_util', 'create', '-s', '-P', 'a password of the tests');
    for (const [name, principal] of Object.entries(SERVICES)) {
      run('kadmin.local', '-q', `addprinc -randkey ${principal}`);
      run('kadmin.local', '-q', `ktadd -k ${join(this.directory, `${name}.keytab`)} ${principal}`);
    }
  }

  #givesTickets(): boolean {
    try {
      const cache = join(this.directory, 'probe');
      const args = ['-k', '-t', this.keytab('alice'), '-c', cache, 'alice'];
      execFileSync('kinit', args, { env: this.environment, stdio: 'pipe' });
      return true;
    } catch {
      return false;
    }
  }

  #krb5Conf(): string {
    return `[libdefaults]
 default_realm = ${REALM}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
 permitted_enctypes = aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96
[realms]
 ${REALM} = {
  kdc = 127.0.0.1:${this.#port}
 }
[domain_realm]
 localhost = ${REALM}
`;
  }

  #kdcConf(): string {
    return `[kdcdefaults]
 kdc_listen = 127.0.0.1:${this.#port}
 kdc_tcp_listen = 127.0.0.1:${this.#port}
[realms]
 ${REALM} = {
  database_name = ${this.directory}/principal
  key_stash_file = ${this.directory}/stash
  acl_file = ${this.directory}/kadm5.acl
  max_life = 24h
  max_renewable_life = 7d
  supported_enctypes = aes256-cts:normal aes128-cts:normal
 }
[logging]
 kdc = FILE:${this.directory}/kdc.log
`;
  }
}

/** `alice` may act for anybody. */
export function startSecureCluster(kdc: Kdc): Promise<HdfsCluster> {
  const secret = join(kdc.directory, 'signature.secret');
  writeFileSync(secret, 'a secret of the tests');
  const core: Properties = {
    'hadoop.security.authentication': 'kerberos',
    'hadoop.security.authorization': true,
    'hadoop.security.auth_to_local': 'RULE:[2:$1](nn|dn)s/.*/root/\nDEFAULT',
    // Without this type everybody gets 403 "Security enabled but user not authenticated by filter".
    'hadoop.http.authentication.type': 'kerberos',
    'hadoop.http.authentication.kerberos.principal': `HTTP/localhost@${REALM}`,
    'hadoop.http.authentication.kerberos.keytab': kdc.keytab('http'),
    'hadoop.http.authentication.signature.secret.file': secret,
    'hadoop.proxyuser.alice.hosts': '*',
    'hadoop.proxyuser.alice.users': '*',
  };
  const hdfs: Properties = {
    'dfs.block.access.token.enable': true,
    'dfs.namenode.kerberos.principal': `nn/localhost@${REALM}`,
    'dfs.namenode.keytab.file': kdc.keytab('nn'),
    'dfs.datanode.kerberos.principal': `dn/localhost@${REALM}`,
    'dfs.datanode.keytab.file': kdc.keytab('dn'),
    'dfs.namenode.kerberos.internal.spnego.principal': `HTTP/localhost@${REALM}`,
    'dfs.web.authentication.kerberos.principal': `HTTP/localhost@${REALM}`,
    'dfs.web.authentication.kerberos.keytab': kdc.keytab('http'),
    // Else the DataNode wants ports below 1024, or TLS.
    'ignore.secure.ports.for.testing': true,
  };
  const ready = async ({ url }: HdfsCluster) => {
    const state = await askWithTicket(kdc, `${url}/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState`);
    if (!/"FSState"\s*:\s*"Operational"/.test(state) || !/"NumLiveDataNodes"\s*:\s*1\b/.test(state))
      return false;
    return (await askWithTicket(kdc, `${url}/webhdfs/v1/?op=GETFILESTATUS`)).includes('"FileStatus"');
  };
  const jvm = [`-Djava.security.krb5.conf=${kdc.configuration}`];
  return HdfsCluster.start({ host: 'localhost', core, hdfs, jvm, ready });
}

/** With a ticket of the NameNode, by curl. */
async function askWithTicket(kdc: Kdc, url: string): Promise<string> {
  const cache = join(kdc.directory, 'ready');
  const env = { ...kdc.environment, KRB5CCNAME: cache };
  execFileSync('kinit', ['-k', '-t', kdc.keytab('nn'), '-c', cache, 'nn/localhost'], { env, stdio: 'pipe' });
  return execFileSync('curl', ['-s', '-m', '5', '--negotiate', '-u', ':', url], { env, encoding: 'utf8' });
}
