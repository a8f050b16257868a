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
import { printOf, Tail } from './print.ts';
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
  if (file.entry !== null) return file.entry;
  const { dev, head, place, path, matchedAs } = file;
  const inode = BigInt.asIntN(INODE_BITS, file.ino);
  const plain = `{"inode":${inode},"pos":${place.pos},"file":${JSON.stringify(path.text)}`;
  const tail = place.tail?.print ?? null;
  const matched = matchedAs === path.text ? '' : `,"matchedAs":${JSON.stringify(matchedAs)}`;
  const exact = `${plain},"dev":${dev},"tail":${JSON.stringify(tail)},"head":${JSON.stringify(head)}${matched}}`;
  file.entry = { bytes: Buffer.from(exact), plainLength: Buffer.byteLength(plain) };
  return file.entry;
}

export interface PositionTexts {
  readonly plain: Buffer;
  /** Print of `plain`. */
  readonly print: string;
  readonly exact: Buffer;
}

/**
 * Both texts; files without a name stand in ours only. `before` is the print of Flume's file as it stands.
 * Entries are kept as bytes and copied: of many files, few have moved since the last time.
 */
export function positionTexts(files: Iterable<TailFile>, before: string | null): PositionTexts {
  const exact: PositionEntry[] = [];
  const plain: PositionEntry[] = [];
  for (const file of files) {
    const entry = entryOf(file);
    exact.push(entry);
    if (file.home !== null) plain.push(entry);
  }
  const plainText =
    plain.length === 0 ? Buffer.alloc(0) : listOf(plain, (entry) => entry.plainLength, '[', '},', '}]');
  const print = printOf(plainText);
  const prints = `"positionFile":"${print}","before":${JSON.stringify(before)}`;
  const head = `{"version":1,${prints},"files":[\n`;
  return {
    plain: plainText,
    print,
    exact: listOf(exact, (entry) => entry.bytes.length, head, ',\n', '\n]}\n'),
  };
}

/** The first `lengthOf` bytes of each entry. */
function listOf(
  entries: readonly PositionEntry[],
  lengthOf: (entry: PositionEntry) => number,
  head: string,
  separator: string,
  end: string,
): Buffer {
  const between = Buffer.from(separator);
  let size = head.length + end.length;
  for (const entry of entries) size += lengthOf(entry) + between.length;
  const text = Buffer.allocUnsafe(size);
  let at = text.write(head);
  entries.forEach((entry, n) => {
    if (n > 0) at += between.copy(text, at);
    at += entry.bytes.copy(text, at, 0, lengthOf(entry));
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
