/** The settings of the WebHDFS client from those of the sink. */
import type { ClientSettings, Credentials } from '../../../wire/hdfs-webhdfs-client/index.ts';
import type { FileSystemSettings } from './door.ts';
import { tlsOf } from './webhdfs-tls.ts';

export function clientSettingsOf(settings: FileSystemSettings): ClientSettings {
  const { root, callTimeoutMs, concurrency, proxyUser, nameNodes, hadoopConfDir } = settings;
  const credentials = credentialsOf(settings);
  return {
    uri: root === '' ? '/' : root,
    connections: Math.max(concurrency, 1),
    tls: tlsOf(settings),
    deadlines: { answerMs: callTimeoutMs, idleMs: callTimeoutMs, closeMs: callTimeoutMs },
    ...(nameNodes.length === 0 ? {} : { nameNodes }),
    ...(hadoopConfDir === undefined ? {} : { configuration: [hadoopConfDir] }),
    ...(proxyUser === undefined ? {} : { proxyUser }),
    ...(credentials === null ? {} : { credentials }),
  };
}

/** Null: those of the environment. */
function credentialsOf({ kerberos, tokenFile, ticketCommand, user }: FileSystemSettings): Credentials | null {
  const hasCommand = ticketCommand.length > 0;
  if (tokenFile !== undefined) return { kind: 'token-file', file: tokenFile };
  if (kerberos !== undefined) {
    return { kind: 'keytab', ...kerberos, ...(hasCommand ? { command: ticketCommand } : {}) };
  }
  if (hasCommand) return { kind: 'command', command: ticketCommand };
  return user === undefined ? null : { kind: 'simple', user };
}
