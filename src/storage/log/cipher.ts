/**
 * Encrypts the blocks of a log, AES in counter mode, each with the key that was active when it was written:
 * old keys stay in use for reading by their names.
 *
 * Layout of an encrypted value:
 *   version (u8) · length of the alias (u8) · alias (UTF-8) · check of the key (8 bytes) ·
 *   vector (16 bytes) · ciphertext, as long as the block
 * The check is the start of an HMAC under the key: it tells a key that was replaced under the same name,
 * which would give nonsense, from the right one. The checksum in the record's key covers all of the value.
 * A vector is 12 random bytes and a counter of 16-byte units. Blocks written one after another share the
 * random bytes and go on with the counter: one key stream, never used twice, and no cipher to set up for each
 * of many small blocks. Each block can be read on its own.
 *
 * Limits: aliases of 255 bytes. It hides what events hold, not how many there are and how long their blocks
 * are, and does not protect against somebody who may change the files.
 */
import { type Cipheriv, createCipheriv, createHmac, randomFillSync } from 'node:crypto';
import { assert } from '../../base/assert.ts';

/** The key of an alias, or null when there is none of that name. @throws when it cannot be read. */
export type KeyOf = (alias: string) => Buffer | null;

const VERSION = 1;
export const ALIAS_BYTES_MAX = 255;
export const KEY_SIZES: readonly number[] = [16, 24, 32];
const CHECK_BYTES = 8;
const IV_BYTES = 16;
const CHECKED_TEXT = 'millrace log key';
const UNIT_BYTES = 16;
const COUNTER_AT = 12;
const UNITS_MAX = 2 ** 32;
const PADDING = Buffer.alloc(UNIT_BYTES);

interface Key {
  readonly algorithm: string;
  readonly bytes: Buffer;
  readonly check: Buffer;
}

/** A key stream, the same for both directions, and where it stands. */
class KeyStream {
  readonly key: Key;
  /** The vector of what comes next. */
  readonly iv: Buffer;
  readonly #cipher: Cipheriv;
  #units: number;

  constructor(key: Key, iv: Buffer) {
    this.key = key;
    this.iv = Buffer.from(iv);
    this.#units = iv.readUInt32BE(COUNTER_AT);
    this.#cipher = createCipheriv(key.algorithm, key.bytes, iv);
  }

  static fresh(key: Key): KeyStream {
    const iv = Buffer.alloc(IV_BYTES);
    randomFillSync(iv, 0, COUNTER_AT);
    return new KeyStream(key, iv);
  }

  /** Whether the counter stays in its four bytes: the random ones must not change. */
  hasRoomFor(lengthBytes: number): boolean {
    return this.#units + Math.ceil(lengthBytes / UNIT_BYTES) < UNITS_MAX;
  }

  apply(bytes: Buffer): Buffer {
    assert(this.hasRoomFor(bytes.length), 'a key stream came to its end');
    const result = this.#cipher.update(bytes);
    const rest = bytes.length % UNIT_BYTES;
    if (rest > 0) this.#cipher.update(PADDING.subarray(rest));
    this.#units += Math.ceil(bytes.length / UNIT_BYTES);
    this.iv.writeUInt32BE(this.#units, COUNTER_AT);
    return result;
  }
}

/** Why a block cannot be decrypted, as the end of a sentence, and what to do. */
export interface Locked {
  readonly why: string;
  readonly remedy: string;
}

export class BlockCipher {
  readonly activeAlias: string;
  readonly #keyOf: KeyOf;
  readonly #active: Key;
  readonly #headStart: Buffer;
  #writing: KeyStream;
  #reading: KeyStream | null = null;
  readonly #known = new Map<string, Key | null>();

  constructor(activeAlias: string, activeKey: Buffer, keyOf: KeyOf) {
    const alias = Buffer.from(activeAlias);
    assert(alias.length > 0 && alias.length <= ALIAS_BYTES_MAX, 'an alias does not fit');
    this.activeAlias = activeAlias;
    this.#keyOf = keyOf;
    this.#active = keyFrom(activeKey);
    this.#writing = KeyStream.fresh(this.#active);
    this.#known.set(activeAlias, this.#active);
    this.#headStart = Buffer.concat([Buffer.from([VERSION, alias.length]), alias, this.#active.check]);
  }

  /** An encrypted copy; the block is left as it is. */
  seal(block: Buffer): Buffer {
    if (!this.#writing.hasRoomFor(block.length)) this.#writing = KeyStream.fresh(this.#active);
    const head = this.#headStart.length;
    const sealed = Buffer.allocUnsafe(head + IV_BYTES + block.length);
    this.#headStart.copy(sealed, 0);
    this.#writing.iv.copy(sealed, head);
    this.#writing.apply(block).copy(sealed, head + IV_BYTES);
    return sealed;
  }

  /** What was encrypted with a key from `iv` on; quick when it follows what was opened last. */
  open(key: Key, iv: Buffer, encrypted: Buffer): Buffer {
    const last = this.#reading;
    const follows = last !== null && last.key === key && last.iv.equals(iv);
    const stream = follows ? last : new KeyStream(key, iv);
    this.#reading = stream;
    return stream.apply(encrypted);
  }

  key(alias: string): Key | null {
    if (!this.#known.has(alias)) {
      const bytes = this.#keyOf(alias);
      this.#known.set(alias, bytes === null || !KEY_SIZES.includes(bytes.length) ? null : keyFrom(bytes));
    }
    return this.#known.get(alias)!;
  }
}

function keyFrom(bytes: Buffer): Key {
  assert(KEY_SIZES.includes(bytes.length), 'a key is not of a size that AES has');
  const check = createHmac('sha256', bytes).update(CHECKED_TEXT).digest().subarray(0, CHECK_BYTES);
  return { algorithm: `aes-${bytes.length * 8}-ctr`, bytes, check };
}

/** The block in an encrypted value, or why it stays closed. Without a cipher it says whose key is missing. */
export function unseal(value: Buffer, cipher: BlockCipher | null): Buffer | Locked {
  const aliasEnd = 2 + (value[1] ?? 0);
  const start = aliasEnd + CHECK_BYTES + IV_BYTES;
  if (value[0] !== VERSION || value.length < start) {
    const remedy = 'use the version of Millrace that wrote it';
    return { why: `is encrypted in a way that is not known (version ${value[0]})`, remedy };
  }
  const alias = value.toString('utf8', 2, aliasEnd);
  if (cipher === null) {
    const remedy = `set encryption.keyProvider and its options as they were when it was written`;
    return { why: `is encrypted with the key ${alias}, and encryption is not configured`, remedy };
  }
  let key: Key | null;
  try {
    key = cipher.key(alias);
  } catch (error) {
    const why = `is encrypted with the key ${alias}, which cannot be read (${error instanceof Error ? error.message : error})`;
    return { why, remedy: 'correct the options encryption.keyProvider.* for this key' };
  }
  const remedy = `add the key ${alias} back to encryption.keyProvider.keys and start the channel again`;
  if (key === null)
    return { why: `is encrypted with the key ${alias}, which the key provider lacks`, remedy };
  if (!value.subarray(aliasEnd, aliasEnd + CHECK_BYTES).equals(key.check)) {
    const why = `is encrypted with an earlier key of the name ${alias}, not with the one that the key provider has`;
    return { why, remedy: `put the earlier key back, and give a new key a name of its own` };
  }
  return cipher.open(key, value.subarray(aliasEnd + CHECK_BYTES, start), value.subarray(start));
}
