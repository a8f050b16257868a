/** Errors of the WebHDFS client as the door names them, with what the operator can do. */
import { MillraceError } from '../../../base/errors.ts';
import { CERTIFICATE_CODES, isNotTls } from '../../../component/tls/reasons.ts';
import { HdfsError, TRANSPORT } from '../../../wire/hdfs-webhdfs-client/index.ts';
import { type FailureKind, FileSystemError } from './door.ts';

const NETWORK: ReadonlySet<string> = new Set([TRANSPORT.lost, TRANSPORT.timeout]);

export async function explained<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw explain(error);
  }
}

export function explain(error: unknown): FileSystemError {
  if (error instanceof FileSystemError) return error;
  if (!(error instanceof HdfsError)) {
    const message = error instanceof Error ? error.message : String(error);
    const remedy = error instanceof MillraceError ? error.detail.remedy : undefined;
    return new FileSystemError('other', message, {
      cause: error,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
  const remedy = remedyOf(error);
  return new FileSystemError(kindOf(error), error.message, {
    cause: error,
    ...(remedy === undefined ? {} : { remedy }),
  });
}

function kindOf(error: HdfsError): FailureKind {
  if (error.exception === TRANSPORT.timeout) return 'timeout';
  if (isOfAnother(error)) return 'exists';
  if (error.isQuota || isDiskFull(error)) return 'full';
  if (error.isRetriable || error.exception === TRANSPORT.aborted) return 'unavailable';
  if (error.isPermission || error.isAuthentication) return 'permission';
  if (error.isNotFound) return 'missing';
  if (error.exception === 'FileAlreadyExistsException') return 'exists';
  if (error.isUnsupported) return 'unsupported';
  return 'other';
}

/** Somebody else is creating that very file, or left it open: it is not ours to remove. */
function isOfAnother({ operation, exception, isLeaseConflict }: HdfsError): boolean {
  return operation === 'CREATE' && isLeaseConflict && exception !== 'LeaseExpiredException';
}

function isDiskFull(error: HdfsError): boolean {
  return error.exception === 'DiskOutOfSpaceException' || /No space left|OutOfSpace/.test(error.reason);
}

function remedyOf(error: HdfsError): string | undefined {
  if (error.isQuota) return 'raise the quota (hdfs dfsadmin -setSpaceQuota, -setQuota) or make room';
  if (error.isAuthentication) {
    return 'set hdfs.kerberosPrincipal and hdfs.kerberosKeytab, or a delegation token';
  }
  if (error.isPermission) return 'give the user of the agent the right to it';
  if (error.isSafeMode) return 'the NameNode leaves safe mode by itself, or by hdfs dfsadmin -safemode leave';
  if (error.isNoDataNode) return 'see that DataNodes run and have room (hdfs dfsadmin -report)';
  if (error.isLeaseConflict) {
    return 'another writer, or one that died, has the file open: the sink goes on in a new one';
  }
  if (NETWORK.has(error.exception)) return `see whether ${error.host} runs, and the network to it`;
  if (error.isConnectFailure) return remedyOfConnecting(error);
  return undefined;
}

function remedyOfConnecting({ code = '', reason }: HdfsError): string {
  if (CERTIFICATE_CODES.has(code)) {
    return 'put the certificate of its authority into the trust store of ssl-client.xml or javax.net.ssl.trustStore';
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return 'name the server as its certificate does, in hdfs.nameNodes or dfs.datanode.hostname';
  }
  // Node has a code for it only where nothing was sent before the handshake.
  if (isNotTls(code) || /wrong version number/.test(reason))
    return 'it does not speak TLS there: write webhdfs:// or the port of https';
  return 'set hdfs.nameNodes to the HTTP addresses of the NameNodes, or HADOOP_CONF_DIR to the folder of hdfs-site.xml';
}
