import assert from 'node:assert/strict';
import dns from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import declaration from '../../../src/interceptors/host/index.ts';
import { type EventOf, intercept } from '../../kit/editor.ts';
import type { Properties } from '../../kit/part.ts';

const unknown = () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));

/** The machine that the interceptor runs on: its name, what a resolver knows of it, its interfaces. */
function machine(
  t: TestContext,
  known: { address?: string; name?: string; interfaces?: readonly (readonly [string, boolean])[] },
): void {
  const { address, name, interfaces = [] } = known;
  t.mock.method(os, 'hostname', () => 'box');
  t.mock.method(os, 'networkInterfaces', () => ({
    some: interfaces.map(([one, internal]) => ({
      address: one,
      family: one.includes(':') ? 'IPv6' : 'IPv4',
      internal,
    })),
  }));
  t.mock.method(dns, 'lookup', (asked: string) => {
    assert.equal(asked, 'box');
    return address === undefined ? unknown() : Promise.resolve({ address, family: 4 });
  });
  t.mock.method(dns, 'lookupService', (asked: string) => {
    assert.ok(asked === address || interfaces.some(([one]) => one === asked));
    return name === undefined ? unknown() : Promise.resolve({ hostname: name, service: '0' });
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
}

const here = { address: '10.1.2.3', name: 'box.example.com' };
const original = { host: 'originalhost' };

describe('interceptor host', () => {
  for (const [what, properties, headers, wanted] of [
    ['sets the address', {}, {}, { host: '10.1.2.3' }],
    ['sets another header', { hostHeader: 'hostname' }, {}, { hostname: '10.1.2.3' }],
    ['keeps a value when it is told to', { preserveExisting: 'true' }, original, original],
    ['replaces a value by default', {}, original, { host: '10.1.2.3' }],
    ['sets the canonical name with useIP = false', { useIP: 'false' }, original, { host: 'box.example.com' }],
  ] as const satisfies readonly (readonly [string, Properties, EventOf[0], EventOf[0]])[]) {
    test(what, async (t) => {
      machine(t, here);
      const read = await intercept(declaration, properties, [[headers, 'test event']]);
      assert.deepEqual(read, [{ headers: wanted, body: 'test event' }]);
    });
  }

  for (const [what, properties, known, wanted] of [
    [
      'a machine whose name no resolver knows has the address of its first outer IPv4 interface',
      {},
      {
        interfaces: [
          ['127.0.0.1', true],
          ['fe80::1', false],
          ['192.168.7.9', false],
        ],
      },
      '192.168.7.9',
    ],
    ['a machine without one has the loopback address', {}, {}, '127.0.0.1'],
    ['without a canonical name it is the plain one', { useIP: 'false' }, { address: '10.1.2.3' }, 'box'],
  ] as const satisfies readonly (readonly [string, Properties, Parameters<typeof machine>[1], string])[]) {
    test(what, async (t) => {
      machine(t, known);
      const [read] = await intercept(declaration, properties, [[{}, 'test event']]);
      assert.deepEqual(read?.headers, { host: wanted });
    });
  }

  test('on this machine it sets an address and a name', async () => {
    const [address] = await intercept(declaration, {}, [[{}, 'x']]);
    assert.match(address!.headers.host!, /^\d+\.\d+\.\d+\.\d+$/);
    const [name] = await intercept(declaration, { useIP: 'false' }, [[{}, 'x']]);
    assert.match(name!.headers.host!, /\S/);
  });
});
