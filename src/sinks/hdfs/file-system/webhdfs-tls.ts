/**
 * Whom the sink trusts over TLS, as Hadoop's own client does: the stores of ssl-client.xml in the folder of
 * Hadoop's configuration; without it Flume's global ones (`javax.net.ssl.trustStore`,
 * FLUME_SSL_TRUSTSTORE_PATH); without these the well-known authorities and those of this host.
 *
 * Files that change are read again while connections are made; what cannot be used then leaves the earlier
 * ones in use. Passwords in credential providers of Hadoop are not read.
 */
import { MillraceError } from '../../../base/errors.ts';
import { TLS_LIMITS } from '../../../component/tls/limits.ts';
import { MaterialSource } from '../../../component/tls/material.ts';
import type { ClientTlsValues } from '../../../component/tls/options.ts';
import { clientSettings } from '../../../component/tls/settings.ts';
import { HadoopConfiguration } from '../../../wire/hdfs-webhdfs-client/cluster/hadoop-configuration.ts';
import type { TlsSettings } from '../../../wire/hdfs-webhdfs-client/index.ts';
import type { FileSystemSettings } from './door.ts';

const FILE = 'ssl-client.xml';
const STORE_TYPES = ['JKS', 'PKCS12', 'PEM'] as const;

type Settings = Pick<FileSystemSettings, 'component' | 'log' | 'hadoopConfDir'>;

/**
 * What the client is given: nothing is read before the first connection, and what fails then is tried again
 * with the next.
 */
export function tlsOf(settings: Settings, refreshMs = TLS_LIMITS.refreshMs): () => Promise<TlsSettings> {
  let loading: Promise<MaterialSource> | null = null;
  let lookedMs = 0;
  return async () => {
    if (loading === null) {
      loading = load(settings);
      loading.catch(() => {
        loading = null;
      });
      lookedMs = performance.now();
    }
    const source = await loading;
    if (performance.now() - lookedMs >= refreshMs) {
      lookedMs = performance.now();
      await source.refresh();
    }
    return { secureContext: source.current.context };
  };
}

async function load({ component, log, hadoopConfDir }: Settings): Promise<MaterialSource> {
  const folder = hadoopConfDir ?? process.env.HADOOP_CONF_DIR ?? '';
  const configuration = HadoopConfiguration.read(folder === '' ? [] : [folder], process.env, [FILE]);
  const trusted = storeOf(configuration, 'truststore', component);
  const own = storeOf(configuration, 'keystore', component);
  const values: ClientTlsValues = {
    ssl: true,
    'trust-all-certs': false,
    'verify-hostname': true,
    'include-protocols': [],
    'exclude-protocols': [],
    'include-cipher-suites': [],
    'exclude-cipher-suites': [],
    truststore: trusted.path,
    'truststore-type': trusted.type,
    'truststore-password': trusted.password,
    keystore: own.path,
    'keystore-type': own.type,
    'keystore-password': own.password,
    'key-password': configuration.get('ssl.client.keystore.keypassword') ?? undefined,
  };
  const source = new MaterialSource(clientSettings(component, values, log), log);
  await source.load();
  return source;
}

interface Store {
  readonly path: string | undefined;
  readonly type: (typeof STORE_TYPES)[number] | undefined;
  readonly password: string | undefined;
}

/** Without a location all are undefined: the global ones are meant. */
function storeOf(
  configuration: HadoopConfiguration,
  store: 'truststore' | 'keystore',
  component: string,
): Store {
  const property = (name: string) => configuration.get(`ssl.client.${store}.${name}`);
  const path = property('location');
  if (path === null) return { path: undefined, type: undefined, password: undefined };
  const named = property('type') ?? 'jks';
  const type = STORE_TYPES.find((one) => one === named.toUpperCase());
  if (type === undefined) {
    const option = `ssl.client.${store}.type`;
    const remedy = `write one of ${STORE_TYPES.join(', ')}; keytool -importkeystore converts stores`;
    const text = `${component}: ${option} = ${named} in ${configuration.files.join(', ')} is not known`;
    throw new MillraceError('CONF_OPTION_VALUE', text, { component, option, value: named, remedy });
  }
  return { path, type, password: property('password') ?? undefined };
}
