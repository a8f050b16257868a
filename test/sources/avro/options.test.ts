import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/sources/avro/index.ts';
import { planText, runFlow } from '../../kit/flow.ts';
import { optionRules } from '../option-rules.ts';

const MIB = 1024 * 1024;

optionRules({
  declaration,
  required: { bind: '127.0.0.1', port: '4141' },
  defaults: {
    bind: '127.0.0.1',
    port: 4141,
    threads: 0,
    'compression-type': 'none',
    ssl: false,
    ipFilter: false,
    ipFilterRules: undefined,
    maxRequestBytes: 64 * MIB,
    maxUnfinishedBytes: 256 * MIB,
    maxConnections: 0,
    requestTimeout: 60_000,
    idleTimeout: 0,
  },
  good: [
    ['port', '0', 'port', 0],
    ['threads', '5', 'threads', 5],
    ['compression-type', 'DEFLATE', 'compression-type', 'deflate'],
    ['maxRequestBytes', '16MiB', 'maxRequestBytes', 16 * MIB],
    ['requestTimeout', '2s', 'requestTimeout', 2000],
    ['idleTimeout', '2m', 'idleTimeout', 120],
  ],
  bad: [
    ['port', 'avro', 'a whole number from 0 to 65535', '4141'],
    ['compression-type', 'gzip', 'one of none, deflate'],
    ['maxRequestBytes', '1', 'a number of bytes or a size such as 64MiB from 1024 to 1073741824'],
    ['maxConnections', '-1', 'a whole number, at least 0'],
  ],
  misspelt: [
    ['compresion-type', 'compression-type'],
    ['ipfilter', 'ipFilter'],
  ],
});

describe('options of avro: rules that are none remove the source', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['', /ipFilter is configured with true but ipFilterRules is not defined/],
    ['homer:ip:45.4.23.1', /the rule homer:ip:45\.4\.23\.1 should look like <'allow' or 'deny'>/],
    ['allow:sleeps:45.4.23.1', /the rule allow:sleeps:45\.4\.23\.1 should look like/],
    ['allow:ip:1.2.3.4,,deny:ip:*', /an empty rule should look like/],
  ];
  for (const [rules, text] of rows) {
    test(`ipFilterRules = ${rules}`, async (t) => {
      const line = rules === '' ? '' : `sources.r1.ipFilterRules = ${rules}`;
      const conf = `sources = r1
        channels = c1
        sources.r1.type = avro
        sources.r1.bind = 127.0.0.1
        sources.r1.port = 0
        sources.r1.ipFilter = true
        ${line}
        sources.r1.channels = c1
        channels.c1.type = memory`;
      assert.equal((await planText(conf)).fatal, null);
      const flow = await runFlow(t, conf);
      const record = await flow.untilLogged(text);
      assert.match(`${record.text} ${record.error ?? ''}`, /source r1/);
    });
  }
});
