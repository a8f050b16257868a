import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { IpFilter } from '../../../src/sources/avro/ip-filter.ts';

const LOCAL = '127.0.0.1';
const FAR = '203.0.113.9';

describe('avro: ipFilterRules', () => {
  const rows: readonly (readonly [rules: string, address: string, allowed: boolean])[] = [
    ['allow:name:localhost,deny:ip:*', LOCAL, true],
    ['allow:name:localhost,deny:ip:*', FAR, false],
    ['allow:name:LocalHost,deny:ip:*', '::1', true],
    ['allow:ip:127.0.0.1,deny:ip:*', LOCAL, true],
    ['allow:ip:127.0.0.1,deny:ip:*', '::ffff:127.0.0.1', true],
    ['allow:ip:127.0.0.1,deny:ip:*', '127.0.0.10', false],
    ['allow:ip:*', FAR, true],
    ['allow:ip:127*,deny:ip:*', LOCAL, true],
    ['allow:ip:127.0.0.?,deny:ip:*', LOCAL, true],
    ['allow:ip:127.0.0.?,deny:ip:*', '127.0.0.12', false],
    [' deny:ip:127.0.0.1 , allow:ip:* ', LOCAL, false],
    ['deny:ip:127.0.0.2,allow:ip:*,deny:ip:127.0.0.1', LOCAL, true],
    ['allow:ip:45.2.2.2', FAR, true],
    ['deny:ip:203.0.113.*', FAR, false],
    ['deny:ip:2030011309', FAR, true],
    ['deny:ip:fe80:*', 'fe80::1', false],
    [`deny:ip:${'*'.repeat(200)}x`, FAR.repeat(20), true],
  ];
  for (const [rules, address, allowed] of rows) {
    test(`${rules.slice(0, 60)}: ${address.slice(0, 30)} is ${allowed ? 'allowed' : 'denied'}`, () => {
      assert.equal(new IpFilter('source r1', rules).byAddress(address), allowed);
    });
  }

  test('a rule for names asks for the name only when it is that rule’s turn', async () => {
    const first = new IpFilter('source r1', 'allow:ip:127.*,deny:name:*');
    assert.equal(first.byAddress(LOCAL), true);
    assert.equal(first.byAddress(FAR), null);
    // Whatever the name is, or the address when there is none: * matches it.
    assert.equal(await first.byName(FAR), false);
    assert.equal(await new IpFilter('source r1', 'deny:ip:10.*,allow:name:*').byName('10.0.0.1'), false);
  });
});
