/**
 * The container of a PKCS #12 key store (RFC 7292): PFX { 3, authSafe, macData }. authSafe is `data` that
 * holds the safes; a safe is `data` or `encryptedData`, and a list of bags { id, [0] value, attributes }. A
 * MAC of a kind that is not known (PBMAC1) is not checked: a wrong password shows when something is
 * decrypted.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { contentAs, DER, DerError, type DerValue, derValues, inside, intOf, oidOf } from './der.ts';
import { type DerivationDigest, derive, ITERATIONS_MAX, Password, PURPOSE, SHA1 } from './encryption.ts';

const OID = {
  data: '2a864886f70d010701',
  encryptedData: '2a864886f70d010706',
  safeContentsBag: '2a864886f70d010c0a0106',
  friendlyName: '2a864886f70d010914',
} as const;

const MACS: ReadonlyMap<string, DerivationDigest> = new Map([
  ['2b0e03021a', SHA1],
  ['608648016503040201', { name: 'sha256', blockBytes: 64 }],
  ['608648016503040202', { name: 'sha384', blockBytes: 128 }],
  ['608648016503040203', { name: 'sha512', blockBytes: 128 }],
]);
/** Bags inside bags. */
const DEPTH_MAX = 4;

export interface Safe {
  /** Null for a safe that is not encrypted. */
  readonly algorithm: DerValue | null;
  readonly content: Buffer;
}

export interface Bag {
  readonly id: string;
  readonly value: DerValue | undefined;
  /** Attributes by object identifier: the first value of each. */
  readonly attributes: ReadonlyMap<string, DerValue>;
}

/**
 * The password in the form that the MAC was made with; null when it is wrong. Also given where there is no
 * MAC, or none of a kind that is known.
 */
export function checkedPassword(bytes: Buffer, text: string): Password | null {
  const password = new Password(text);
  const [, authSafe, macData] = inside(derValues(bytes)[0], DER.sequence);
  const content = dataOf(authSafe);
  if (macData === undefined || content === null) return password;
  const [digestInfo, saltValue, iterationCount] = inside(macData, DER.sequence);
  const [algorithm, expected] = inside(digestInfo, DER.sequence);
  const digest = MACS.get(oidOf(inside(algorithm, DER.sequence)[0]));
  const iterations = iterationCount === undefined ? 1 : intOf(iterationCount);
  if (digest === undefined || iterations > ITERATIONS_MAX) return password;
  const salt = contentAs(saltValue, DER.octets);
  const found = contentAs(expected, DER.octets);
  // Tools do not agree on how an empty password is written down.
  const forms = text === '' ? [password, new Password('', Buffer.alloc(0))] : [password];
  const fits = ({ bmp }: Password) => {
    const key = derive(digest, PURPOSE.mac, bmp, salt, iterations, found.length);
    const mac = createHmac(digest.name, key).update(content).digest();
    return mac.length === found.length && timingSafeEqual(mac, found);
  };
  return forms.find(fits) ?? null;
}

export function safesOf(bytes: Buffer): Safe[] {
  const [, authSafe] = inside(derValues(bytes)[0], DER.sequence);
  const content = dataOf(authSafe);
  if (content === null) throw new DerError('its content is signed, or not data');
  return inside(derValues(content)[0], DER.sequence).map(safeOf);
}

function safeOf(info: DerValue): Safe {
  const data = dataOf(info);
  if (data !== null) return { algorithm: null, content: data };
  const [type, holder] = inside(info, DER.sequence);
  if (oidOf(type) !== OID.encryptedData) throw new DerError('a safe is not encrypted by a password');
  const [, encrypted] = inside(inside(holder, DER.explicit0)[0], DER.sequence);
  const [, algorithm, sealed] = inside(encrypted, DER.sequence);
  if (algorithm === undefined) throw new DerError('a safe is cut short');
  return { algorithm, content: contentAs(sealed, DER.implicit0) };
}

/** The octets of a ContentInfo of type data; null for another type. */
function dataOf(info: DerValue | undefined): Buffer | null {
  const [type, content] = inside(info, DER.sequence);
  if (oidOf(type) !== OID.data) return null;
  return contentAs(inside(content, DER.explicit0)[0], DER.octets);
}

/** The bags of a safe's plain content, those inside other bags among them. */
export function bagsOf(content: Buffer, depth = 0): Bag[] {
  if (depth > DEPTH_MAX) throw new DerError('bags stand inside each other too deep');
  return inside(derValues(content)[0], DER.sequence).flatMap((bag) => {
    const [id, holder, attributes] = inside(bag, DER.sequence);
    if (oidOf(id) === OID.safeContentsBag) return bagsOf(contentAs(holder, DER.explicit0), depth + 1);
    return [{ id: oidOf(id), value: inside(holder, DER.explicit0)[0], attributes: attributesOf(attributes) }];
  });
}

function attributesOf(attributes: DerValue | undefined): Map<string, DerValue> {
  const map = new Map<string, DerValue>();
  if (attributes === undefined) return map;
  for (const attribute of inside(attributes, DER.set)) {
    const [id, values] = inside(attribute, DER.sequence);
    const first = inside(values, DER.set)[0];
    if (first !== undefined) map.set(oidOf(id), first);
  }
  return map;
}

/** The alias of a bag, in lower case as Java keeps them; null when it has none. */
export function aliasOf(bag: Bag): string | null {
  const name = bag.attributes.get(OID.friendlyName);
  if (name === undefined) return null;
  const text = Buffer.from(contentAs(name, DER.bmpString));
  if (text.length % 2 !== 0) throw new DerError('a name is cut short');
  return text.swap16().toString('utf16le').toLowerCase();
}
