/** An HttpFS gateway in front of a running cluster. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, type HdfsCluster } from './cluster.ts';
import { configurationXml, Daemon } from './daemon.ts';
import { hdfsJars, httpfsJars } from './jars.ts';

const MAIN = 'org.apache.hadoop.fs.http.server.HttpFSServerWebServer';

export class HttpFs {
  readonly url: string;
  /** The URI of users. */
  readonly uri: string;
  readonly daemon: Daemon;
  readonly #directory: string;

  static async start(cluster: HdfsCluster): Promise<HttpFs> {
    const [port] = (await freePorts(1)) as [number];
    const gateway = new HttpFs(cluster, port);
    gateway.daemon.start();
    await gateway.ready();
    return gateway;
  }

  async ready(): Promise<void> {
    const probe = `${this.url}/webhdfs/v1/?op=GETFILESTATUS&user.name=root`;
    await this.daemon.ready(async () => (await fetch(probe)).ok);
  }

  private constructor(cluster: HdfsCluster, port: number) {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-httpfs-'));
    const conf = join(directory, 'conf');
    mkdirSync(conf);
    mkdirSync(join(directory, 'temp'));
    for (const name of ['core-site.xml', 'hdfs-site.xml']) {
      copyFileSync(join(cluster.configuration, name), join(conf, name));
    }
    copyFileSync(join(cluster.configuration, 'log4j.properties'), join(conf, 'httpfs-log4j.properties'));
    writeFileSync(join(conf, 'httpfs-signature.secret'), 'a secret of the tests');
    const site = {
      'httpfs.http.hostname': '127.0.0.1',
      'httpfs.http.port': port,
      'httpfs.hadoop.config.dir': conf,
    };
    writeFileSync(join(conf, 'httpfs-site.xml'), configurationXml(site));
    this.url = `http://127.0.0.1:${port}`;
    this.uri = `webhdfs://127.0.0.1:${port}`;
    this.#directory = directory;
    const folders = { home: directory, config: conf, log: directory, temp: join(directory, 'temp') };
    const flags = Object.entries(folders).map(([name, folder]) => `-Dhttpfs.${name}.dir=${folder}`);
    const classPath = [conf, httpfsJars(), hdfsJars()];
    this.daemon = new Daemon({ classPath, flags, cwd: directory }, MAIN, join(directory, 'httpfs.log'));
  }

  async remove(): Promise<void> {
    await this.daemon.end();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
