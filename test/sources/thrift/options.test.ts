import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/sources/thrift/index.ts';
import { planText, runFlow } from '../../kit/flow.ts';
import { optionRules } from '../option-rules.ts';

optionRules({
  declaration,
  required: { bind: '127.0.0.1', port: '4353' },
  defaults: {
    bind: '127.0.0.1',
    port: 4353,
    threads: 0,
    protocol: 'compact',
    ssl: false,
    kerberos: false,
    'agent-principal': undefined,
    'agent-keytab': undefined,
    maxFrameBytes: 16_384_000,
    maxHeaders: 10_000,
    maxConnections: 10_000,
    frameTimeout: 60,
  },
  good: [
    ['port', '0', 'port', 0],
    ['threads', '20', 'threads', 20],
    ['protocol', 'BINARY', 'protocol', 'binary'],
    ['maxFrameBytes', '4MiB', 'maxFrameBytes', 4 * 1024 * 1024],
    ['frameTimeout', '500ms', 'frameTimeout', 0.5],
    ['maxConnections', '0', 'maxConnections', 0],
  ],
  bad: [
    ['port', 'thrift', 'a whole number from 0 to 65535', '4353'],
    ['protocol', 'json', 'one of compact, binary'],
    ['maxFrameBytes', '100', 'a number of bytes or a size such as 64MiB, at least 1024', '4MiB'],
    ['maxHeaders', '0', 'a whole number, at least 1'],
    ['frameTimeout', '-1', 'a number of seconds or a duration such as 10s, at least 0'],
  ],
  misspelt: [
    ['protocoll', 'protocol'],
    ['maxframebytes', 'maxFrameBytes'],
  ],
});

describe('options of thrift: kerberos', () => {
  const conf = `sources = r1
    channels = c1
    sources.r1.type = thrift
    sources.r1.bind = 127.0.0.1
    sources.r1.port = 0
    sources.r1.kerberos = true
    sources.r1.agent-principal = flume/_HOST@EXAMPLE.COM
    sources.r1.agent-keytab = /etc/flume/flume.keytab
    sources.r1.channels = c1
    channels.c1.type = memory`;

  test('it is refused with source, option and remedy, and not tried again', async (t) => {
    const { findings } = await planText(conf);
    assert.ok(findings.every(({ severity }) => severity !== 'error'));
    const flow = await runFlow(t, conf);
    const { text } = await flow.untilLogged(/kerberos/);
    assert.match(text, /source r1: kerberos = true is not available in this version/);
    assert.match(text, /use ssl, with client-auth = need/);
    assert.equal(flow.status('source', 'r1').state, 'failed');
  });
});
