/** An HDFS of one NameNode and one DataNode on free ports of the loopback. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon, type JavaSettings, type Properties, runTool, writeConfiguration } from './daemon.ts';
import { hdfsJars } from './jars.ts';

export const NAME_NODE = 'org.apache.hadoop.hdfs.server.namenode.NameNode';
export const DATA_NODE = 'org.apache.hadoop.hdfs.server.datanode.DataNode';

/** A dead DataNode is noticed after seconds, and the file of a dead writer closed, not after minutes. */
export const FAST_FAILURES: Properties = {
  'dfs.namenode.lease-hard-limit-sec': 5,
  'dfs.namenode.lease-recheck-interval-ms': 500,
  'dfs.heartbeat.interval': 1,
  'dfs.namenode.heartbeat.recheck-interval': 500,
};

export interface ClusterSettings {
  /** Added to hdfs-site.xml. */
  readonly hdfs?: Properties;
  /** Added to core-site.xml. */
  readonly core?: Properties;
  readonly jvm?: readonly string[];
  /** What the servers call themselves; Kerberos needs `localhost`. */
  readonly host?: string;
  /** Of the NameNode's WebHDFS; without it the condition is asked of /jmx. */
  readonly ready?: (cluster: HdfsCluster) => Promise<boolean>;
}

export class HdfsCluster {
  readonly directory: string;
  readonly host: string;
  readonly rpcPort: number;
  readonly httpPort: number;
  readonly dataHttpPort: number;
  readonly nameNode: Daemon;
  readonly dataNode: Daemon;
  readonly #java: JavaSettings;
  readonly #settings: ClusterSettings;

  static async start(settings: ClusterSettings = {}): Promise<HdfsCluster> {
    const cluster = new HdfsCluster(settings, await freePorts(5));
    await runTool(cluster.#java, NAME_NODE, '-format', '-force', '-nonInteractive');
    cluster.nameNode.start();
    cluster.dataNode.start();
    await cluster.ready();
    return cluster;
  }

  private constructor(settings: ClusterSettings, ports: readonly number[]) {
    const [rpc, http, transfer, dataHttp, dataIpc] = ports as [number, number, number, number, number];
    this.#settings = settings;
    this.host = settings.host ?? '127.0.0.1';
    this.directory = mkdtempSync(join(tmpdir(), 'millrace-hdfs-'));
    this.rpcPort = rpc;
    this.httpPort = http;
    this.dataHttpPort = dataHttp;
    const core = { ...coreSite(this.directory, this.uri), ...settings.core };
    const addresses = {
      'dfs.namenode.name.dir': `file://${this.directory}/name`,
      'dfs.namenode.rpc-address': `${this.host}:${rpc}`,
      'dfs.namenode.http-address': `${this.host}:${http}`,
    };
    const data = dataNodeSite(this.directory, this.host, [transfer, dataHttp, dataIpc]);
    writeConfiguration(this.configuration, core, { ...addresses, ...data, ...settings.hdfs });
    this.#java = {
      classPath: [this.configuration, hdfsJars()],
      flags: settings.jvm ?? [],
      cwd: this.directory,
    };
    this.nameNode = new Daemon(this.#java, NAME_NODE, join(this.directory, 'namenode.log'));
    this.dataNode = new Daemon(this.#java, DATA_NODE, join(this.directory, 'datanode.log'));
  }

  /** The folder of core-site.xml and hdfs-site.xml, as `HADOOP_CONF_DIR` names it. */
  get configuration(): string {
    return join(this.directory, 'conf');
  }

  /** The URI of users. */
  get uri(): string {
    return `hdfs://${this.host}:${this.rpcPort}`;
  }

  /** `http://HOST:PORT` of the NameNode. */
  get url(): string {
    return `http://${this.host}:${this.httpPort}`;
  }

  /** Out of safe mode, with its DataNode, and WebHDFS answers: it is built at the first call. */
  async ready(): Promise<void> {
    const { ready } = this.#settings;
    await this.nameNode.ready(async () => (ready === undefined ? isOperational(this.url) : ready(this)));
  }

  /** `-safemode enter` and the like. */
  admin(...args: readonly string[]): Promise<string> {
    return this.tool('org.apache.hadoop.hdfs.tools.DFSAdmin', ...args);
  }

  tool(main: string, ...args: readonly string[]): Promise<string> {
    return runTool(this.#java, main, ...args);
  }

  async remove(): Promise<void> {
    await Promise.all([this.nameNode.end(), this.dataNode.end()]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function coreSite(directory: string, defaultFs: string): Properties {
  return {
    'fs.defaultFS': defaultFs,
    'hadoop.tmp.dir': `${directory}/tmp`,
    'hadoop.http.staticuser.user': 'root',
    'hadoop.proxyuser.root.hosts': '*',
    'hadoop.proxyuser.root.groups': '*',
  };
}

export function dataNodeSite(directory: string, host: string, ports: readonly number[]): Properties {
  return {
    'dfs.replication': 1,
    'dfs.datanode.data.dir': `file://${directory}/data`,
    'dfs.datanode.address': `127.0.0.1:${ports[0]}`,
    'dfs.datanode.http.address': `127.0.0.1:${ports[1]}`,
    'dfs.datanode.ipc.address': `127.0.0.1:${ports[2]}`,
    'dfs.datanode.hostname': host,
    'dfs.namenode.datanode.registration.ip-hostname-check': false,
    'dfs.namenode.safemode.extension': 0,
    // With the default of 400 ms each CREATE and APPEND takes a quarter of a second.
    'dfs.client.block.write.locateFollowingBlock.initial.delay.ms': 5,
  };
}

/** Whether a NameNode, active or standby, has left its safe mode and knows a DataNode. */
export async function isOutOfSafeMode(url: string): Promise<boolean> {
  const query = 'qry=Hadoop:service=NameNode,name=FSNamesystemState';
  const state = (await (await fetch(`${url}/jmx?${query}`)).json()) as {
    readonly beans: readonly { readonly FSState: string; readonly NumLiveDataNodes: number }[];
  };
  const bean = state.beans[0];
  return bean?.FSState === 'Operational' && bean.NumLiveDataNodes >= 1;
}

/** Asks without the client under test. */
export async function isOperational(url: string): Promise<boolean> {
  if (!(await isOutOfSafeMode(url))) return false;
  return (await fetch(`${url}/webhdfs/v1/?op=GETFILESTATUS`)).ok;
}

/** Held together until all are known, so that no two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', () => resolve(server));
      });
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
