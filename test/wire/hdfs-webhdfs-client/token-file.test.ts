/** Delegation tokens as `hdfs fetchdt` and YARN keep them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { tokenOf } from '../../../src/wire/hdfs-webhdfs-client/authentication/token-file.ts';

const KIND = 'HDFS_DELEGATION_TOKEN';

/** Hadoop's variable-length integer of a length. */
function vint(value: number): Buffer {
  if (value < 128) return Buffer.from([value]);
  return value < 256 ? Buffer.from([0x8f, value]) : Buffer.from([0x8e, value >> 8, value & 255]);
}

const field = (bytes: Buffer | string) => Buffer.concat([vint(Buffer.byteLength(bytes)), Buffer.from(bytes)]);

interface Token {
  readonly identifier: Buffer;
  readonly password: Buffer;
  readonly kind: string;
  readonly service: string;
}

const plain = ({ identifier, password, kind, service }: Token) =>
  Buffer.concat([field(identifier), field(password), field(kind), field(service)]);

function writable(tokens: readonly Token[]): Buffer {
  const entries = tokens.flatMap((token) => [field('alias'), plain(token)]);
  return Buffer.concat([Buffer.from('HDTS\0'), vint(tokens.length), ...entries, vint(0)]);
}

function varint(value: number): Buffer {
  return value < 128 ? Buffer.from([value]) : Buffer.from([(value & 127) | 128, value >> 7]);
}

function protobuf(tokens: readonly Token[]): Buffer {
  const member = (number: number, bytes: Buffer | string) =>
    Buffer.concat([Buffer.from([(number << 3) | 2]), varint(Buffer.byteLength(bytes)), Buffer.from(bytes)]);
  const entries = tokens.map(({ identifier, password, kind, service }) => {
    const token = [member(1, identifier), member(2, password), member(3, kind), member(4, service)];
    return member(1, Buffer.concat([member(1, 'alias'), member(2, Buffer.concat(token))]));
  });
  const message = Buffer.concat(entries);
  return Buffer.concat([Buffer.from('HDTS\x01'), varint(message.length), message]);
}

const aToken = fc.record({
  identifier: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  password: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  kind: fc.constant(KIND),
  service: fc.constantFrom('127.0.0.1:8020', 'ha-hdfs:mill', ''),
});

describe('token files', () => {
  test('text, with a line end', () => {
    assert.equal(tokenOf(Buffer.from(' KAAB-_w\n')), 'KAAB-_w');
  });

  test('both forms of the storage give the text of a URL', () => {
    fc.assert(
      fc.property(aToken, (token) => {
        const other = { ...token, kind: 'MR_TOKEN' };
        const wanted = plain(token).toString('base64url');
        assert.equal(tokenOf(writable([other, token])), wanted);
        assert.equal(tokenOf(protobuf([other, token])), wanted);
      }),
      { numRuns: 50 },
    );
  });

  test('what is cut short or has no token of HDFS says so', () => {
    const token = { identifier: Buffer.alloc(200), password: Buffer.alloc(20), kind: KIND, service: 's' };
    for (const whole of [writable([token]), protobuf([token])]) {
      for (let length = 4; length < whole.length - 1; length += 7) {
        assert.throws(() => tokenOf(whole.subarray(0, length)), Error, `${length}`);
      }
    }
    assert.throws(
      () => tokenOf(writable([{ ...token, kind: 'MR_TOKEN' }])),
      /no token of HDFS, but MR_TOKEN/,
    );
    assert.throws(() => tokenOf(Buffer.from('HDTS\x07')), /version 7/);
  });

  test('any bytes end in a token or an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom('HDTS\0', 'HDTS\x01'), (bytes, head) => {
        try {
          assert.equal(typeof tokenOf(Buffer.concat([Buffer.from(head), bytes])), 'string');
        } catch (error) {
          assert.ok(error instanceof Error);
        }
      }),
    );
  });
});
