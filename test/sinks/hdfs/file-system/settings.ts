import { silentLogger } from '../../../../src/base/log.ts';
import type { FileSystemSettings } from '../../../../src/sinks/hdfs/file-system/door.ts';

/** Settings of a door to HDFS as the user `root`, where a test says nothing else. */
export function webHdfsSettings(some: Partial<FileSystemSettings>): FileSystemSettings {
  return {
    component: 'sink k1',
    log: silentLogger,
    root: '',
    callTimeoutMs: 5000,
    concurrency: 4,
    proxyUser: undefined,
    kerberos: undefined,
    nameNodes: [],
    hadoopConfDir: undefined,
    user: 'root',
    tokenFile: undefined,
    ticketCommand: [],
    syncsNames: false,
    ...some,
  };
}
