/**
 * An HDFS of two NameNodes, one active, and a DataNode. The NameNodes share their edits in a directory and
 * fail over by hand: neither ZooKeeper nor JournalNodes are needed.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  coreSite,
  DATA_NODE,
  dataNodeSite,
  freePorts,
  isOperational,
  isOutOfSafeMode,
  NAME_NODE,
} from './cluster.ts';
import { Daemon, type JavaSettings, type Properties, runTool, writeConfiguration } from './daemon.ts';
import { hdfsJars } from './jars.ts';

const SERVICE = 'mill';
const IDS = ['nn1', 'nn2'] as const;
const ADMIN = 'org.apache.hadoop.hdfs.tools.DFSHAAdmin';

export type NameNodeId = (typeof IDS)[number];

export class HaCluster {
  readonly directory: string;
  readonly nameNodes: Readonly<Record<NameNodeId, Daemon>>;
  readonly dataNode: Daemon;
  readonly #java: Readonly<Record<NameNodeId | 'data', JavaSettings>>;
  readonly #http: Readonly<Record<NameNodeId, number>>;

  /** `hdfs` is added to hdfs-site.xml. */
  static async start(hdfs: Properties = {}): Promise<HaCluster> {
    const cluster = new HaCluster(await freePorts(7), hdfs);
    await runTool(cluster.#java.nn1, NAME_NODE, '-format', '-force', '-nonInteractive');
    // What -bootstrapStandby does, without a running nn1.
    cpSync(join(cluster.directory, 'nn1'), join(cluster.directory, 'nn2'), { recursive: true });
    for (const id of IDS) cluster.nameNodes[id].start();
    cluster.dataNode.start();
    await cluster.nameNodes.nn1.ready(async () => (await fetch(`${cluster.urlOf('nn1')}/jmx`)).ok);
    await cluster.admin('-transitionToActive', 'nn1');
    await cluster.ready('nn1');
    return cluster;
  }

  private constructor(ports: readonly number[], hdfs: Properties) {
    const [rpc1, http1, rpc2, http2, ...data] = ports as [number, number, number, number, ...number[]];
    this.directory = mkdtempSync(join(tmpdir(), 'millrace-hdfs-ha-'));
    this.#http = { nn1: http1, nn2: http2 };
    mkdirSync(join(this.directory, 'edits'));
    const common: Properties = {
      'dfs.nameservices': SERVICE,
      [`dfs.ha.namenodes.${SERVICE}`]: IDS.join(','),
      [`dfs.namenode.rpc-address.${SERVICE}.nn1`]: `127.0.0.1:${rpc1}`,
      [`dfs.namenode.http-address.${SERVICE}.nn1`]: `127.0.0.1:${http1}`,
      [`dfs.namenode.rpc-address.${SERVICE}.nn2`]: `127.0.0.1:${rpc2}`,
      [`dfs.namenode.http-address.${SERVICE}.nn2`]: `127.0.0.1:${http2}`,
      'dfs.namenode.shared.edits.dir': `file://${this.directory}/edits`,
      [`dfs.client.failover.proxy.provider.${SERVICE}`]:
        'org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider',
      'dfs.ha.fencing.methods': 'shell(/bin/true)',
      'dfs.ha.tail-edits.period': '1s',
      'dfs.ha.log-roll.period': '1s',
      ...dataNodeSite(this.directory, '127.0.0.1', data),
      ...hdfs,
    };
    const own = (id: NameNodeId): Properties => ({
      'dfs.ha.namenode.id': id,
      'dfs.namenode.name.dir': `file://${this.directory}/${id}`,
    });
    this.#java = {
      nn1: this.#configure('nn1', { ...common, ...own('nn1') }),
      nn2: this.#configure('nn2', { ...common, ...own('nn2') }),
      data: this.#configure('data', common),
    };
    const log = (name: string) => join(this.directory, `${name}.log`);
    this.nameNodes = {
      nn1: new Daemon(this.#java.nn1, NAME_NODE, log('nn1')),
      nn2: new Daemon(this.#java.nn2, NAME_NODE, log('nn2')),
    };
    this.dataNode = new Daemon(this.#java.data, DATA_NODE, log('data'));
  }

  /** The URI of users. */
  get uri(): string {
    return `hdfs://${SERVICE}`;
  }

  /** The folder of core-site.xml and hdfs-site.xml for clients. */
  get configuration(): string {
    return join(this.directory, 'conf-data');
  }

  urlOf(id: NameNodeId): string {
    return `http://127.0.0.1:${this.#http[id]}`;
  }

  admin(...args: readonly string[]): Promise<string> {
    return runTool(this.#java.nn1, ADMIN, ...args);
  }

  /** One in its safe mode cannot become active, and once the other has gone it may never leave it. */
  async readyToTakeOver(id: NameNodeId): Promise<void> {
    await this.nameNodes[id].ready(() => isOutOfSafeMode(this.urlOf(id)));
  }

  async ready(id: NameNodeId): Promise<void> {
    await this.nameNodes[id].ready(() => isOperational(this.urlOf(id)));
  }

  async remove(): Promise<void> {
    await Promise.all([...IDS.map((id) => this.nameNodes[id].end()), this.dataNode.end()]);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #configure(name: string, hdfs: Properties): JavaSettings {
    const conf = join(this.directory, `conf-${name}`);
    writeConfiguration(conf, coreSite(this.directory, this.uri), hdfs);
    return { classPath: [conf, hdfsJars()], cwd: this.directory };
  }
}
