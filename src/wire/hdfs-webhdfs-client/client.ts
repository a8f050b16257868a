/**
 * A client of HDFS over HTTP: WebHDFS of NameNodes and DataNodes, or HttpFS.
 *
 * Every call throws HdfsError, whose getters say what happened and whether it may be repeated. Calls repeat
 * by themselves what is safe to repeat (see cluster/name-nodes.ts). Memory is constant whatever a file's
 * size; answers of calls are bounded. A client has no state but connections and may be used by many callers
 * at once.
 */
import {
  AnswerError,
  type BlockLocations,
  blockLocationsOf,
  booleanOf,
  type ContentSummary,
  contentSummaryOf,
  type FileChecksum,
  type FileStatus,
  fileChecksumOf,
  fileStatusOf,
  listOf,
  locatedBlocksOf,
  parse,
  type ServerDefaults,
  serverDefaultsOf,
} from './answers.ts';
import { authenticatorOf } from './authentication/authenticator.ts';
import { type Cluster, endpointOf, hostPort, resolveCluster } from './cluster/addresses.ts';
import { HadoopConfiguration } from './cluster/hadoop-configuration.ts';
import { NameNodes } from './cluster/name-nodes.ts';
import type { Operation, Parameter } from './cluster/operation.ts';
import { type Counters, newCounters } from './counters.ts';
import { DataNodes } from './data/data-nodes.ts';
import { HdfsReader } from './data/reader.ts';
import { HdfsWriter } from './data/writer.ts';
import { HdfsError, HdfsSettingsError, TRANSPORT } from './errors.ts';
import { bodyOf } from './http/exchange.ts';
import {
  ANSWER_BYTES_MAX,
  type CallOptions,
  type ClientSettings,
  CONNECTIONS,
  DEADLINES,
  type Deadlines,
  RETRIES,
  withDefaults,
} from './settings.ts';

export interface CreateOptions extends CallOptions {
  /** False: an existing file is an error. A file that another writer has open is taken over by true. */
  readonly overwrite?: boolean;
  /** Octal, e.g. `640`; the cluster's umask applies. */
  readonly permission?: string;
  readonly replication?: number;
  /** Bytes; clusters refuse less than 1 MiB unless they are told otherwise. */
  readonly blockSize?: number;
  readonly bufferSize?: number;
  /** False: a missing directory is an error (not in HttpFS). */
  readonly createParent?: boolean;
}

export interface OpenOptions extends CallOptions {
  readonly offset?: number;
  readonly length?: number;
  readonly bufferSize?: number;
}

export interface RenameOptions extends CallOptions {
  /** Replace a file that is there (not in HttpFS). */
  readonly overwrite?: boolean;
}

export class WebHdfsClient {
  readonly counters: Counters = newCounters();
  /** The path of the URI that the client was made with. */
  readonly path: string;
  readonly #cluster: Cluster;
  readonly #nameNodes: NameNodes;
  readonly #dataNodes: DataNodes;
  readonly #deadlines: Deadlines;
  readonly #answerBytesMax: number;

  /** @throws HdfsSettingsError when no address follows from the settings, or they contradict each other. */
  constructor(settings: ClientSettings) {
    const { tls = {}, connections = CONNECTIONS, answerBytesMax = ANSWER_BYTES_MAX } = settings;
    const deadlines = withDefaults(DEADLINES, settings.deadlines);
    const authenticator = authenticatorOf(settings);
    this.#cluster = clusterOf(settings);
    this.path = this.#cluster.path;
    this.#deadlines = deadlines;
    this.#answerBytesMax = answerBytesMax;
    const { endpoints, origin } = this.#cluster;
    const common = { authenticator, deadlines, tls, answerBytesMax, counters: this.counters };
    const retries = withDefaults(RETRIES, settings.retries);
    this.#nameNodes = new NameNodes({ ...common, endpoints, origin, retries, connections });
    this.#dataNodes = new DataNodes({ ...common, nameNodes: this.#nameNodes });
  }

  /** `HOST:PORT` of the NameNode that answered last, or is asked first. */
  get nameNode(): string {
    return hostPort(this.#nameNodes.active);
  }

  /** All addresses, and how they were found. */
  get addresses(): { readonly nameNodes: readonly string[]; readonly origin: string } {
    return { nameNodes: this.#cluster.endpoints.map(hostPort), origin: this.#cluster.origin };
  }

  /** Ends connections and calls under way; none begins any more. Files under way are not touched. */
  close(): void {
    this.#nameNodes.close();
  }

  /** Begins a file. It is safe when `end` of the writer has resolved. */
  async create(path: string, options: CreateOptions = {}): Promise<HdfsWriter> {
    return this.#write(
      operation('CREATE', 'PUT', path, 'safe', [
        ['overwrite', options.overwrite ?? false],
        ['permission', options.permission],
        ['replication', options.replication],
        ['blocksize', options.blockSize],
        ['buffersize', options.bufferSize],
        ['createparent', options.createParent],
      ]),
      options,
    );
  }

  /** Goes on at the end of a file. At most one writer may have a file open. */
  async append(path: string, options: CallOptions = {}): Promise<HdfsWriter> {
    return this.#write(operation('APPEND', 'POST', path, 'safe'), options);
  }

  /** The bytes of a file. Of a file that is open, those of whole packets (64 KiB) may be there. */
  async open(path: string, options: OpenOptions = {}): Promise<HdfsReader> {
    const parameters: Parameter[] = [
      ['offset', options.offset],
      ['length', options.length],
      ['buffersize', options.bufferSize],
    ];
    const open = { ...operation('OPEN', 'GET', path, 'safe', parameters), isStream: true };
    const stream = await this.#dataNodes.openForReading(open, options);
    stream.exchange.releaseSignal();
    return new HdfsReader(stream, this.#deadlines.idleMs, this.counters);
  }

  /**
   * Moves the blocks of `sources` to the end of `target`, and the sources away. All closed and in one
   * directory.
   */
  async concat(target: string, sources: readonly string[], options: CallOptions = {}): Promise<void> {
    const list = sources.map(checked).join(',');
    await this.#call(operation('CONCAT', 'POST', target, 'once', [['sources', list]]), options);
  }

  /**
   * Cuts a closed file. True: it may be written at once. False: its last block is being recovered, and APPEND
   * is refused with `isRecovering` meanwhile, for about a second.
   */
  async truncate(path: string, length: number, options: CallOptions = {}): Promise<boolean> {
    return this.#boolean(operation('TRUNCATE', 'POST', path, 'once', [['newlength', length]]), options);
  }

  /**
   * @throws HdfsError `isNotFound` (source or the directory of the target), `isExists`; from HttpFS, which
   * gives no
   *   reason, `RenameRefused`.
   */
  async rename(from: string, to: string, options: RenameOptions = {}): Promise<void> {
    const parameters: Parameter[] = [
      ['destination', checked(to)],
      // With it the NameNode says why not, where it else answers 200 and `false`.
      ['renameoptions', options.overwrite ? 'OVERWRITE' : 'NONE'],
    ];
    const rename = operation('RENAME', 'PUT', from, 'once', parameters);
    const body = await this.#call(rename, options);
    if (body === '' || this.#read(rename, () => booleanOf(body))) return;
    const reason = `to ${to}: the source is missing, or the target or no directory for it is there`;
    throw this.#error(rename, TRANSPORT.renameRefused, reason);
  }

  /** Whether something was there. A directory that is not empty needs `recursive`. */
  async delete(path: string, options: CallOptions & { readonly recursive?: boolean } = {}): Promise<boolean> {
    const recursive = options.recursive ?? false;
    return this.#boolean(operation('DELETE', 'DELETE', path, 'once', [['recursive', recursive]]), options);
  }

  /** With all that are missing above it. Succeeds when it is there already. */
  async mkdirs(path: string, options: CallOptions & { readonly permission?: string } = {}): Promise<void> {
    const mkdirs = operation('MKDIRS', 'PUT', path, 'safe', [['permission', options.permission]]);
    if (!(await this.#boolean(mkdirs, options)))
      throw this.#error(mkdirs, TRANSPORT.protocol, 'answered false');
  }

  async getFileStatus(path: string, options: CallOptions = {}): Promise<FileStatus> {
    const status = operation('GETFILESTATUS', 'GET', path, 'safe');
    return this.#ask(status, options, (body) => fileStatusOf(parse(body, 'FileStatus'), path));
  }

  /** Null when nothing is there. */
  async findFile(path: string, options: CallOptions = {}): Promise<FileStatus | null> {
    try {
      return await this.getFileStatus(path, options);
    } catch (error) {
      if (error instanceof HdfsError && error.isNotFound) return null;
      throw error;
    }
  }

  /** In one answer: for directories of moderate size. Of a file: itself. */
  async listStatus(path: string, options: CallOptions = {}): Promise<FileStatus[]> {
    const list = operation('LISTSTATUS', 'GET', path, 'safe');
    return this.#ask(list, options, (body) => statusesOf(parse(body, 'FileStatuses', 'FileStatus'), path));
  }

  /**
   * In the order of names and in batches (the cluster's `dfs.ls.limit`, 1000): for directories of any size.
   */
  async *list(path: string, options: CallOptions = {}): AsyncGenerator<FileStatus, void, undefined> {
    let after = '';
    for (;;) {
      const parameters: Parameter[] = [['startAfter', after === '' ? undefined : after]];
      const list = operation('LISTSTATUS_BATCH', 'GET', path, 'safe', parameters);
      const { entries, remaining } = await this.#ask(list, options, (body) => ({
        entries: statusesOf(
          parse(body, 'DirectoryListing', 'partialListing', 'FileStatuses', 'FileStatus'),
          path,
        ),
        remaining: Number(parse(body, 'DirectoryListing', 'remainingEntries')),
      }));
      yield* entries;
      const last = entries.at(-1);
      if (remaining === 0 || last === undefined) return;
      after = last.path.slice(last.path.lastIndexOf('/') + 1);
    }
  }

  async getContentSummary(path: string, options: CallOptions = {}): Promise<ContentSummary> {
    return this.#ask(operation('GETCONTENTSUMMARY', 'GET', path, 'safe'), options, contentSummaryOf);
  }

  /** Of a closed file; it is computed by a DataNode. */
  async getFileChecksum(path: string, options: CallOptions = {}): Promise<FileChecksum> {
    const checksum = { ...operation('GETFILECHECKSUM', 'GET', path, 'safe'), isStream: true };
    const { exchange, head } = await this.#dataNodes.openForReading(checksum, options);
    const body = await bodyOf(exchange, head, this.#answerBytesMax, this.#deadlines.idleMs);
    return this.#read(checksum, () => fileChecksumOf(body.toString('utf8')));
  }

  /** Where the blocks are: how many replicas each has, and whether the file is open. */
  async getBlockLocations(
    path: string,
    options: CallOptions & { readonly offset?: number; readonly length?: number } = {},
  ): Promise<BlockLocations> {
    const parameters: Parameter[] = [
      ['offset', options.offset],
      ['length', options.length],
    ];
    try {
      const located = operation('GET_BLOCK_LOCATIONS', 'GET', path, 'safe', parameters);
      return await this.#ask(located, options, locatedBlocksOf);
    } catch (error) {
      if (!(error instanceof HdfsError && error.isUnsupported)) throw error;
      const locations = operation('GETFILEBLOCKLOCATIONS', 'GET', path, 'safe', parameters);
      return this.#ask(locations, options, blockLocationsOf);
    }
  }

  async setPermission(path: string, permission: string, options: CallOptions = {}): Promise<void> {
    await this.#call(operation('SETPERMISSION', 'PUT', path, 'safe', [['permission', permission]]), options);
  }

  async setOwner(
    path: string,
    owner: { readonly owner?: string; readonly group?: string },
    options: CallOptions = {},
  ): Promise<void> {
    const parameters: Parameter[] = [
      ['owner', owner.owner],
      ['group', owner.group],
    ];
    await this.#call(operation('SETOWNER', 'PUT', path, 'safe', parameters), options);
  }

  /** False for a directory. The replicas follow later. */
  async setReplication(path: string, replication: number, options: CallOptions = {}): Promise<boolean> {
    return this.#boolean(
      operation('SETREPLICATION', 'PUT', path, 'safe', [['replication', replication]]),
      options,
    );
  }

  /** Epoch milliseconds. */
  async setTimes(
    path: string,
    times: { readonly modificationTime?: number; readonly accessTime?: number },
    options: CallOptions = {},
  ): Promise<void> {
    const parameters: Parameter[] = [
      ['modificationtime', times.modificationTime ?? -1],
      ['accesstime', times.accessTime ?? -1],
    ];
    await this.#call(operation('SETTIMES', 'PUT', path, 'safe', parameters), options);
  }

  /** Names and bytes allowed below a directory; -1 takes a quota away. For the superuser; Hadoop 3.3. */
  async setQuota(
    path: string,
    quota: { readonly names?: number; readonly bytes?: number },
    options: CallOptions = {},
  ): Promise<void> {
    const parameters: Parameter[] = [
      ['namespacequota', quota.names],
      ['storagespacequota', quota.bytes],
    ];
    await this.#call(operation('SETQUOTA', 'PUT', path, 'safe', parameters), options);
  }

  /** Null from a cluster without security. */
  async getDelegationToken(renewer?: string, options: CallOptions = {}): Promise<string | null> {
    const get = operation('GETDELEGATIONTOKEN', 'GET', '/', 'safe', [['renewer', renewer]]);
    return this.#ask(get, options, (body) => {
      const token = parse(body, 'Token');
      return token === null ? null : String(parse(body, 'Token', 'urlString'));
    });
  }

  /** Its new end, in epoch milliseconds. */
  async renewDelegationToken(token: string, options: CallOptions = {}): Promise<number> {
    const renew = operation('RENEWDELEGATIONTOKEN', 'PUT', '/', 'safe', [['token', token]]);
    return this.#ask(renew, options, (body) => Number(parse(body, 'long')));
  }

  async cancelDelegationToken(token: string, options: CallOptions = {}): Promise<void> {
    await this.#call(operation('CANCELDELEGATIONTOKEN', 'PUT', '/', 'once', [['token', token]]), options);
  }

  async getHomeDirectory(options: CallOptions = {}): Promise<string> {
    const home = operation('GETHOMEDIRECTORY', 'GET', '/', 'safe');
    return this.#ask(home, options, (body) => String(parse(body, 'Path')));
  }

  async getServerDefaults(options: CallOptions = {}): Promise<ServerDefaults> {
    return this.#ask(operation('GETSERVERDEFAULTS', 'GET', '/', 'safe'), options, serverDefaultsOf);
  }

  async #write(what: Operation, options: CallOptions): Promise<HdfsWriter> {
    const exchange = await this.#dataNodes.openForWriting(what, options);
    const writer = new HdfsWriter(exchange, this.#deadlines, this.counters);
    await writer.opened();
    exchange.releaseSignal();
    return writer;
  }

  async #call(what: Operation, options: CallOptions): Promise<string> {
    const answer = await this.#nameNodes.call(what, options);
    if (answer.status >= 300) throw this.#error(what, TRANSPORT.protocol, `redirected to ${answer.location}`);
    return answer.body;
  }

  async #ask<T>(what: Operation, options: CallOptions, read: (body: string) => T): Promise<T> {
    const body = await this.#call(what, options);
    return this.#read(what, () => read(body));
  }

  #boolean(what: Operation, options: CallOptions): Promise<boolean> {
    return this.#ask(what, options, booleanOf);
  }

  #read<T>(what: Operation, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof AnswerError) throw this.#error(what, TRANSPORT.protocol, error.message);
      throw error;
    }
  }

  #error({ name, path }: Operation, exception: string, reason: string): HdfsError {
    const outcome = exception === TRANSPORT.renameRefused ? 'refused' : 'unknown';
    return new HdfsError(reason, { exception, operation: name, path, host: this.nameNode, outcome });
  }
}

function clusterOf({ uri, nameNodes, configuration, environment = process.env }: ClientSettings): Cluster {
  const folder = environment.HADOOP_CONF_DIR;
  const folders = configuration ?? (folder === undefined || folder === '' ? [] : [folder]);
  if (nameNodes === undefined || nameNodes.length === 0) {
    return resolveCluster(uri, HadoopConfiguration.read(folders, environment));
  }
  const path = /^(?:[a-z][a-z\d+.-]*:\/\/[^/]*)?(\/.*)?$/i.exec(uri)?.[1] ?? '/';
  return { endpoints: nameNodes.map(endpointOf), path, origin: 'the option' };
}

function operation(
  name: string,
  method: Operation['method'],
  path: string,
  repeat: Operation['repeat'],
  parameters: readonly Parameter[] = [],
): Operation {
  return { name, method, path: checked(path), repeat, parameters };
}

/** HDFS has no relative paths, and takes `.` and `..` for what they are in a URL. */
function checked(path: string): string {
  if (!path.startsWith('/')) throw new HdfsSettingsError(`the path '${path}' is not absolute`);
  if (path.includes('\0') || path.split('/').some((part) => part === '.' || part === '..')) {
    throw new HdfsSettingsError(`the path '${path}' has a part that HDFS does not take`);
  }
  return path;
}

function statusesOf(list: unknown, directory: string): FileStatus[] {
  return listOf(list).map((one) => fileStatusOf(one, directory));
}
