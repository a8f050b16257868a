/**
 * Password-based encryption of PKCS #12 stores, decryption only.
 *
 * Schemes: PBES2 (RFC 8018) of PBKDF2 and AES-CBC or triple DES, which Java has written by default since
 * 11.0.12 and OpenSSL since 3.0; and the older ones of RFC 7292, appendix C: SHA-1 with triple DES or RC2.
 * The RC4 ones are not read: no tool has written them by default.
 */
import { createDecipheriv, hash, pbkdf2Sync } from 'node:crypto';
import { contentAs, DER, DerError, type DerValue, inside, intOf, oidOf } from './der.ts';
import { decryptRc2Cbc } from './rc2.ts';

const OID_PBES2 = '2a864886f70d01050d';
const OID_PBKDF2 = '2a864886f70d01050c';

const PRF_DIGESTS: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d0207', 'sha1'],
  ['2a864886f70d0208', 'sha224'],
  ['2a864886f70d0209', 'sha256'],
  ['2a864886f70d020a', 'sha384'],
  ['2a864886f70d020b', 'sha512'],
]);
/** What PBKDF2 uses when its parameters name nothing. */
const PRF_DIGEST_DEFAULT = 'sha1';

interface Cipher {
  readonly name: string;
  readonly keyBytes: number;
}

const PBES2_CIPHERS: ReadonlyMap<string, Cipher> = new Map([
  ['608648016503040102', { name: 'aes-128-cbc', keyBytes: 16 }],
  ['608648016503040116', { name: 'aes-192-cbc', keyBytes: 24 }],
  ['60864801650304012a', { name: 'aes-256-cbc', keyBytes: 32 }],
  ['2a864886f70d0307', { name: 'des-ede3-cbc', keyBytes: 24 }],
]);
const RC2 = 'rc2-cbc';
/** Schemes of PKCS #12 itself; each derives key and vector with SHA-1. */
const OLD_CIPHERS: ReadonlyMap<string, Cipher> = new Map([
  ['2a864886f70d010c0103', { name: 'des-ede3-cbc', keyBytes: 24 }],
  ['2a864886f70d010c0104', { name: 'des-ede-cbc', keyBytes: 16 }],
  ['2a864886f70d010c0105', { name: RC2, keyBytes: 16 }],
  ['2a864886f70d010c0106', { name: RC2, keyBytes: 5 }],
]);
const OLD_IV_BYTES = 8;

/** A digest as the derivation of RFC 7292 uses it. */
export interface DerivationDigest {
  readonly name: string;
  readonly blockBytes: number;
}
export const SHA1: DerivationDigest = { name: 'sha1', blockBytes: 64 };
/** What a derived key is for. */
export const PURPOSE = { key: 1, iv: 2, mac: 3 } as const;
/** More would keep a thread busy for minutes: no store of a sane tool has them. */
export const ITERATIONS_MAX = 10_000_000;

/** What a value is encrypted with; null when it is nothing that is known. */
export interface Decryption {
  /** @returns null when the result has no valid padding: the password is wrong. */
  open(content: Buffer, password: Password): Buffer | null;
}

/** A password as text, and as the older schemes take it: UTF-16BE with a zero behind it. */
export class Password {
  readonly text: string;
  readonly bmp: Buffer;

  constructor(text: string, bmp = Buffer.from(`${text}\0`, 'utf16le').swap16()) {
    this.text = text;
    this.bmp = bmp;
  }
}

export function decryptionOf(algorithm: DerValue | undefined): Decryption | null {
  const [scheme, parameters] = inside(algorithm, DER.sequence);
  const id = oidOf(scheme);
  if (id === OID_PBES2) return pbes2Of(parameters);
  const cipher = OLD_CIPHERS.get(id);
  if (cipher === undefined) return null;
  const [saltValue, iterationCount] = inside(parameters, DER.sequence);
  const salt = contentAs(saltValue, DER.octets);
  const iterations = intOf(iterationCount);
  if (iterations < 1 || iterations > ITERATIONS_MAX) return null;
  return {
    open: (content, { bmp }) => {
      const key = derive(SHA1, PURPOSE.key, bmp, salt, iterations, cipher.keyBytes);
      const iv = derive(SHA1, PURPOSE.iv, bmp, salt, iterations, OLD_IV_BYTES);
      return cipher.name === RC2 ? decryptRc2Cbc(key, iv, content) : decipher(cipher.name, key, iv, content);
    },
  };
}

function pbes2Of(parameters: DerValue | undefined): Decryption | null {
  const [derivation, encryption] = inside(parameters, DER.sequence);
  const [kdf, kdfParameters] = inside(derivation, DER.sequence);
  const [cipherId, ivValue] = inside(encryption, DER.sequence);
  const cipher = PBES2_CIPHERS.get(oidOf(cipherId));
  if (oidOf(kdf) !== OID_PBKDF2 || cipher === undefined) return null;
  const [saltValue, iterationCount, ...rest] = inside(kdfParameters, DER.sequence);
  const prf = rest.find((value) => value.tag === DER.sequence);
  const digest =
    prf === undefined ? PRF_DIGEST_DEFAULT : PRF_DIGESTS.get(oidOf(inside(prf, DER.sequence)[0]));
  const iterations = intOf(iterationCount);
  if (digest === undefined || iterations < 1 || iterations > ITERATIONS_MAX) return null;
  const salt = contentAs(saltValue, DER.octets);
  const iv = contentAs(ivValue, DER.octets);
  return {
    open: (content, { text }) =>
      decipher(cipher.name, pbkdf2Sync(text, salt, iterations, cipher.keyBytes, digest), iv, content),
  };
}

function decipher(name: string, key: Buffer, iv: Buffer, content: Buffer): Buffer | null {
  // OpenSSL has two-key triple DES in ECB only, under no other name in CBC: the first key comes again.
  const whole = name === 'des-ede-cbc' ? Buffer.concat([key, key.subarray(0, 8)]) : key;
  const cipher = name === 'des-ede-cbc' ? 'des-ede3-cbc' : name;
  if (content.length === 0) throw new DerError('nothing is encrypted');
  try {
    const decipher = createDecipheriv(cipher, whole, iv);
    return Buffer.concat([decipher.update(content), decipher.final()]);
  } catch {
    return null;
  }
}

/** RFC 7292, appendix B.2. */
export function derive(
  digest: DerivationDigest,
  purpose: number,
  secret: Buffer,
  salt: Buffer,
  iterations: number,
  bytesWanted: number,
): Buffer {
  const { name, blockBytes } = digest;
  const filled = [salt, secret].map((part) =>
    Buffer.alloc(Math.ceil(part.length / blockBytes) * blockBytes, part),
  );
  const diversifier = Buffer.alloc(blockBytes, purpose);
  const input = Buffer.concat(filled);
  const made: Buffer[] = [];
  for (let have = 0; have < bytesWanted; have += made.at(-1)!.length) {
    let block = hash(name, Buffer.concat([diversifier, input]), 'buffer');
    for (let i = 1; i < iterations; i++) block = hash(name, block, 'buffer');
    made.push(block);
    addToBlocks(input, Buffer.alloc(blockBytes, block));
  }
  return Buffer.concat(made).subarray(0, bytesWanted);
}

/** Each block of `input`, as a big number, plus `summand` plus one. */
function addToBlocks(input: Buffer, summand: Buffer): void {
  for (let start = 0; start < input.length; start += summand.length) {
    let carry = 1;
    for (let i = summand.length - 1; i >= 0; i--) {
      carry += input[start + i]! + summand[i]!;
      input[start + i] = carry & 0xff;
      carry >>>= 8;
    }
  }
}
