import type { SourceDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';
import { serverTlsOptions } from '../../component/tls/options.ts';

export const options = optionTable({
  port: {
    kind: 'int',
    required: true,
    min: 0,
    max: 65535,
    help: 'TCP port; 0 picks a free one.',
    example: '5140',
  },
  bind: { kind: 'string', default: '0.0.0.0', help: 'Host or address to listen on.' },
  handler: {
    kind: 'string',
    default: 'org.apache.flume.source.http.JSONHandler',
    builtIn: [
      'org.apache.flume.source.http.JSONHandler',
      'org.apache.flume.source.http.BLOBHandler',
      'org.apache.flume.sink.solr.morphline.BlobHandler',
      'json',
      'blob',
    ],
    help:
      'What makes events of a request: org.apache.flume.source.http.JSONHandler, …BLOBHandler, ' +
      'org.apache.flume.sink.solr.morphline.BlobHandler, or the file of a plug-in.',
  },
  'handler.*': { kind: 'map', help: 'Options of the handler.' },
  ...serverTlsOptions,
  ssl: { ...serverTlsOptions.ssl, aliases: ['enableSSL'], since: '1.9' },
  'keystore-password': { ...serverTlsOptions['keystore-password'], aliases: ['keystorePassword'] },
  'exclude-protocols': { ...serverTlsOptions['exclude-protocols'], aliases: ['excludeProtocols'] },
  maxRequestBytes: {
    kind: 'size',
    unit: 'bytes',
    default: 64 * 1024 * 1024,
    min: 1,
    since: 'millrace',
    help: 'Largest request body; a larger one is answered with 413.',
  },
  maxUnfinishedBytes: {
    kind: 'size',
    unit: 'bytes',
    default: 256 * 1024 * 1024,
    min: 1,
    since: 'millrace',
    help: 'Bytes of bodies that all requests together may hold; one that would exceed them is answered with 503.',
  },
  requestTimeout: {
    kind: 'duration',
    unit: 'ms',
    default: 60000,
    min: 1000,
    since: 'millrace',
    help: 'Time in which a request must have come whole.',
  },
  'HttpConfiguration.sendServerVersion': {
    kind: 'boolean',
    default: true,
    since: '1.9',
    help: 'Sends the header Server.',
  },
  'HttpConfiguration.sendXPoweredBy': {
    kind: 'boolean',
    default: false,
    since: '1.9',
    help: 'Sends the header X-Powered-By.',
  },
  'HttpConfiguration.requestHeaderSize': {
    kind: 'int',
    unit: 'bytes',
    default: 8192,
    min: 1024,
    since: '1.9',
    help: 'Most bytes of request headers.',
  },
  'HttpConfiguration.*': { kind: 'map', help: 'Other settings of Flume’s web server; they have no effect.' },
  'QueuedThreadPool.*': { kind: 'map', help: 'Threads of Flume’s web server; they have no effect.' },
  'SslContextFactory.*': {
    kind: 'map',
    help:
      'TLS settings of Flume’s web server: includeProtocols, excludeProtocols, includeCipherSuites, ' +
      'excludeCipherSuites, needClientAuth and wantClientAuth stand above the options of their kind.',
  },
  'ServerConnector.*': {
    kind: 'map',
    help: 'Settings of Flume’s web server; idleTimeout (ms) has its effect.',
  },
});

export default {
  kind: 'source',
  aliases: ['http'],
  classes: ['org.apache.flume.source.http.HTTPSource'],
  title: 'JSON or whole bodies over HTTP',
  stability: 'stable',
  options,
  registersCounters: true,
  example: 'a1.sources.r1.type = http\na1.sources.r1.port = 5140',
  load: () => import('./source.ts'),
} satisfies SourceDeclaration;
