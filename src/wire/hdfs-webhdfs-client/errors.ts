/**
 * What can go wrong with a call, typed. WebHDFS answers most failures with 403 and a `RemoteException` that
 * names a Java class: that name, not the status, says what happened.
 */

/** Whether the cluster may have done what was asked. */
export type Outcome =
  /** The cluster answered, or was never asked: nothing was done. */
  | 'refused'
  /** The answer is missing: it may have been done, wholly or in part. */
  | 'unknown';

/** Exceptions of this client, beside those of Hadoop: no answer, or one that is not WebHDFS. */
export const TRANSPORT = {
  /** No connection: refused, no route, unknown host, TLS, or no answer to it within the deadline. */
  connect: 'ConnectFailure',
  /** The connection was lost before the answer was whole. */
  lost: 'ConnectionLost',
  /** A deadline passed; the text says which. */
  timeout: 'DeadlineExceeded',
  /** The caller's signal or `abort`. */
  aborted: 'Aborted',
  /** Something answered that is not WebHDFS, or not as it is described. */
  protocol: 'UnexpectedAnswer',
  /** RENAME answered `false` where no reason is given (HttpFS). */
  renameRefused: 'RenameRefused',
  /** Credentials could not be had: no ticket, no token, no module. */
  credentials: 'CredentialsFailure',
} as const;

export interface HdfsErrorDetail {
  /** Simple name of the Java exception, or one of `TRANSPORT`. */
  readonly exception: string;
  /** With its package; empty when the error is not the cluster's. */
  readonly javaClassName?: string;
  /** Of the HTTP answer; 0 without one. */
  readonly status?: number;
  /** `CREATE`, `GETFILESTATUS` … */
  readonly operation: string;
  readonly path: string;
  /** `HOST:PORT` that was asked last. */
  readonly host: string;
  readonly outcome: Outcome;
  /** Node's code of a network error, e.g. `ECONNREFUSED`. */
  readonly code?: string;
  /** Java's stack trace, which DataNodes send. */
  readonly trace?: string;
  readonly cause?: unknown;
}

export class HdfsError extends Error {
  override readonly name = 'HdfsError';
  readonly exception: string;
  readonly javaClassName: string;
  readonly status: number;
  readonly operation: string;
  readonly path: string;
  readonly host: string;
  readonly outcome: Outcome;
  readonly code: string | undefined;
  readonly trace: string | undefined;
  /** What the cluster or the network said, without the head that `message` adds. */
  readonly reason: string;

  constructor(reason: string, detail: HdfsErrorDetail) {
    const head = `${detail.operation} ${detail.path} at ${detail.host}`;
    super(
      `${head}: ${detail.exception}: ${reason}`,
      detail.cause === undefined ? undefined : { cause: detail.cause },
    );
    this.reason = reason;
    this.exception = detail.exception;
    this.javaClassName = detail.javaClassName ?? '';
    this.status = detail.status ?? 0;
    this.operation = detail.operation;
    this.path = detail.path;
    this.host = detail.host;
    this.outcome = detail.outcome;
    this.code = detail.code;
    this.trace = detail.trace;
  }

  /** This NameNode is not the active one. */
  get isStandby(): boolean {
    return this.exception === 'StandbyException';
  }

  /** The NameNode says that it will answer soon: it starts, or changes its state. */
  get isServerRetriable(): boolean {
    return this.exception === 'RetriableException';
  }

  get isSafeMode(): boolean {
    return this.exception === 'SafeModeException' || /\bSafeModeException\b/.test(this.reason);
  }

  /** No connection came about: nobody was asked. */
  get isConnectFailure(): boolean {
    return this.exception === TRANSPORT.connect;
  }

  /** The file is open elsewhere, or its last block is being recovered: it ends by itself or by its lease. */
  get isLeaseConflict(): boolean {
    return LEASE_CONFLICTS.has(this.exception) || (this.#isUnnamed && LEASE_TEXT.test(this.reason));
  }

  /** After a truncate or the death of a writer, for about a second. */
  get isRecovering(): boolean {
    if (this.exception === 'RecoveryInProgressException') return true;
    return this.#isUnnamed && /recovery is in progress/.test(this.reason);
  }

  /** HttpFS wraps what the NameNode said, and its class is lost: only the words are left. */
  get #isUnnamed(): boolean {
    return this.exception === 'RemoteException';
  }

  get isNotFound(): boolean {
    return this.exception === 'FileNotFoundException';
  }

  /** Something of that name is there, or a file stands where a directory must be. */
  get isExists(): boolean {
    return EXISTS.has(this.exception);
  }

  get isPermission(): boolean {
    return PERMISSIONS.has(this.exception);
  }

  /** Who we are was not accepted: no credentials, expired ones, a bad token. */
  get isAuthentication(): boolean {
    return this.status === 401 || AUTHENTICATION.has(this.exception);
  }

  get isQuota(): boolean {
    return QUOTAS.has(this.exception);
  }

  /** No DataNode can take or give the bytes now. */
  get isNoDataNode(): boolean {
    return NO_DATA_NODE.test(this.reason);
  }

  /** The server does not know the operation (an older one, or HttpFS). */
  get isUnsupported(): boolean {
    if (this.exception === 'UnsupportedOperationException') return true;
    return (
      this.status === 400 && /(webhdfs|http) parameter|No enum constant|Invalid value for/i.test(this.reason)
    );
  }

  /**
   * The same call may succeed later without anybody changing anything. `outcome` says whether it may
   * be repeated without a look at what has become of the first.
   */
  get isRetriable(): boolean {
    if (this.isStandby || this.isServerRetriable || this.isSafeMode || this.isLeaseConflict) return true;
    if (this.isNoDataNode) return true;
    if (this.javaClassName !== '') return false;
    return RETRIABLE_TRANSPORT.has(this.exception) || BUSY.has(this.status);
  }
}

/** A setting, a URI or a configuration file that cannot be used; nobody was asked. */
export class HdfsSettingsError extends Error {
  override readonly name = 'HdfsSettingsError';
}

const LEASE_CONFLICTS: ReadonlySet<string> = new Set([
  'AlreadyBeingCreatedException',
  'RecoveryInProgressException',
  'LeaseExpiredException',
]);
const LEASE_TEXT =
  /current lease holder|lease is currently owned|recovery is in progress|already being created/;
const EXISTS: ReadonlySet<string> = new Set([
  'FileAlreadyExistsException',
  'PathIsNotEmptyDirectoryException',
  'ParentNotDirectoryException',
]);
const PERMISSIONS: ReadonlySet<string> = new Set(['AccessControlException', 'AuthorizationException']);
const AUTHENTICATION: ReadonlySet<string> = new Set([
  'AuthenticationException',
  'InvalidToken',
  'InvalidEncryptionKeyException',
  'SecurityException',
  TRANSPORT.credentials,
]);
const QUOTAS: ReadonlySet<string> = new Set([
  'NSQuotaExceededException',
  'DSQuotaExceededException',
  'QuotaExceededException',
  'QuotaByStorageTypeExceededException',
]);
const NO_DATA_NODE = /Failed to find datanode|No active nodes contain|could only be (written|replicated) to/;
const RETRIABLE_TRANSPORT: ReadonlySet<string> = new Set([
  TRANSPORT.connect,
  TRANSPORT.lost,
  TRANSPORT.timeout,
]);
const BUSY: ReadonlySet<number> = new Set([429, 502, 503, 504]);

interface Where {
  readonly operation: string;
  readonly path: string;
  readonly host: string;
}

/** The error of an HTTP answer that is not a success. `body` is its text, maybe empty, HTML or cut short. */
export function answerError(status: number, body: string, where: Where, challenge = ''): HdfsError {
  const remote = remoteException(body);
  if (remote === null) {
    const text = body.startsWith('<') ? titleOf(body) : body.slice(0, 200);
    // A gateway in between may have lost the answer of the server behind it.
    const outcome = status === 502 || status === 504 ? 'unknown' : 'refused';
    const exception = status === 401 ? 'AuthenticationException' : TRANSPORT.protocol;
    const reason = status === 401 ? unauthorized(challenge) : `HTTP ${status} ${text}`.trimEnd();
    return new HdfsError(reason, { ...where, exception, status, outcome });
  }
  const [reason, trace] = splitTrace(remote.message);
  const named = innermost(remote.javaClassName, reason);
  const detail = {
    ...where,
    exception: named.slice(named.search(/\w+$/)),
    javaClassName: named,
    status,
  };
  return new HdfsError(reason, { ...detail, outcome: 'refused', ...(trace === '' ? {} : { trace }) });
}

interface RemoteException {
  readonly javaClassName: string;
  readonly message: string;
}

function remoteException(body: string): RemoteException | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return null;
  }
  const remote = (parsed as { RemoteException?: Record<string, unknown> } | null)?.RemoteException;
  if (remote === undefined || remote === null) return null;
  const { exception, javaClassName, message } = remote;
  return {
    javaClassName: String(javaClassName ?? exception ?? 'IOException'),
    message: String(message ?? ''),
  };
}

/** Wrappers, whose message names the exception that matters. */
const WRAPPERS =
  /\.(RemoteException|SecurityException|ServletException|HttpFSException|UndeclaredThrowableException)$/;
const NAMED = /\b((?:[a-z]\w*\.){2,}(?:[\w$]*Exception|[\w$]*InvalidToken))\b/;

function innermost(javaClassName: string, reason: string): string {
  if (!WRAPPERS.test(`.${javaClassName}`)) return javaClassName;
  const inner = NAMED.exec(reason)?.[1];
  return inner ?? javaClassName;
}

function splitTrace(message: string): [string, string] {
  const at = message.search(/\n\s*at /);
  return at < 0 ? [message.trim(), ''] : [message.slice(0, at).trim(), message.slice(at).trim()];
}

function titleOf(html: string): string {
  return (/<title>([^<]*)<\/title>/i.exec(html)?.[1] ?? 'an HTML page').trim();
}

function unauthorized(challenge: string): string {
  return /negotiate/i.test(challenge)
    ? 'the cluster asks for Kerberos (SPNEGO): give it a delegation token, a ticket command, or install the npm package `kerberos`'
    : 'the credentials were not accepted';
}
