/** RpcClientFactory's properties. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MillraceError } from '../../src/base/errors.ts';
import { type RpcProperties, settingsOf } from '../../src/client/options.ts';

const TWO = { hosts: 'h1 h2', 'hosts.h1': 'one:4141', 'hosts.h2': '[::1]:4142' };

describe('properties of a client', () => {
  test('defaults are Flume’s', () => {
    const { type, hosts, options } = settingsOf({ hosts: 'h1', 'hosts.h1': 'collector:4141' });
    assert.equal(type, 'default');
    assert.deepEqual(hosts, [{ host: 'collector', port: 4141 }]);
    assert.equal(options['batch-size'], 100);
    assert.equal(options['connect-timeout'], 20_000);
    assert.equal(options['request-timeout'], 20_000);
    assert.equal(options['compression-type'], 'none');
    assert.equal(options.protocol, 'compact');
  });

  for (const [given, type] of [
    ['DEFAULT_FAILOVER', 'default_failover'],
    ['default_loadbalance', 'default_loadbalance'],
    ['org.apache.flume.api.LoadBalancingRpcClient', 'default_loadbalance'],
    ['Thrift', 'thrift'],
    ['org.apache.flume.api.NettyAvroRpcClient', 'default'],
  ] as const) {
    test(`client.type = ${given}`, () => {
      assert.equal(settingsOf({ ...TWO, 'client.type': given }).type, type);
    });
  }

  test('a client of several hosts has all of them, one of one host the first', () => {
    const all = [
      { host: 'one', port: 4141 },
      { host: '::1', port: 4142 },
    ];
    assert.deepEqual(settingsOf({ ...TWO, 'client.type': 'default_failover' }).hosts, all);
    assert.deepEqual(settingsOf(TWO).hosts, all.slice(0, 1));
  });

  for (const [option, value, used] of [
    ['batch-size', '0', 100],
    ['batch-size', 'many', 100],
    ['connect-timeout', '999', 20_000],
    ['request-timeout', '-1', 20_000],
  ] as const) {
    test(`${option} = ${value}: the default is used, with a warning`, () => {
      const { options, warnings } = settingsOf({ ...TWO, [option]: value });
      assert.equal(options[option], used);
      assert.match(warnings.map(({ text }) => text).join(), new RegExp(`${option} = ${value}`));
    });
  }

  const refused: readonly (readonly [string, RpcProperties, RegExp])[] = [
    ['no hosts', {}, /required option hosts is missing/],
    ['empty hosts', { hosts: ' ' }, /hosts is empty/],
    ['a host without an address', { hosts: 'h1' }, /host h1 has no address/],
    ['an address without a port', { hosts: 'h1', 'hosts.h1': 'one' }, /hosts.h1 = one is not HOST:PORT/],
    ['a port that is none', { hosts: 'h1', 'hosts.h1': 'one:99999' }, /is not HOST:PORT/],
    ['an unknown type', { ...TWO, 'client.type': 'x.Y' }, /client.type = x.Y is unknown/],
    [
      'load balancing over one host',
      { hosts: 'h1', 'hosts.h1': 'one:1', 'client.type': 'default_loadbalance' },
      /at least two hosts/,
    ],
    ['kerberos', { ...TWO, 'client.type': 'thrift', kerberos: true }, /kerberos = true is not available/],
  ];
  for (const [what, properties, text] of refused) {
    test(`${what}: an error that says so, with a remedy`, () => {
      assert.throws(
        () => settingsOf(properties),
        (error: unknown) =>
          error instanceof MillraceError && text.test(error.message) && (error.detail.remedy ?? '') !== '',
      );
    });
  }
});
