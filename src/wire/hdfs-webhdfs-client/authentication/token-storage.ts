/** Hadoop's token storage, both versions, and a token as the text that a URL has. */
export interface StoredToken {
  readonly identifier: Buffer;
  readonly password: Buffer;
  readonly kind: string;
  readonly service: string;
}

const WRITABLE = 0;
const PROTOBUF = 1;

/** `bytes` starts with the version. @throws Error when it is cut short or of another version. */
export function credentialsOf(bytes: Buffer): StoredToken[] {
  const reader = new Reader(bytes);
  const version = reader.byte();
  if (version === WRITABLE) return writableTokens(reader);
  if (version === PROTOBUF) return protobufTokens(reader);
  throw new Error(`version ${version} of the token storage is unknown`);
}

/** As `Token.encodeToUrlString`: the fields, each with its length, in base64 for URLs. */
export function tokenText({ identifier, password, kind, service }: StoredToken): string {
  const fields = [identifier, password, Buffer.from(kind), Buffer.from(service)];
  return Buffer.concat(fields.flatMap((field) => [vint(field.length), field])).toString('base64url');
}

function writableTokens(reader: Reader): StoredToken[] {
  const count = reader.vint();
  const tokens: StoredToken[] = [];
  for (let n = 0; n < count; n++) {
    reader.bytes(reader.vint());
    const identifier = reader.bytes(reader.vint());
    const password = reader.bytes(reader.vint());
    const kind = reader.bytes(reader.vint()).toString();
    tokens.push({ identifier, password, kind, service: reader.bytes(reader.vint()).toString() });
  }
  return tokens;
}

/**
 * CredentialsProto: tokens (1) of { alias (1), token (2) }; TokenProto: identifier, password, kind, service.
 */
function protobufTokens(reader: Reader): StoredToken[] {
  const message = fields(new Reader(reader.bytes(reader.varint())));
  return (message.get(1) ?? []).map((entry) => {
    const token = fields(new Reader(fields(new Reader(entry)).get(2)?.[0] ?? Buffer.alloc(0)));
    const field = (n: number) => token.get(n)?.[0] ?? Buffer.alloc(0);
    return {
      identifier: field(1),
      password: field(2),
      kind: field(3).toString(),
      service: field(4).toString(),
    };
  });
}

/** Fields of wire type 2 by number; those messages have no others. */
function fields(reader: Reader): ReadonlyMap<number, Buffer[]> {
  const found = new Map<number, Buffer[]>();
  while (!reader.isAtEnd) {
    const key = reader.varint();
    if ((key & 7) !== 2) throw new Error('a field of the token storage has an unknown type');
    const list = found.get(key >> 3) ?? [];
    found.set(key >> 3, list);
    list.push(reader.bytes(reader.varint()));
  }
  return found;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    if (this.isAtEnd) throw new Error('the token storage is cut short');
    return this.#bytes[this.#at++]!;
  }

  bytes(count: number): Buffer {
    if (count < 0 || count > this.#bytes.length - this.#at) throw new Error('the token storage is cut short');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /**
   * Hadoop's: -112..127 in the byte itself; else it says by how many bytes the number follows, big-endian.
   */
  vint(): number {
    const first = (this.byte() << 24) >> 24;
    if (first >= -112) return first;
    const isNegative = first < -120;
    const size = isNegative ? -120 - first : -112 - first;
    if (size > 4) throw new Error('a length of the token storage is out of range');
    let value = 0;
    for (const byte of this.bytes(size)) value = value * 256 + byte;
    return isNegative ? -1 - value : value;
  }

  /** Protobuf's. */
  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new Error('a length of the token storage is out of range');
  }
}

function vint(value: number): Buffer {
  if (value <= 127) return Buffer.from([value]);
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([256 - 112 - bytes.length, ...bytes]);
}
