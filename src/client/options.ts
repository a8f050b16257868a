/** Properties of Flume's RpcClientFactory, as options. */
import { MillraceError } from '../base/errors.ts';
import type { Finding } from '../base/finding.ts';
import { withoutKerberos } from '../component/hop/kerberos.ts';
import { callOptions, compressionOptions } from '../component/hop/options.ts';
import { parseOptions } from '../component/options/parse.ts';
import { type OptionsOf, optionTable } from '../component/options/table.ts';
import { clientTlsOptions } from '../component/tls/options.ts';
import type { HostAddress } from './host.ts';

export type RpcProperties = Readonly<Record<string, string | number | boolean>>;

export const rpcOptions = optionTable({
  'client.type': {
    kind: 'string',
    default: 'default',
    help: 'default (Avro, one host), default_failover, default_loadbalance or thrift.',
  },
  hosts: { kind: 'list', required: true, help: 'Names of the hosts, separated by blanks.', example: 'h1 h2' },
  'hosts.*': { kind: 'map', help: 'host:port of each name.', example: 'collector.example.org:4141' },
  ...callOptions,
  ...compressionOptions,
  protocol: {
    kind: 'enum',
    values: ['compact', 'binary'],
    default: 'compact',
    help: 'As the source has it. Thrift only.',
  },
  'max-attempts': {
    kind: 'int',
    min: 1,
    onBad: 'default',
    help: 'Hosts that a failover client tries for a call; their number unless given.',
  },
  'host-selector': {
    kind: 'string',
    default: 'ROUND_ROBIN',
    help: 'ROUND_ROBIN or RANDOM: which host a load-balancing client takes next.',
  },
  backoff: { kind: 'boolean', default: false, help: 'Leaves hosts that failed alone for a while.' },
  maxBackoff: {
    kind: 'duration',
    unit: 'ms',
    default: 0,
    min: 0,
    help: 'Longest time that a failed host is left alone; 0: 30 s.',
  },
  maxConnections: { kind: 'int', default: 5, help: 'It has no effect: calls share one connection.' },
  maxIoWorkers: { kind: 'int', default: 0, help: 'It has no effect.' },
  kerberos: { kind: 'boolean', default: false, help: 'Not available.' },
  'client-principal': { kind: 'string', help: 'For kerberos.' },
  'client-keytab': { kind: 'string', help: 'For kerberos.' },
  'server-principal': { kind: 'string', help: 'For kerberos.' },
  ...clientTlsOptions,
});

export type RpcOptions = OptionsOf<typeof rpcOptions>;

export type ClientType = 'default' | 'default_failover' | 'default_loadbalance' | 'thrift';

/** Flume's names and classes, in lower case. */
const TYPES: Readonly<Record<string, ClientType>> = {
  default: 'default',
  'org.apache.flume.api.nettyavrorpcclient': 'default',
  default_failover: 'default_failover',
  'org.apache.flume.api.failoverrpcclient': 'default_failover',
  default_loadbalance: 'default_loadbalance',
  'org.apache.flume.api.loadbalancingrpcclient': 'default_loadbalance',
  thrift: 'thrift',
  'org.apache.flume.api.thriftrpcclient': 'thrift',
};

export interface RpcSettings {
  readonly type: ClientType;
  readonly hosts: readonly HostAddress[];
  readonly options: RpcOptions;
  /** What was found odd and does not keep the client from working. */
  readonly warnings: readonly Finding[];
}

const COMPONENT = 'RPC client';

function bad(option: string, value: string, text: string, remedy: string): MillraceError {
  return new MillraceError('CONF_OPTION_VALUE', `${COMPONENT}: ${text}`, { option, value, remedy });
}

/** @throws MillraceError that names the property, its value and a remedy. */
export function settingsOf(properties: RpcProperties): RpcSettings {
  const texts = Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [key, `${value}`.trim()]),
  );
  const { values, findings } = parseOptions(rpcOptions, texts, { component: COMPONENT });
  const wrong = findings.find((finding) => finding.severity === 'error');
  if (wrong !== undefined) throw new MillraceError(wrong.code, wrong.text, wrong);
  const type = TYPES[values['client.type'].toLowerCase()];
  if (type === undefined) {
    const remedy = 'use default, default_failover, default_loadbalance or thrift';
    const text = `client.type = ${values['client.type']} is unknown`;
    throw bad('client.type', values['client.type'], text, remedy);
  }
  if (values.kerberos) {
    throw withoutKerberos(COMPONENT, 'leave kerberos out, or send by TLS with a client certificate');
  }
  const hosts = values.hosts.map((name) => addressOf(name, values['hosts.*'][name]));
  return { type, hosts: hostsFor(type, hosts, values), options: values, warnings: findings };
}

function addressOf(name: string, text: string | undefined): HostAddress {
  const option = `hosts.${name}`;
  const remedy = `set ${option} = HOST:PORT`;
  if (text === undefined) throw bad(option, '', `host ${name} has no address`, remedy);
  // The port stands behind the last colon: an IPv6 address has more.
  const at = text.lastIndexOf(':');
  const port = Number(text.slice(at + 1));
  const host = text.slice(0, Math.max(0, at)).replace(/^\[(.*)\]$/, '$1');
  if (host === '' || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw bad(option, text, `${option} = ${text} is not HOST:PORT`, remedy);
  }
  return { host, port };
}

function hostsFor(type: ClientType, hosts: readonly HostAddress[], o: RpcOptions): readonly HostAddress[] {
  if (hosts.length === 0) throw bad('hosts', '', 'hosts is empty', 'set hosts = h1 and hosts.h1 = HOST:PORT');
  if (type === 'default_loadbalance' && hosts.length < 2) {
    const text = 'at least two hosts are required to use the load balancing RPC client';
    throw bad('hosts', o.hosts.join(' '), text, 'name another host, or use client.type = default');
  }
  return type === 'default' || type === 'thrift' ? hosts.slice(0, 1) : hosts;
}
