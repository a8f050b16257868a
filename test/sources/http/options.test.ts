import declaration from '../../../src/sources/http/index.ts';
import { optionRules } from '../option-rules.ts';

optionRules({
  declaration,
  required: { port: '5140' },
  defaults: {
    port: 5140,
    bind: '0.0.0.0',
    handler: 'org.apache.flume.source.http.JSONHandler',
    'handler.*': {},
    ssl: false,
    keystore: undefined,
    'exclude-protocols': [],
    maxRequestBytes: 64 * 1024 * 1024,
    requestTimeout: 60_000,
    'HttpConfiguration.sendServerVersion': true,
    'HttpConfiguration.sendXPoweredBy': false,
    'HttpConfiguration.requestHeaderSize': 8192,
  },
  good: [
    ['port', '0', 'port', 0],
    ['handler.mandatoryParameters', 'a,b', 'handler.*', { mandatoryParameters: 'a,b' }],
    // Spellings before 1.9.
    ['enableSSL', 'true', 'ssl', true],
    ['excludeProtocols', 'SSLv3 TLSv1', 'exclude-protocols', ['SSLv3', 'TLSv1']],
    ['keystorePassword', 'secret', 'keystore-password', 'secret'],
    ['maxRequestBytes', '1000', 'maxRequestBytes', 1000],
    ['maxRequestBytes', '2MiB', 'maxRequestBytes', 2 * 1024 * 1024],
    ['requestTimeout', '90s', 'requestTimeout', 90_000],
    ['QueuedThreadPool.maxThreads', '50', 'QueuedThreadPool.*', { maxThreads: '50' }],
    ['ServerConnector.idleTimeout', '300', 'ServerConnector.*', { idleTimeout: '300' }],
    ['HttpConfiguration.sendServerVersion', 'false', 'HttpConfiguration.sendServerVersion', false],
  ],
  bad: [
    ['port', 'http', 'a whole number from 0 to 65535', '5140'],
    ['port', '70000', 'a whole number from 0 to 65535', '5140'],
    ['maxRequestBytes', 'huge', 'a number of bytes or a size such as 64MiB, at least 1'],
    ['maxRequestBytes', '0', 'a number of bytes or a size such as 64MiB, at least 1'],
    ['requestTimeout', '999', 'a number of milliseconds or a duration such as 10s, at least 1000'],
    ['requestTimeout', 'long', 'a number of milliseconds or a duration such as 10s, at least 1000'],
    ['HttpConfiguration.requestHeaderSize', '1023', 'a whole number of bytes, at least 1024'],
  ],
  misspelt: [
    ['prot', 'port'],
    ['hanlder', 'handler'],
    ['maxRequestByte', 'maxRequestBytes'],
  ],
});
