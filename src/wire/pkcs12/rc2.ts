/**
 * RC2 in CBC mode (RFC 2268), decryption only: what Java before 8u301 and `openssl pkcs12 -legacy` encrypt
 * certificates of a PKCS #12 store with. Node's OpenSSL has it only in a provider that is not loaded.
 */
const PI_TABLE = Buffer.from(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2' +
    '179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82' +
    '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7' +
    '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec' +
    'c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9' +
    '0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad',
  'hex',
);
const BLOCK_BYTES = 8;
const KEY_BYTES = 128;
/** Rotations of the four words of a block. */
const ROTATIONS = [1, 2, 3, 5] as const;

/** Decrypts and takes the padding off. @returns null when the padding is not valid: the key is wrong. */
export function decryptRc2Cbc(key: Buffer, iv: Buffer, sealed: Buffer): Buffer | null {
  if (sealed.length === 0 || sealed.length % BLOCK_BYTES !== 0) return null;
  const words = expandKey(key);
  const plain = Buffer.alloc(sealed.length);
  for (let at = 0; at < sealed.length; at += BLOCK_BYTES) {
    const before = at === 0 ? iv : sealed.subarray(at - BLOCK_BYTES, at);
    const block = decryptBlock(words, sealed, at);
    for (let i = 0; i < 4; i++) plain.writeUInt16LE(block[i]! ^ before.readUInt16LE(2 * i), at + 2 * i);
  }
  const padding = plain.at(-1)!;
  const end = plain.length - padding;
  const valid =
    padding >= 1 && padding <= BLOCK_BYTES && plain.subarray(end).every((byte) => byte === padding);
  return valid ? plain.subarray(0, end) : null;
}

/** The key's own length counts as its effective one, as it does in PKCS #12. */
function expandKey(key: Buffer): Uint16Array {
  const bytes = Buffer.alloc(KEY_BYTES);
  key.copy(bytes);
  for (let i = key.length; i < KEY_BYTES; i++)
    bytes[i] = PI_TABLE[(bytes[i - 1]! + bytes[i - key.length]!) & 0xff]!;
  bytes[KEY_BYTES - key.length] = PI_TABLE[bytes[KEY_BYTES - key.length]!]!;
  for (let i = KEY_BYTES - 1 - key.length; i >= 0; i--)
    bytes[i] = PI_TABLE[bytes[i + 1]! ^ bytes[i + key.length]!]!;
  return Uint16Array.from({ length: KEY_BYTES / 2 }, (_, i) => bytes.readUInt16LE(2 * i));
}

/** 16 rounds backwards; the fifth and the eleventh are followed by a mash. */
function decryptBlock(words: Uint16Array, sealed: Buffer, at: number): Uint16Array {
  const r = Uint16Array.from({ length: 4 }, (_, i) => sealed.readUInt16LE(at + 2 * i));
  for (let round = 15; round >= 0; round--) {
    for (let i = 3; i >= 0; i--) {
      const turned = (r[i]! >>> ROTATIONS[i]!) | (r[i]! << (16 - ROTATIONS[i]!));
      const [a, b, c] = [r[(i + 3) & 3]!, r[(i + 2) & 3]!, r[(i + 1) & 3]!];
      r[i] = turned - words[4 * round + i]! - (a & b) - (~a & c);
    }
    if (round !== 5 && round !== 11) continue;
    for (let i = 3; i >= 0; i--) r[i] = r[i]! - words[r[(i + 3) & 3]! & 63]!;
  }
  return r;
}
