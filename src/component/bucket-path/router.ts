/**
 * From an event to what its path stands for (a bucket), without a string or an object an event.
 *
 * A path is expanded once for each time slot and each set of values of the headers that it names; from then
 * on it is found by these bytes. Neighbours in a block that share a header map are not even looked at.
 *
 * Limits: at most ENTRIES_MAX expansions are kept; then all are forgotten and made anew as they are needed.
 */
import { MillraceError } from '../../base/errors.ts';
import { parseJavaLong } from '../../base/java/numbers.ts';
import { HeaderCursor } from '../../memory/block/header-bytes.ts';
import type { BatchView } from '../../memory/block/view.ts';
import type { PathPattern } from './pattern.ts';
import type { Zone } from './zone.ts';

const ENTRIES_MAX = 10_000;
const TIMESTAMP = 'timestamp';
/** So many digits are added up without loss. */
const DIGITS_MAX = 15;
const ZERO = 0x30;
const ABSENT = -1;
/** FNV-1a, 32 bits. */
const HASH_START = 0x811c_9dc5;
const HASH_PRIME = 0x0100_0193;

interface Entry<T> {
  readonly slot: number;
  /** Values of the headers, in the order of `#names`. */
  readonly values: readonly Buffer[];
  readonly target: T;
  readonly next: Entry<T> | undefined;
}

export interface RouterSettings<T> {
  readonly patterns: readonly PathPattern[];
  readonly zone: Zone;
  /** The clock at the start of the batch stands for the `timestamp` header. */
  readonly useLocalTime: boolean;
  /** What a header's value becomes in a path; itself by default. */
  readonly headerText?: (value: string) => string;
  /** Makes the target of a path; `paths` are the expanded patterns. Other values may give the same ones. */
  readonly make: (paths: readonly string[]) => T;
  /** All targets were forgotten; those of the batch that is being routed are among them. */
  readonly forgotten?: () => void;
}

export class EventRouter<T> {
  readonly #settings: RouterSettings<T>;
  /** Headers that are looked up; the timestamp is among them where it is needed. */
  readonly #names: readonly string[];
  readonly #nameBytes: readonly Buffer[];
  readonly #timestampAt: number;
  readonly #needsTime: boolean;
  readonly #unitMs: number;
  readonly #cursor = new HeaderCursor();
  /** Of each name: where its value stands in `#sources`. */
  readonly #starts: number[];
  readonly #lengths: number[];
  readonly #sources: Buffer[];
  /** Of each name: the value that all events of the block share, or null. */
  #common: (Buffer | null)[] = [];
  #entries = new Map<number, Entry<T>>();
  #count = 0;
  #nowMs = 0;
  #view: BatchView | null = null;
  #start = ABSENT;
  #target: T | undefined;

  constructor(settings: RouterSettings<T>) {
    const { patterns, useLocalTime } = settings;
    this.#settings = settings;
    this.#needsTime = patterns.some((pattern) => pattern.needsTime);
    this.#unitMs = Math.min(Number.POSITIVE_INFINITY, ...patterns.map((pattern) => pattern.unitMs));
    const names = new Set(patterns.flatMap((pattern) => pattern.headerNames));
    const ofHeader = this.#needsTime && !useLocalTime;
    if (ofHeader) names.add(TIMESTAMP);
    this.#names = [...names];
    this.#timestampAt = ofHeader ? this.#names.indexOf(TIMESTAMP) : ABSENT;
    this.#nameBytes = this.#names.map((name) => Buffer.from(name));
    this.#starts = this.#names.map(() => 0);
    this.#lengths = this.#names.map(() => 0);
    this.#sources = this.#names.map(() => Buffer.alloc(0));
  }

  /** Whether all events of a batch go one way: `route` of the first one tells it. */
  get isConstant(): boolean {
    return this.#names.length === 0;
  }

  /** Before the events of a batch. Views of earlier batches are forgotten. */
  beginBatch(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#view = null;
  }

  /**
   * @throws MillraceError when the path needs a timestamp and the event has none, or none that is a number.
   */
  route(view: BatchView, index: number): T {
    const start = view.ownHeadersStart(index);
    if (view === this.#view && start === this.#start) return this.#target!;
    if (view !== this.#view) this.#enter(view);
    this.#collect(start);
    const target = this.#find();
    this.#start = start;
    this.#target = target;
    return target;
  }

  #enter(view: BatchView): void {
    this.#view = view;
    this.#start = ABSENT;
    this.#cursor.bytes = view.bytes;
    const { common } = view;
    this.#common = this.#names.map((name) => {
      const value = common.get(name);
      return value === undefined ? null : Buffer.from(value);
    });
  }

  /** Finds the values of an event: its own headers go before those that the block shares. */
  #collect(start: number): void {
    for (let n = 0; n < this.#names.length; n++) {
      const shared = this.#common[n]!;
      this.#starts[n] = 0;
      this.#lengths[n] = shared === null ? ABSENT : shared.length;
      if (shared !== null) this.#sources[n] = shared;
    }
    if (start === 0 || this.#names.length === 0) return;
    const cursor = this.#cursor;
    cursor.at = start;
    for (let entries = cursor.mapSize(); entries > 0; entries--) {
      const nameLength = cursor.stringLength();
      const n = this.#nameAt(cursor.at, nameLength);
      cursor.at += nameLength;
      const length = cursor.stringLength();
      if (n !== ABSENT) {
        this.#sources[n] = cursor.bytes;
        this.#starts[n] = cursor.at;
        this.#lengths[n] = length;
      }
      cursor.at += length;
    }
  }

  #nameAt(at: number, length: number): number {
    const { bytes } = this.#cursor;
    for (let n = 0; n < this.#nameBytes.length; n++) {
      const name = this.#nameBytes[n]!;
      if (name.length !== length) continue;
      let i = 0;
      while (i < length && bytes[at + i] === name[i]) i++;
      if (i === length) return n;
    }
    return ABSENT;
  }

  #find(): T {
    const timeMs = this.#timeMs();
    const slot = this.#slotOf(timeMs);
    let hash = HASH_START ^ (slot | 0);
    for (let n = 0; n < this.#names.length; n++) {
      // The time is in the slot.
      if (n === this.#timestampAt) continue;
      const source = this.#sources[n]!;
      const end = this.#starts[n]! + this.#lengths[n]!;
      for (let i = this.#starts[n]!; i < end; i++) hash = Math.imul(hash ^ source[i]!, HASH_PRIME);
      hash = Math.imul(hash ^ this.#lengths[n]!, HASH_PRIME);
    }
    const known = this.#entries.get(hash);
    for (let entry = known; entry !== undefined; entry = entry.next) {
      if (entry.slot === slot && this.#isOf(entry)) return entry.target;
    }
    return this.#add(hash, slot, timeMs, known);
  }

  #isOf({ values }: Entry<T>): boolean {
    for (let n = 0; n < values.length; n++) {
      if (n === this.#timestampAt) continue;
      const value = values[n]!;
      const length = Math.max(0, this.#lengths[n]!);
      if (value.length !== length) return false;
      const source = this.#sources[n]!;
      const start = this.#starts[n]!;
      for (let i = 0; i < length; i++) if (value[i] !== source[start + i]) return false;
    }
    return true;
  }

  #add(hash: number, slot: number, timeMs: number, next: Entry<T> | undefined): T {
    const { patterns, make, headerText = (value: string) => value } = this.#settings;
    const values = this.#names.map((_, n) => Buffer.from(this.#valueView(n)));
    const header = (name: string) => headerText(values[this.#names.indexOf(name)]!.toString());
    const at = this.#timestampAt;
    const timestamp = at === ABSENT ? String(timeMs) : values[at]!.toString();
    const target = make(patterns.map((pattern) => pattern.expand(header, timeMs, timestamp)));
    const isFull = this.#count >= ENTRIES_MAX;
    if (isFull) this.#forget();
    this.#count++;
    this.#entries.set(hash, { slot, values, target, next: isFull ? undefined : next });
    return target;
  }

  #forget(): void {
    this.#entries.clear();
    this.#count = 0;
    this.#settings.forgotten?.();
  }

  #valueView(n: number): Buffer {
    const start = this.#starts[n]!;
    return this.#sources[n]!.subarray(start, start + Math.max(0, this.#lengths[n]!));
  }

  #timeMs(): number {
    const n = this.#timestampAt;
    if (n === ABSENT) return this.#nowMs;
    const length = this.#lengths[n]!;
    if (length === ABSENT) throw noTimestamp(this.#settings.patterns);
    const source = this.#sources[n]!;
    const start = this.#starts[n]!;
    let value = 0;
    for (let i = start; i < start + length; i++) {
      const digit = source[i]! - ZERO;
      if (digit < 0 || digit > 9 || length > DIGITS_MAX) return this.#signedTime(n);
      value = value * 10 + digit;
    }
    return length === 0 ? this.#signedTime(n) : value;
  }

  #signedTime(n: number): number {
    const text = this.#valueView(n).toString();
    const value = text === text.trim() ? parseJavaLong(text) : null;
    if (value === null || Number.isNaN(new Date(value).getTime())) throw badTimestamp(text);
    return value;
  }

  #slotOf(timeMs: number): number {
    if (this.#unitMs === Number.POSITIVE_INFINITY) return 0;
    return this.#settings.zone.isWhole(timeMs) ? Math.floor(timeMs / this.#unitMs) : timeMs;
  }
}

function noTimestamp(patterns: readonly PathPattern[]): MillraceError {
  const path = patterns.find((pattern) => pattern.needsTime)!.text;
  const remedy = 'add the interceptor `timestamp` to the source, or set hdfs.useLocalTimeStamp = true';
  const text = `Expected timestamp in the Flume event headers, but it was null (${path}: ${remedy})`;
  return new MillraceError('SINK_FAILED', text, { value: path, remedy });
}

function badTimestamp(value: string): MillraceError {
  const remedy = 'give it epoch milliseconds, as the interceptor `timestamp` does';
  const text = `Flume wasn't able to parse timestamp header '${value}' in the event to resolve time based bucketing: ${remedy}`;
  return new MillraceError('SINK_FAILED', text, { value, remedy });
}
