/** DER and the parts of BER that key stores are written in. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { contentAs, DER, DerError, derValues, inside, intOf } from '../../../src/wire/pkcs12/der.ts';

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('DER', () => {
  test('values one after another, and inside each other', () => {
    const values = derValues(bytes('30 06 020105 020107 0401aa'));
    assert.deepEqual(inside(values[0], DER.sequence).map(intOf), [5, 7]);
    assert.equal(contentAs(values[1], DER.octets).toString('hex'), 'aa');
  });

  test('open lengths end with two zero bytes, also inside each other', () => {
    const values = derValues(bytes('30 80 30 80 020105 0000 0401aa 0000 020107'));
    assert.equal(values.length, 2);
    const [first, second] = inside(values[0], DER.sequence);
    assert.equal(intOf(inside(first, DER.sequence)[0]), 5);
    assert.equal(contentAs(second, DER.octets).toString('hex'), 'aa');
    assert.equal(intOf(values[1]), 7);
  });

  test('strings in pieces are put together', () => {
    const [octets, implicit] = derValues(bytes('24 80 0402aabb 2403 0401cc 0000 a0 04 0402ddee'));
    assert.equal(contentAs(octets, DER.octets).toString('hex'), 'aabbcc');
    assert.equal(contentAs(implicit, DER.implicit0).toString('hex'), 'ddee');
  });

  test('what is cut short, too long or of another shape is refused', () => {
    for (const hex of [
      '30',
      '3003 0201',
      '3085 0000000001 00',
      '30 84 ffffffff 00',
      '3080 020105',
      '04 80 00 00',
    ]) {
      assert.throws(() => derValues(bytes(hex)), DerError, hex);
    }
    assert.throws(() => derValues(Buffer.alloc(200, bytes('3080'))), DerError, 'too deep');
    assert.throws(() => contentAs(derValues(bytes('020105'))[0], DER.octets), DerError);
    assert.throws(() => contentAs(undefined, DER.octets), DerError);
    assert.throws(() => intOf(derValues(bytes('0207 01020304050607'))[0]), DerError);
  });
});
