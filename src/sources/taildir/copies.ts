/**
 * Finds out whether a new file is a copy of one that was delivered already: copytruncate of logrotate, a
 * move to another file system, an editor or rsync that writes a new file in place of the old.
 *
 * A copy counts as one only when its original is no more as it was: cut, or without a name. A copy of a
 * file that stays is read from its beginning. While a new file holds what a living one does it is held
 * back, until its original has changed or it has not grown for HOLD_MS: copying comes first, cutting and
 * deleting after it.
 *
 * The evidence: the first PRINT_BYTES are equal, and so are the last PRINT_BYTES before the position that
 * is taken over. Files of which less was delivered have no head and are read again when they are copied:
 * they are too short to be told from others.
 */
import type { Logger } from '../../base/log.ts';
import { PRINT_BYTES, Tail } from './print.ts';
import type { Reader } from './reader.ts';
import type { Place, TailFile } from './tail-file.ts';

/** How long a file that may be a copy and does not grow waits for its original's fate. */
const HOLD_MS = 2000;
/** Files that are no more and may yet turn up as copies. */
const FORMERS_MAX = 10_000;

/** A file that is no more as it was. */
export interface Former {
  readonly head: string;
  readonly place: Place;
  readonly path: string;
}

interface Held {
  readonly original: TailFile;
  readonly epoch: number;
  /** As far as both are equal. */
  covered: Place;
  size: number;
  sinceMs: number;
}

export type Judgement =
  | { readonly op: 'read' } // it is new
  | { readonly op: 'hold' } // not known yet
  | { readonly op: 'goOn'; readonly from: Former; readonly original: TailFile | null }; // a copy

export class Copies {
  readonly #reader: Reader;
  readonly #log: Logger;
  readonly #byHead = new Map<string, Set<TailFile>>();
  readonly #formers = new Map<string, Former>();
  readonly #held = new Map<TailFile, Held>();

  constructor(reader: Reader, log: Logger) {
    this.#reader = reader;
    this.#log = log;
  }

  /** Files that wait for a judgement. */
  held(): Iterable<TailFile> {
    return this.#held.keys();
  }

  /** The file has got its head. */
  note(file: TailFile): void {
    const same = this.#byHead.get(file.head!);
    if (same === undefined) this.#byHead.set(file.head!, new Set([file]));
    else same.add(file);
  }

  /** The file is cut, or let go: its content may turn up under another inode. */
  retire(file: TailFile): void {
    this.#held.delete(file);
    if (file.head === null) return;
    const same = this.#byHead.get(file.head);
    same?.delete(file);
    if (same?.size === 0) this.#byHead.delete(file.head);
    this.remember({ head: file.head, place: file.place, path: file.path.text });
  }

  remember(former: Former): void {
    const { pos, tail } = former.place;
    if (tail === null || pos < PRINT_BYTES) return;
    this.#formers.delete(former.head);
    this.#formers.set(former.head, former);
    if (this.#formers.size > FORMERS_MAX) this.#formers.delete(this.#formers.keys().next().value!);
  }

  /** What is to be done with a file of which nothing was delivered. */
  async judge(file: TailFile, nowMs: number): Promise<Judgement> {
    const size = await this.#reader.size(file);
    const head = size === null || size < PRINT_BYTES ? null : await this.#reader.head(file);
    const judgement = head === null ? null : await this.#judge(file, size!, head, nowMs);
    if (judgement?.op === 'hold') return judgement;
    this.#held.delete(file);
    if (judgement === null) return { op: 'read' };
    this.#formers.delete(judgement.from.head);
    this.#log.info(
      `${file.path.text} is a copy of ${judgement.from.path}, of which ${judgement.from.place.pos} bytes were read: ` +
        'it is read from there on',
    );
    return judgement;
  }

  async #judge(
    file: TailFile,
    size: number,
    head: string,
    nowMs: number,
  ): Promise<Exclude<Judgement, { op: 'read' }> | null> {
    const former = this.#formers.get(head);
    if (former !== undefined && (await this.#ends(file, former.place, size))) {
      return { op: 'goOn', from: former, original: null };
    }
    const held = this.#held.get(file);
    if (held !== undefined && hasChanged(held)) {
      const { original, covered } = held;
      const from = { head, place: covered, path: original.path.text };
      return { op: 'goOn', from, original: original.home === null ? original : null };
    }
    for (const original of this.#byHead.get(head) ?? []) {
      if (original === file || original.isGone) continue;
      const covered = await this.#covered(file, original, size);
      if (covered === null) continue;
      if (original.home === null) {
        return { op: 'goOn', from: { head, place: covered, path: original.path.text }, original };
      }
      return this.#hold(file, original, covered, size, nowMs);
    }
    return null;
  }

  #hold(
    file: TailFile,
    original: TailFile,
    covered: Place,
    size: number,
    nowMs: number,
  ): { readonly op: 'hold' } | null {
    const held = this.#held.get(file);
    if (held === undefined || held.original !== original) {
      this.#held.set(file, { original, epoch: original.epoch, covered, size, sinceMs: nowMs });
      return { op: 'hold' };
    }
    held.covered = covered;
    if (size !== held.size) {
      held.size = size;
      held.sinceMs = nowMs;
    }
    return nowMs - held.sinceMs < HOLD_MS ? { op: 'hold' } : null;
  }

  /** Whether the place's tail stands in the file. */
  async #ends(file: TailFile, { pos, tail }: Place, size: number): Promise<boolean> {
    if (size < pos) return false;
    const bytes = await this.#reader.bytesAt(file, pos - PRINT_BYTES, PRINT_BYTES);
    return bytes !== null && (tail?.matches(bytes) ?? false);
  }

  /** How far what was delivered of the original stands in the file; null when it holds something else. */
  async #covered(file: TailFile, original: TailFile, size: number): Promise<Place | null> {
    const { place } = original;
    if (size >= place.pos) return (await this.#ends(file, place, size)) ? kept(place) : null;
    const at = size - PRINT_BYTES;
    const mine = await this.#reader.bytesAt(file, at, PRINT_BYTES);
    const others = await this.#reader.bytesAt(original, at, PRINT_BYTES);
    if (mine === null || others === null || !mine.equals(others)) return null;
    return { pos: size, tail: Tail.of(mine) };
  }
}

/** Stays as it is when the file of the place goes on. */
function kept({ pos, tail }: Place): Place {
  return { pos, tail: tail === null ? null : Tail.printed(tail.print) };
}

function hasChanged({ original, epoch }: Held): boolean {
  return original.epoch !== epoch || original.isGone || original.home === null;
}
