/** A WebHDFS and HttpFS client. README.md says how to use it. */
export type {
  BlockLocation,
  BlockLocations,
  ContentSummary,
  FileChecksum,
  FileStatus,
  ServerDefaults,
} from './answers.ts';
export { type CreateOptions, type OpenOptions, type RenameOptions, WebHdfsClient } from './client.ts';
export { type Cluster, type Endpoint, resolveCluster } from './cluster/addresses.ts';
export { HadoopConfiguration } from './cluster/hadoop-configuration.ts';
export type { Counters } from './counters.ts';
export type { HdfsReader } from './data/reader.ts';
export type { HdfsWriter } from './data/writer.ts';
export { HdfsError, HdfsSettingsError, type Outcome, TRANSPORT } from './errors.ts';
export type {
  CallOptions,
  ClientSettings,
  Credentials,
  Deadlines,
  Retries,
  TlsSettings,
  TlsSource,
} from './settings.ts';
