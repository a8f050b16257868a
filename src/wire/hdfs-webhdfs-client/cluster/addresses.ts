/**
 * From the URI that a user writes to the HTTP addresses of NameNodes.
 *
 *   hdfs://HOST:RPCPORT, hdfs://NAMESERVICE   through the configuration, else by the default ports
 *   webhdfs://…, swebhdfs://…                 the HTTP or HTTPS address itself, or a name service
 *   http(s)://HOST:PORT[/webhdfs/v1]          as it stands: a NameNode, HttpFS, a gateway
 *   /path                                     fs.defaultFS of the configuration
 */
import { HdfsSettingsError } from '../errors.ts';
import type { HadoopConfiguration } from './hadoop-configuration.ts';

export interface Endpoint {
  readonly secure: boolean;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** `/webhdfs/v1`, or with what a gateway puts before it. */
  readonly prefix: string;
}

export interface Cluster {
  /** In the order in which they are asked; more than one for an HA name service. */
  readonly endpoints: readonly Endpoint[];
  /** The path of the URI, decoded as Hadoop does: not at all. `/` when it has none. */
  readonly path: string;
  /** How the addresses were found, for messages. */
  readonly origin: string;
}

const PREFIX = '/webhdfs/v1';
const HTTP_PORT = 9870;
const HTTPS_PORT = 9871;
/** Ports that a NameNode's RPC has unless it is told otherwise: 8020; 9820 in 3.0.0; 9000 by habit. */
const HINT =
  'that is the default of Hadoop 3 (Hadoop 2: 50070); name it by option or by the folder of hdfs-site.xml';

/** @throws HdfsSettingsError when no address follows from `uri`. */
export function resolveCluster(uri: string, configuration: HadoopConfiguration): Cluster {
  const parts = /^([a-z][a-z\d+.-]*):\/\/([^/]*)(\/.*)?$/i.exec(uri);
  if (parts === null) {
    if (!uri.startsWith('/')) throw new HdfsSettingsError(`${uri} is neither a URI nor an absolute path`);
    return ofDefault(uri, configuration);
  }
  const [, scheme, rawAuthority, path = '/'] = parts as unknown as [
    string,
    string,
    string,
    string | undefined,
  ];
  // hdfs://user@host: Hadoop ignores the user too.
  const authority = rawAuthority.slice(rawAuthority.lastIndexOf('@') + 1);
  switch (scheme.toLowerCase()) {
    case 'http':
    case 'https':
      return ofHttp(scheme.toLowerCase() === 'https', authority, path, uri);
    case 'hdfs':
      if (authority === '') return ofDefault(path, configuration);
      return { path, ...ofRpc(authority, configuration) };
    case 'webhdfs':
    case 'swebhdfs':
      return { path, ...ofWeb(scheme.toLowerCase() === 'swebhdfs', authority, configuration) };
    default:
      throw new HdfsSettingsError(
        `${uri}: the scheme ${scheme} is not one of hdfs, webhdfs, swebhdfs, http and https`,
      );
  }
}

/** One address of an option: `HOST:PORT`, or a URL as in `resolveCluster`. */
export function endpointOf(text: string): Endpoint {
  const parts = /^(https?):\/\/([^/]*)(\/.*)?$/i.exec(text.trim());
  if (parts === null) return endpoint(false, text.trim(), HTTP_PORT);
  return ofHttp(parts[1]!.toLowerCase() === 'https', parts[2]!, parts[3] ?? '/', text).endpoints[0]!;
}

export function hostPort({ host, port }: Pick<Endpoint, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function ofDefault(path: string, configuration: HadoopConfiguration): Cluster {
  const defaultFs = configuration.get('fs.defaultFS') ?? configuration.get('fs.default.name');
  if (defaultFs === null || !/^[a-z]+:\/\/[^/]/i.test(defaultFs)) {
    const where =
      configuration.files.length === 0 ? 'no core-site.xml was found' : configuration.files.join(', ');
    throw new HdfsSettingsError(`${path} names no cluster, and fs.defaultFS is not set (${where})`);
  }
  return { ...resolveCluster(defaultFs, configuration), path };
}

function ofHttp(secure: boolean, authority: string, path: string, uri: string): Cluster {
  const at = path.indexOf(PREFIX);
  const isWhole = at >= 0 && /^(\/|$)/.test(path.slice(at + PREFIX.length));
  if (!isWhole && path !== '/') {
    throw new HdfsSettingsError(`${uri}: the path of an HTTP address starts with, or has in it, ${PREFIX}`);
  }
  const prefix = isWhole ? path.slice(0, at + PREFIX.length) : PREFIX;
  const rest = isWhole ? path.slice(at + PREFIX.length) : '';
  const one = endpoint(secure, authority, secure ? 443 : 80);
  return { endpoints: [{ ...one, prefix }], path: rest === '' ? '/' : rest, origin: 'its URI' };
}

type Found = Omit<Cluster, 'path'>;

function ofRpc(authority: string, configuration: HadoopConfiguration): Found {
  const secure = isHttpsOnly(configuration);
  const service = ofService(authority, secure, configuration);
  if (service !== null) return service;
  const { host, port } = split(authority);
  const suffix = port === null ? null : suffixOfRpc(host, port, configuration);
  if (suffix !== null) {
    const address = httpAddress(suffix, secure, host, configuration);
    if (address !== null) return { endpoints: [address], origin: configuration.files.join(', ') };
  }
  const assumed = endpoint(secure, host.includes(':') ? `[${host}]` : host, secure ? HTTPS_PORT : HTTP_PORT);
  const why = `port ${assumed.port} is assumed, as no hdfs-site.xml says which HTTP port belongs to hdfs://${authority}`;
  return { endpoints: [assumed], origin: `${why}: ${HINT}` };
}

function ofWeb(secure: boolean, authority: string, configuration: HadoopConfiguration): Found {
  const service = ofService(authority, secure, configuration);
  if (service !== null) return service;
  return { endpoints: [endpoint(secure, authority, secure ? HTTPS_PORT : HTTP_PORT)], origin: 'its URI' };
}

/** The NameNodes of a name service; null when `authority` is not the name of one. */
function ofService(authority: string, secure: boolean, configuration: HadoopConfiguration): Found | null {
  if (!configuration.list('dfs.nameservices').includes(authority)) return null;
  const ids = configuration.list(`dfs.ha.namenodes.${authority}`);
  const suffixes = ids.length === 0 ? [`.${authority}`] : ids.map((id) => `.${authority}.${id}`);
  const endpoints = suffixes.map((suffix) => {
    const rpc = configuration.get(`dfs.namenode.rpc-address${suffix}`);
    const address = httpAddress(suffix, secure, rpc === null ? null : split(rpc).host, configuration);
    if (address === null) {
      const wanted = `dfs.namenode.${secure ? 'https' : 'http'}-address${suffix}`;
      throw new HdfsSettingsError(`${wanted} is not set in ${configuration.files.join(', ')}`);
    }
    return address;
  });
  return { endpoints, origin: configuration.files.join(', ') };
}

/**
 * What stands after `dfs.namenode.rpc-address` where its value is this address: '', `.SERVICE`,
 * `.SERVICE.ID`.
 */
function suffixOfRpc(host: string, port: number, configuration: HadoopConfiguration): string | null {
  const key = 'dfs.namenode.rpc-address';
  for (const name of configuration.names()) {
    if (name !== key && !name.startsWith(`${key}.`)) continue;
    const value = configuration.get(name);
    if (value === null) continue;
    const one = split(value);
    if (one.host.toLowerCase() === host.toLowerCase() && one.port === port) return name.slice(key.length);
  }
  const defaultFs = /^hdfs:\/\/([^/]+)/.exec(configuration.get('fs.defaultFS') ?? '');
  if (defaultFs === null) return null;
  const one = split(defaultFs[1]!);
  return one.host.toLowerCase() === host.toLowerCase() && one.port === port ? '' : null;
}

function httpAddress(
  suffix: string,
  secure: boolean,
  rpcHost: string | null,
  configuration: HadoopConfiguration,
): Endpoint | null {
  const port = secure ? HTTPS_PORT : HTTP_PORT;
  const value = configuration.get(`dfs.namenode.${secure ? 'https' : 'http'}-address${suffix}`);
  if (value === null) return rpcHost === null ? null : endpoint(secure, bracketed(rpcHost), port);
  const one = endpoint(secure, value, port);
  // A server may bind every address of its host; that is none to connect to.
  const isWildcard = one.host === '0.0.0.0' || one.host === '::';
  return isWildcard && rpcHost !== null ? { ...one, host: rpcHost } : one;
}

function isHttpsOnly(configuration: HadoopConfiguration): boolean {
  return configuration.get('dfs.http.policy') === 'HTTPS_ONLY';
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function endpoint(secure: boolean, authority: string, defaultPort: number): Endpoint {
  const { host, port } = split(authority);
  if (host === '') throw new HdfsSettingsError(`'${authority}' names no host`);
  return { secure, host, port: port ?? defaultPort, prefix: PREFIX };
}

function split(authority: string): { readonly host: string; readonly port: number | null } {
  const parts = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(authority);
  const port = parts?.[3] === undefined ? null : Number(parts[3]);
  if (parts === null || (port !== null && (port < 1 || port > 65535))) {
    throw new HdfsSettingsError(`'${authority}' is not HOST or HOST:PORT`);
  }
  return { host: parts[1] ?? parts[2] ?? '', port };
}
