/**
 * The texts of the two position files.
 *
 * Flume's: one line, `[{"inode":2,"pos":3,"file":"/a"},…]`, keys in this order, inode a Java long; empty
 * without files. Ours stands beside it and holds what Flume's has no place for: device and fingerprints,
 * files that have lost their name, and two prints of Flume's file: as it is to be written after ours, and as
 * it was before. When neither fits, somebody else (Flume) wrote positions since: theirs count, ours only tell
 * what they do not.
 */
import { messageOf } from '../../base/errors.ts';
import { PRINT_CHARACTERS, printOf, Tail } from './print.ts';
import type { Place, PositionEntry, TailFile } from './tail-file.ts';

/** What was known about a file when positions were written. */
export interface StoredPlace {
  readonly ino: bigint;
  readonly dev: bigint | null;
  readonly pos: number;
  readonly path: string;
  /** Where it is not `path`: the one by which it belonged to a group. */
  readonly matchedAs?: string;
  readonly tail: string | null;
  readonly head: string | null;
}

export function placeOf({ pos, tail }: StoredPlace): Place {
  return { pos, tail: tail === null ? null : Tail.printed(tail) };
}

export interface StoredPlaces {
  readonly places: readonly StoredPlace[];
  /** What was wrong with the files, in words. */
  readonly complaints: readonly string[];
}

const INODE_BITS = 64;

function entryOf(file: TailFile): PositionEntry {
  const { dev, head, place, path, matchedAs } = file;
  const inode = BigInt.asIntN(INODE_BITS, file.ino);
  const plain = `{"inode":${inode},"pos":${place.pos},"file":${JSON.stringify(path.text)}`;
  const tail = place.tail?.print ?? null;
  const matched = matchedAs === path.text ? '' : `,"matchedAs":${JSON.stringify(matchedAs)}`;
  const exact = `${plain},"dev":${dev},"tail":${JSON.stringify(tail)},"head":${JSON.stringify(head)}${matched}}`;
  return {
    bytes: Buffer.from(exact),
    plainLength: Buffer.byteLength(plain),
    isStale: false,
    exactAt: 0,
    plainAt: 0,
  };
}

/** What our file begins with; always as long. */
function headOf(print: string, before: string | null): string {
  const prints = `"positionFile":"${print}","before":${JSON.stringify(before).padEnd(PRINT_CHARACTERS + 2)}`;
  return `{"version":1,${prints},"files":[\n`;
}

/**
 * Both texts. Of many files few have moved since the last time: an entry that is as long as before is written
 * over where it stands. When one has another length, and when files come, go or are renamed, the texts are
 * put together anew, from entries that are kept.
 */
export class PositionTexts {
  plain: Buffer = Buffer.alloc(0);
  /** Print of `plain`. */
  print = printOf(this.plain);
  exact: Buffer = Buffer.alloc(0);
  #count = -1;

  /**
   * Brings them up to date; false when they were. Files without a name stand in ours only. `before` is the
   * print of Flume's file as it stands.
   */
  update(files: Iterable<TailFile>, before: string | null): boolean {
    const all = [...files];
    let fits = all.length === this.#count;
    const moved = all.filter(({ entry }) => entry === null || entry.isStale);
    if (fits && moved.length === 0) return false;
    for (const file of moved) fits = this.#renew(file) && fits;
    if (!fits) this.#rebuild(all);
    this.#count = all.length;
    this.print = printOf(this.plain);
    this.exact.write(headOf(this.print, before));
    return true;
  }

  /** Makes a file's entry anew; whether it took the place of the one before. */
  #renew(file: TailFile): boolean {
    const { entry: old, home } = file;
    const entry = entryOf(file);
    file.entry = entry;
    if (old?.bytes.length !== entry.bytes.length || old.plainLength !== entry.plainLength) return false;
    entry.exactAt = old.exactAt;
    entry.plainAt = old.plainAt;
    entry.bytes.copy(this.exact, entry.exactAt);
    if (home !== null) entry.bytes.copy(this.plain, entry.plainAt, 0, entry.plainLength);
    return true;
  }

  #rebuild(files: readonly TailFile[]): void {
    const head = headOf(this.print, null);
    this.exact = listOf(head, files, ',\n', '\n]}\n', (entry, text, at) => {
      entry.exactAt = at;
      return entry.bytes.copy(text, at);
    });
    const named = files.filter((file) => file.home !== null);
    const isEmpty = named.length === 0;
    this.plain = listOf(isEmpty ? '' : '[', named, '},', isEmpty ? '' : '}]', (entry, text, at) => {
      entry.plainAt = at;
      return entry.bytes.copy(text, at, 0, entry.plainLength);
    });
  }
}

/** `write` writes an entry at a place of the text and returns its length. */
function listOf(
  head: string,
  files: readonly TailFile[],
  separator: string,
  end: string,
  write: (entry: PositionEntry, text: Buffer, at: number) => number,
): Buffer {
  const between = Buffer.from(separator);
  let size = head.length + end.length;
  for (const { entry } of files) size += entry!.bytes.length + between.length;
  const text = Buffer.allocUnsafe(size);
  let at = text.write(head);
  files.forEach(({ entry }, n) => {
    if (n > 0) at += between.copy(text, at);
    at += write(entry!, text, at);
  });
  return text.subarray(0, at + text.write(end, at));
}

/**
 * Null: there is no such file. Without Flume's file reading begins anew: that is how operators ask for it.
 */
export function readPositions(plain: Buffer | null, exact: Buffer | null): StoredPlaces {
  if (plain === null) return { places: [], complaints: [] };
  const complaints: string[] = [];
  const ours = exact === null ? null : readExact(exact.toString('utf8'), complaints);
  if (ours?.prints.includes(printOf(plain))) return { places: ours.places, complaints };
  const theirs = readPlain(plain.toString('utf8'), complaints);
  return { places: merged(theirs, ours?.places ?? []), complaints };
}

/** Their positions with what ours know about the same files, then files that only ours know. */
function merged(theirs: readonly StoredPlace[], ours: readonly StoredPlace[]): StoredPlace[] {
  const byInode = Map.groupBy(ours, (place) => place.ino);
  const all = theirs.map((place) => {
    const same = byInode.get(place.ino)?.find((one) => one.path === place.path);
    return same?.pos === place.pos ? same : place;
  });
  const known = new Set(theirs.map((place) => place.ino));
  return [...all, ...ours.filter((place) => !known.has(place.ino))];
}

/** Numbers of 64 bits keep all their digits. */
function parseJson(text: string): unknown {
  const keepDigits = (key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    (key === 'inode' || key === 'dev') && typeof value === 'number' && context?.source !== undefined
      ? wholeNumber(context.source)
      : value;
  return JSON.parse(text, keepDigits);
}

function wholeNumber(source: string): bigint | undefined {
  return /^-?\d{1,20}$/.test(source) ? BigInt(source) : undefined;
}

function readExact(
  text: string,
  complaints: string[],
): { readonly prints: readonly unknown[]; readonly places: readonly StoredPlace[] } | null {
  try {
    const { positionFile, before, files } = parseJson(text) as Readonly<Record<string, unknown>>;
    if (typeof positionFile !== 'string' || !Array.isArray(files)) throw new Error('it has another form');
    return { prints: [positionFile, before], places: placesOf(files, complaints) };
  } catch (error) {
    complaints.push(`the file with device and fingerprints is not used: ${messageOf(error)}`);
    return null;
  }
}

function readPlain(text: string, complaints: string[]): readonly StoredPlace[] {
  if (text.trim() === '') return [];
  try {
    const list = parseJson(text);
    if (!Array.isArray(list)) throw new Error('it is no list');
    return placesOf(list, complaints);
  } catch (error) {
    const whole = [...text.matchAll(WHOLE_ENTRY)].map(([entry]) => parseJson(entry));
    complaints.push(`it is damaged (${messageOf(error)}); ${whole.length} whole entries of it are used`);
    return placesOf(whole, complaints);
  }
}

/** An entry as Flume writes it: what is left of a file that was cut. */
const WHOLE_ENTRY = /\{"inode":-?\d{1,20},"pos":\d{1,16},"file":"(?:[^"\\]|\\.)*"\}/g;

function placesOf(list: readonly unknown[], complaints: string[]): StoredPlace[] {
  const places: StoredPlace[] = [];
  for (const item of list) {
    const { inode, pos, file, dev, tail, head, matchedAs } = (item ?? {}) as Record<string, unknown>;
    if (
      typeof inode !== 'bigint' ||
      typeof file !== 'string' ||
      !Number.isSafeInteger(pos) ||
      (pos as number) < 0
    ) {
      complaints.push(
        `Detected missing value in position file. inode: ${inode}, pos: ${pos}, path: ${file}; the entry is left out`,
      );
      continue;
    }
    places.push({
      ino: BigInt.asUintN(INODE_BITS, inode),
      dev: typeof dev === 'bigint' ? dev : null,
      pos: pos as number,
      path: file,
      ...(typeof matchedAs === 'string' ? { matchedAs } : {}),
      tail: typeof tail === 'string' ? tail : null,
      head: typeof head === 'string' ? head : null,
    });
  }
  return places;
}
