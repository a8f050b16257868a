/**
 * Reads secret keys from a JCEKS key store, the format of Java's SunJCE provider.
 *
 * Layout (big-endian): magic CECECECE, version 2, count, entries, SHA-1 digest of "password in UTF-16BE,
 *   `Mighty Aphrodite`, everything before". Entry: tag 1 private key, 2 certificate, 3 secret key; alias (u16
 *   length, modified UTF-8); date. A secret key is a Java-serialized SealedObjectForKeyProtector: its byte
 *   arrays hold the parameters (DER: salt and iteration count) and the sealed content, encrypted by
 *   PBEWithMD5AndTripleDES.
 * Errors: CONF_OPTION_VALUE with what is wrong: no such format, wrong password, cut short.
 * It does not write stores and reads no private keys.
 */
import { createDecipheriv, createHash, hash, timingSafeEqual } from 'node:crypto';
import { MillraceError } from '../../base/errors.ts';

const MAGIC_JCEKS = 0xcececece;
const TAG_PRIVATE = 1;
const TAG_CERTIFICATE = 2;
const TAG_SECRET = 3;
const DIGEST_BYTES = 20;
const MD5_BYTES = 16;
const WHITENER = 'Mighty Aphrodite';

export class JceksStore {
  readonly #secrets: ReadonlyMap<string, Buffer>;

  /** @throws MillraceError CONF_OPTION_VALUE when it is no JCEKS store or the password is wrong. */
  static open(bytes: Buffer, password: string, name: string): JceksStore {
    if (bytes.length < 12 + DIGEST_BYTES || bytes.readUInt32BE(0) !== MAGIC_JCEKS) {
      throw bad(
        name,
        'is not a JCEKS key store',
        'make it with `hadoop credential create`, or `keytool -storetype jceks`',
      );
    }
    const body = bytes.subarray(0, bytes.length - DIGEST_BYTES);
    const digest = createHash('sha1')
      .update(Buffer.from(password, 'utf16le').swap16())
      .update(WHITENER, 'utf8')
      .update(body)
      .digest();
    if (!timingSafeEqual(digest, bytes.subarray(body.length))) {
      throw bad(
        name,
        'cannot be opened: the password is wrong, or the file was changed',
        'set HADOOP_CREDSTORE_PASSWORD or the password file',
      );
    }
    return new JceksStore(readEntries(body, name));
  }

  private constructor(secrets: ReadonlyMap<string, Buffer>) {
    this.#secrets = secrets;
  }

  aliases(): readonly string[] {
    return [...this.#secrets.keys()];
  }

  /** The secret's bytes, or null when there is no such alias. Java keeps aliases in lower case. */
  secret(alias: string, password: string): Buffer | null {
    const sealed = this.#secrets.get(alias.toLowerCase());
    return sealed === undefined ? null : unseal(sealed, password);
  }
}

function bad(name: string, what: string, remedy: string): MillraceError {
  return new MillraceError('CONF_OPTION_VALUE', `credential store ${name} ${what}`, { value: name, remedy });
}

function readEntries(body: Buffer, name: string): Map<string, Buffer> {
  const secrets = new Map<string, Buffer>();
  const reader = new Reader(body, name);
  reader.skip(8);
  const count = reader.u32();
  for (let i = 0; i < count; i++) {
    const tag = reader.u32();
    const alias = reader.utf();
    reader.skip(8);
    if (tag === TAG_SECRET) {
      // A serialized object has no length in front; it ends where its last field ends.
      const length = serializedLength(body, reader.at, name);
      secrets.set(alias, reader.take(length));
    } else if (tag === TAG_PRIVATE) {
      reader.skip(reader.u32());
      for (let chain = reader.u32(); chain > 0; chain--) skipCertificate(reader);
    } else if (tag === TAG_CERTIFICATE) {
      skipCertificate(reader);
    } else {
      throw bad(name, `has an entry of unknown kind ${tag}`, 'write the store anew');
    }
  }
  return secrets;
}

function skipCertificate(reader: Reader): void {
  reader.utf();
  reader.skip(reader.u32());
}

class Reader {
  readonly #bytes: Buffer;
  readonly #name: string;
  at = 0;

  constructor(bytes: Buffer, name: string) {
    this.#bytes = bytes;
    this.#name = name;
  }

  take(length: number): Buffer {
    if (this.at + length > this.#bytes.length) throw bad(this.#name, 'is cut short', 'write the store anew');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  skip(length: number): void {
    this.take(length);
  }

  u8(): number {
    return this.take(1)[0]!;
  }

  u16(): number {
    return this.take(2).readUInt16BE();
  }

  u32(): number {
    return this.take(4).readUInt32BE();
  }

  utf(): string {
    return this.take(this.u16()).toString('utf8');
  }
}

// Java object serialization, as much of it as a SealedObject uses.
const TC_NULL = 0x70;
const TC_REFERENCE = 0x71;
const TC_CLASSDESC = 0x72;
const TC_OBJECT = 0x73;
const TC_STRING = 0x74;
const TC_ARRAY = 0x75;
const TC_ENDBLOCKDATA = 0x78;
const TC_ENUM = 0x7e;
const STREAM_MAGIC = 0xaced;
const STREAM_HEADER_BYTES = 4;
const FIRST_HANDLE = 0x7e0000;

interface ClassDescription {
  readonly name: string;
  readonly fields: readonly { readonly name: string; readonly type: string }[];
  readonly parent: ClassDescription | null;
}

type JavaValue = string | number | Buffer | null | ReadonlyMap<string, unknown>;

class ObjectReader {
  readonly reader: Reader;
  readonly #handles: unknown[] = [];

  constructor(bytes: Buffer, name: string) {
    this.reader = new Reader(bytes, name);
    if (this.reader.u16() !== STREAM_MAGIC)
      throw bad(name, 'holds no serialized object', 'write the store anew');
    this.reader.skip(STREAM_HEADER_BYTES - 2);
  }

  content(): JavaValue {
    const tag = this.reader.u8();
    switch (tag) {
      case TC_NULL:
        return null;
      case TC_REFERENCE:
        return this.#handles[this.reader.u32() - FIRST_HANDLE] as JavaValue;
      case TC_STRING: {
        const text = this.reader.utf();
        this.#handles.push(text);
        return text;
      }
      case TC_ARRAY:
        return this.#array();
      case TC_OBJECT:
        return this.#object();
      case TC_ENUM:
        return this.#enum();
      default:
        throw bad('of Java objects', `has an unexpected tag ${tag}`, 'write the store anew');
    }
  }

  #array(): Buffer {
    this.#class();
    this.#handles.push(null);
    const handle = this.#handles.length - 1;
    const bytes = this.reader.take(this.reader.u32());
    this.#handles[handle] = bytes;
    return bytes;
  }

  /** A constant, by its name: KeyRep, the form in which keytool's keys are kept, has one. */
  #enum(): JavaValue {
    this.#class();
    const handle = this.#handles.push(null) - 1;
    const name = this.content();
    this.#handles[handle] = name;
    return name;
  }

  #object(): ReadonlyMap<string, unknown> {
    const description = this.#class();
    const fields = new Map<string, unknown>();
    this.#handles.push(fields);
    const chain: ClassDescription[] = [];
    for (let one = description; one !== null; one = one.parent) chain.unshift(one);
    for (const { fields: declared } of chain) {
      for (const { name, type } of declared) fields.set(name, this.#field(type));
    }
    return fields;
  }

  #field(type: string): JavaValue {
    switch (type) {
      case 'B':
      case 'Z':
        return this.reader.u8();
      case 'S':
      case 'C':
        return this.reader.u16();
      case 'I':
      case 'F':
        return this.reader.u32();
      case 'J':
      case 'D':
        return Buffer.from(this.reader.take(8));
      default:
        return this.content();
    }
  }

  #class(): ClassDescription | null {
    const tag = this.reader.u8();
    if (tag === TC_NULL) return null;
    if (tag === TC_REFERENCE) return this.#handles[this.reader.u32() - FIRST_HANDLE] as ClassDescription;
    if (tag !== TC_CLASSDESC)
      throw bad('of Java objects', `has an unexpected tag ${tag}`, 'write the store anew');
    const name = this.reader.utf();
    this.reader.skip(8);
    const handle = this.#handles.push(null) - 1;
    this.reader.skip(1);
    const fields: { name: string; type: string }[] = [];
    for (let count = this.reader.u16(); count > 0; count--) {
      const type = String.fromCharCode(this.reader.u8());
      const field = { name: this.reader.utf(), type };
      fields.push(field);
      if (type === 'L' || type === '[') this.content();
    }
    while (this.reader.u8() !== TC_ENDBLOCKDATA);
    const description = { name, fields, parent: this.#class() };
    this.#handles[handle] = description;
    return description;
  }
}

function serializedLength(body: Buffer, from: number, name: string): number {
  const objects = new ObjectReader(body.subarray(from), name);
  objects.content();
  return objects.reader.at;
}

/** The key inside a sealed entry: decrypted, it is again a serialized object, a SecretKeySpec or a KeyRep. */
function unseal(sealed: Buffer, password: string): Buffer {
  const fields = new ObjectReader(sealed, 'entry').content() as ReadonlyMap<string, unknown>;
  const parameters = fields.get('encodedParams') as Buffer;
  const { salt, iterations } = readPbeParameters(parameters);
  const { key, iv } = deriveKey(password, salt, iterations);
  const decipher = createDecipheriv('des-ede3-cbc', key, iv);
  const content = fields.get('encryptedContent') as Buffer;
  const plain = Buffer.concat([decipher.update(content), decipher.final()]);
  const inner = new ObjectReader(plain, 'entry').content() as ReadonlyMap<string, unknown>;
  const secret = inner.get('key') ?? inner.get('encoded');
  if (!Buffer.isBuffer(secret))
    throw bad('entry', 'holds no secret key', 'make it with `hadoop credential create`');
  return secret;
}

/** DER: SEQUENCE { OCTET STRING salt, INTEGER iterations }. */
function readPbeParameters(der: Buffer): { salt: Buffer; iterations: number } {
  const saltLength = der[3]!;
  const salt = der.subarray(4, 4 + saltLength);
  const at = 4 + saltLength;
  const iterations = der.readUIntBE(at + 2, der[at + 1]!);
  return { salt, iterations };
}

/**
 * PBEWithMD5AndTripleDES of SunJCE: each half of the salt (the first one reversed when both are equal) is
 * digested with the password `iterations` times; the two 16-byte results are 24 bytes of key and 8 of vector.
 */
function deriveKey(password: string, salt: Buffer, iterations: number): { key: Buffer; iv: Buffer } {
  const halves = [Buffer.from(salt.subarray(0, 4)), Buffer.from(salt.subarray(4, 8))];
  if (halves[0]!.equals(halves[1]!)) reverseAsSunDoes(halves[0]!);
  const secret = Buffer.from(password, 'latin1');
  const derived = Buffer.concat(halves.map((half) => digestOften(half, secret, iterations)));
  return { key: derived.subarray(0, 24), iv: derived.subarray(24, 32) };
}

/** Java's default is 200,000 iterations: the one-shot digest as text takes a third of the time of others. */
function digestOften(half: Buffer, secret: Buffer, iterations: number): Buffer {
  let digest = hash('md5', Buffer.concat([half, secret]), 'binary');
  const input = Buffer.concat([Buffer.alloc(MD5_BYTES), secret]);
  for (let i = 1; i < iterations; i++) {
    input.write(digest, 0, 'latin1');
    digest = hash('md5', input, 'binary');
  }
  return Buffer.from(digest, 'latin1');
}

/** SunJCE's inversion swaps only this way round: byte 3 ends where byte 0 stood. */
function reverseAsSunDoes(half: Buffer): void {
  for (let i = 0; i < 2; i++) {
    const kept = half[i]!;
    half[i] = half[3 - i]!;
    half[3 - 1] = kept;
  }
}
