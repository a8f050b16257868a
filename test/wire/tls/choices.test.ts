/** Versions and cipher suites by Java's names. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createSecureContext, getCiphers } from 'node:tls';
import { chooseCiphers } from '../../../src/wire/tls/ciphers.ts';
import { chooseVersions, versionLimits, withoutGap } from '../../../src/wire/tls/protocols.ts';

describe('versions of TLS', () => {
  const rows: readonly (readonly [string, string, readonly string[], RegExp | null])[] = [
    ['', '', ['TLSv1.2', 'TLSv1.3'], null],
    ['', 'SSLv3', ['TLSv1.2', 'TLSv1.3'], null],
    ['', 'SSLv3 SSLv2Hello TLSv1 TLSv1.1', ['TLSv1.2', 'TLSv1.3'], null],
    ['', 'TLSv1.2', ['TLSv1.3'], null],
    ['TLSv1.2', '', ['TLSv1.2'], null],
    ['tlsv1.3 TLSV1.2', '', ['TLSv1.2', 'TLSv1.3'], null],
    ['TLSv1.2 TLSv1.3', 'TLSv1.2', ['TLSv1.3'], null],
    ['TLSv1 TLSv1.2', '', ['TLSv1', 'TLSv1.2'], /TLSv1 can be broken/],
    ['TLSv1.2', 'TLSv1.2', [], null],
    ['SSLv3', '', [], /SSLv3 is never used/],
    ['TLS1.2 TLSv1.3', '', ['TLSv1.3'], /include-protocols: TLS1\.2 is no version of TLS/],
    ['', 'TLS1.3', ['TLSv1.2', 'TLSv1.3'], /exclude-protocols: TLS1\.3 is no version of TLS/],
  ];
  const words = (text: string) => text.split(' ').filter((word) => word !== '');
  for (const [include, exclude, wanted, warning] of rows) {
    test(`include "${include}", exclude "${exclude}"`, () => {
      const { versions, warnings } = chooseVersions(words(include), words(exclude));
      assert.deepEqual(versions, wanted);
      if (warning === null) assert.deepEqual(warnings, []);
      else assert.match(warnings.join(), warning);
    });
  }

  test('a client keeps the newest versions that stand together', () => {
    assert.deepEqual(withoutGap(['TLSv1.1', 'TLSv1.3']).versions, ['TLSv1.3']);
    assert.deepEqual(withoutGap(['TLSv1', 'TLSv1.2', 'TLSv1.3']).versions, ['TLSv1.2', 'TLSv1.3']);
    assert.equal(withoutGap(['TLSv1', 'TLSv1.2']).warnings.length, 1);
    for (const whole of [
      ['TLSv1.2'],
      ['TLSv1.2', 'TLSv1.3'],
      ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'],
    ] as const) {
      assert.deepEqual(withoutGap(whole), { versions: whole, warnings: [] });
    }
  });

  test('limits are what Node takes', () => {
    const limits = versionLimits(['TLSv1.1', 'TLSv1.3']);
    assert.deepEqual([limits.minVersion, limits.maxVersion], ['TLSv1.1', 'TLSv1.3']);
    createSecureContext(limits);
  });
});

describe('cipher suites', () => {
  const ciphersOf = (include: readonly string[], exclude: readonly string[] = []) =>
    chooseCiphers(include, exclude).ciphers;

  test('names of Java and IANA become OpenSSL’s', () => {
    const rows: readonly (readonly [string, string])[] = [
      ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
      ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384', 'ECDHE-ECDSA-AES256-SHA384'],
      ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
      ['TLS_DHE_RSA_WITH_AES_256_CBC_SHA256', 'DHE-RSA-AES256-SHA256'],
      ['TLS_DHE_RSA_WITH_AES_128_CBC_SHA', 'DHE-RSA-AES128-SHA'],
      ['TLS_RSA_WITH_AES_128_CBC_SHA', 'AES128-SHA'],
      ['SSL_RSA_WITH_AES_128_CBC_SHA', 'AES128-SHA'],
      ['TLS_RSA_WITH_AES_256_GCM_SHA384', 'AES256-GCM-SHA384'],
      ['TLS_AES_128_GCM_SHA256', 'TLS_AES_128_GCM_SHA256'],
      ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
      ['tls_rsa_with_aes_128_cbc_sha', 'AES128-SHA'],
    ];
    for (const [java, openssl] of rows) {
      assert.equal(ciphersOf([java]), openssl);
      createSecureContext({ ciphers: openssl });
    }
  });

  test('every suite of OpenSSL that Java has, too, has a name of the form of IANA', () => {
    const all = chooseCiphers(['.*'], []).ciphers!.split(':');
    const shared = /(^|-)(psk|srp)(-|$)/;
    assert.deepEqual(
      all.map((name) => name.toLowerCase()).sort(),
      getCiphers()
        .filter((name) => !shared.test(name))
        .sort(),
    );
  });

  test('nothing given is Node’s default; exclusion takes away from it', () => {
    assert.equal(ciphersOf([]), null);
    const without = ciphersOf([], ['TLS_AES_256_GCM_SHA384', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'])!;
    const items = without.split(':');
    assert.ok(!items.includes('TLS_AES_256_GCM_SHA384') && items.includes('TLS_AES_128_GCM_SHA256'));
    assert.ok(
      !items.includes('ECDHE-RSA-AES128-GCM-SHA256') && items.includes('!ECDHE-RSA-AES128-GCM-SHA256'),
    );
    createSecureContext({ ciphers: without });
  });

  test('patterns, as Jetty takes them', () => {
    const { ciphers, warnings } = chooseCiphers(['TLS_ECDHE_ECDSA_.*'], ['.*_(SHA|SHA256)', 'TLS_[']);
    assert.equal(ciphers, 'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-SHA384');
    assert.deepEqual(warnings, ['exclude-cipher-suites: TLS_[ names no cipher suite that there is']);
  });

  test('which versions have suites left', () => {
    const left = (include: string[], exclude: string[] = []) => {
      const { forTls13, forOlder } = chooseCiphers(include, exclude);
      return [forTls13, forOlder];
    };
    assert.deepEqual(left([]), [true, true]);
    assert.deepEqual(left(['TLS_AES_128_GCM_SHA256']), [true, false]);
    assert.deepEqual(left(['TLS_RSA_WITH_AES_128_CBC_SHA']), [false, true]);
    assert.deepEqual(left([], ['TLS_AES_.*', 'TLS_CHACHA20_.*']), [false, true]);
    assert.deepEqual(left([], ['.*']), [false, false]);
    assert.deepEqual(left(['TLS_NO_SUCH_SUITE']), [false, false]);
  });

  test('unknown names are told, but not those of old suites that are excluded anyway', () => {
    assert.match(
      chooseCiphers(['TLS_NO_SUCH_SUITE'], []).warnings.join(),
      /include-cipher-suites: TLS_NO_SUCH_SUITE/,
    );
    assert.deepEqual(chooseCiphers([], ['SSL_RSA_WITH_RC4_128_MD5']).warnings, []);
    assert.equal(chooseCiphers(['SSL_RSA_WITH_RC4_128_MD5'], []).warnings.length, 1);
    assert.equal(chooseCiphers([], ['TLS_RSA_WITH_AES_128_CBC_SHAA']).warnings.length, 1);
  });
});
