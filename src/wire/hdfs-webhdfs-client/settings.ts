/** What a client is told, with the defaults of what it is not. */
import type { SecureContext } from 'node:tls';
import { HdfsSettingsError } from './errors.ts';

/** How the client says who it is. */
export type Credentials =
  /** `user.name`, which clusters without security trust. */
  | { readonly kind: 'simple'; readonly user: string }
  /** A delegation token as GETDELEGATIONTOKEN gives it. */
  | { readonly kind: 'token'; readonly token: string }
  /** A file with such a token, or of `hdfs fetchdt`; read again when it changes. */
  | { readonly kind: 'token-file'; readonly file: string }
  /** Kerberos by the npm package `kerberos`, over the tickets or key tab of the process's environment. */
  | { readonly kind: 'kerberos'; readonly principal?: string; readonly service?: string }
  /**
   * Kerberos by the programs `kinit`, with a key tab, and `command` as below (curl unless given): no native
   * module is needed. `_HOST` in the principal stands for this host.
   */
  | {
      readonly kind: 'keytab';
      readonly principal: string;
      readonly keytab: string;
      readonly command?: readonly string[];
    }
  /**
   * A program that prints a SPNEGO token in base64, or HTTP headers with the cookie `hadoop.auth` (as
   * `curl --negotiate` does). `{host}`, `{port}` and `{url}` in its arguments name the server.
   */
  | {
      readonly kind: 'command';
      readonly command: readonly string[];
      /** Added to the environment of the process, e.g. `KRB5CCNAME`. */
      readonly environment?: Readonly<Record<string, string>>;
    };

/** Deadlines in milliseconds; 0 means none. */
export interface Deadlines {
  /** Until a connection, with its TLS handshake, is there. */
  readonly connectMs: number;
  /** From a request until the head of its answer. */
  readonly answerMs: number;
  /** While bytes are moved: the longest time in which none does. */
  readonly idleMs: number;
  /** From the last byte of a file until the DataNode has answered: the last block is replicated meanwhile. */
  readonly closeMs: number;
}

/** Of what is safe to repeat. The pause doubles from `firstMs` to `maxMs`, and is a random part of that. */
export interface Retries {
  /** Attempts beyond the first one. 0: none. */
  readonly attempts: number;
  readonly firstMs: number;
  readonly maxMs: number;
}

/** As in `tls.connect`, for https and swebhdfs. */
export interface TlsSettings {
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly pfx?: string | Buffer;
  readonly passphrase?: string;
  /** Keys and certificates that were read before, instead of the ones above. */
  readonly secureContext?: SecureContext;
  readonly rejectUnauthorized?: boolean;
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

/** A function is asked for each connection, so that certificates may change while the client lives. */
export type TlsSource = TlsSettings | (() => Promise<TlsSettings>);

export interface ClientSettings {
  /** hdfs://, webhdfs://, swebhdfs://, http(s)://, or a path of `fs.defaultFS`. */
  readonly uri: string;
  /**
   * HTTP addresses of the NameNodes or of HttpFS, whatever `uri` says: `HOST:PORT` or `https://HOST:PORT`.
   */
  readonly nameNodes?: readonly string[];
  /** Folders of core-site.xml and hdfs-site.xml; without it `HADOOP_CONF_DIR`. */
  readonly configuration?: readonly string[];
  /** Without it: the account of the process, or HADOOP_USER_NAME. */
  readonly credentials?: Credentials;
  /** `doas`: whom the credentials act for. */
  readonly proxyUser?: string;
  readonly tls?: TlsSource;
  readonly deadlines?: Partial<Deadlines>;
  readonly retries?: Partial<Retries>;
  /** Connections to one NameNode at a time, for calls; files have their own. */
  readonly connections?: number;
  /** Largest answer of a call; a listing in batches stays far below. */
  readonly answerBytesMax?: number;
  /** Of the process unless given: HADOOP_CONF_DIR, HADOOP_USER_NAME, `${env.…}` in the configuration. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export const DEADLINES: Deadlines = { connectMs: 10_000, answerMs: 30_000, idleMs: 60_000, closeMs: 60_000 };
export const RETRIES: Retries = { attempts: 5, firstMs: 100, maxMs: 5000 };
export const CONNECTIONS = 16;
export const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/**
 * A connection that rests longer is closed by us, before the server (10 s to 60 s) may close it under a
 * request.
 */
export const RESTING_MS = 4000;
/** A server that ignores `Expect: 100-continue` gets the bytes after that time. */
export const CONTINUE_MS = 1000;
/** Times that a NameNode is asked for another DataNode when the one it named is not there. */
export const DATA_NODES_MAX = 4;

/** One call's own limits. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** For the whole call with its retries, in milliseconds; none by default. */
  readonly deadlineMs?: number;
}

/** @throws HdfsSettingsError when a number is no count of milliseconds or attempts. */
export function withDefaults<T extends object>(defaults: T, given: Partial<T> | undefined): T {
  for (const [name, value] of Object.entries(given ?? {})) {
    if (value !== undefined && !(Number.isInteger(value) && (value as number) >= 0)) {
      throw new HdfsSettingsError(`${name} is ${value}: a whole number from 0 is wanted`);
    }
  }
  return { ...defaults, ...given };
}

export async function tlsFor(server: { readonly secure: boolean }, tls: TlsSource): Promise<TlsSettings> {
  return server.secure && typeof tls === 'function' ? tls() : (tls as TlsSettings);
}
