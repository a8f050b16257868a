/**
 * Brings what files hold to the channel, in the order in which it is found.
 *
 * Two queues. `backlog` holds files that were found or have much to be read: one after another, as Flume
 * reads them, the one changed longest ago first. `grown` holds files that were at their end and have grown
 * by a few lines: many of them share a put, at most once in PACE_MS, so that many busy files cost little. A
 * file's lines are under way in one put at a time: whatever a channel refuses, their order stays.
 *
 * Between two rounds the source rests, its thread with it: writes that the system tells of meanwhile are
 * heard together, and the outcome of a round's put is looked at when the next one begins. While the disk is
 * asked for something it does not rest, as the answer needs the event loop.
 */
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import { lineBuffers } from '../../memory/lines/line-memory.ts';
import type { TrackedDisk } from './disk.ts';
import type { Run } from './lines.ts';
import type { Looked, Looker, TailParts } from './looker.ts';
import { PRINT_BYTES, tailBytes } from './print.ts';
import type { Filled, Put, Putter } from './putter.ts';
import type { Place, TailFile } from './tail-file.ts';

/** Bytes that one read of much brings: two blocks of them fit a segment. */
const CHUNK_BYTES = 960 * 1024;
/** Bytes that one read of a few lines brings, and files that are read at once while the system reads. */
const SLICE_BYTES = 16 * 1024;
const SLICES = 32;
/** Bytes of such a read with what stands before the place. */
const SLICE_ROOM = SLICE_BYTES + PRINT_BYTES;
/** Least time between two rounds of files that have grown: a line is in the channel after 100 ms. */
const PACE_MS = 75;
/** How often it is looked whether the disk is done, in ms: the source rests only then. */
const BUSY_MS = 5;

export interface DeliveryParts extends TailParts {
  readonly disk: TrackedDisk;
  readonly looker: Looker;
  readonly putter: Putter;
}

export class Delivery {
  readonly #parts: DeliveryParts;
  /** Lines of one file before others have their turn. */
  readonly #linesATurn: number;
  readonly #backlog = new Set<TailFile>();
  readonly #grown = new Set<TailFile>();
  /** What the files of a round hold, one behind the other. */
  readonly #arena = Buffer.allocUnsafeSlow(SLICE_ROOM * SLICES);
  /** One is under way, the lines of one are found, one is read. */
  readonly #chunks = lineBuffers(3, CHUNK_BYTES + PRINT_BYTES);
  #roundDueMs = 0;
  /** What the last round put, until the next one: who waits for its outcome would be woken by it alone. */
  #round: Round | null = null;
  #signal: () => void = () => {};
  /** Files that cannot be read. */
  readonly troubled = new Set<TailFile>();

  constructor(parts: DeliveryParts, linesATurn: number) {
    this.#parts = parts;
    this.#linesATurn = linesATurn;
  }

  /** Files that were found, in order. */
  enqueue(files: Iterable<TailFile>): void {
    const nowMs = this.#parts.context.clock.now();
    for (const file of files) {
      if (file.behindMs === 0) file.behindMs = nowMs;
      this.#backlog.add(file);
    }
    this.#signal();
  }

  /** The file may have something new. */
  wake(file: TailFile): void {
    if (file.isGone || this.#backlog.has(file)) return;
    if (file.behindMs === 0) file.behindMs = this.#parts.context.clock.now();
    if (file.partial >= SLICE_BYTES) this.#backlog.add(file);
    else this.#grown.add(file);
    if (Date.now() >= this.#roundDueMs || this.#backlog.size > 0) this.#signal();
  }

  /** Ends when the putter is stopped. */
  async run(): Promise<void> {
    const { putter, context, disk } = this.#parts;
    while (!putter.isStopped) {
      const waitMs = this.#roundDueMs - Date.now();
      if (waitMs > 0 && this.#backlog.size > 0) await this.#turn();
      else if (waitMs > 0 && disk.isBusy) await this.#idle(Math.min(waitMs, BUSY_MS));
      else if (waitMs > 0) await context.rest(waitMs);
      else if (this.#grown.size > 0) await this.#roundOfGrown();
      else if (this.#round !== null) await this.#settleRound();
      else if (this.#backlog.size > 0) await this.#turn();
      else await this.#idle(Number.POSITIVE_INFINITY).then(endOfTurn);
    }
    await this.#settleRound();
  }

  /** Lets `run` see that the putter is stopped. */
  stop(): void {
    this.#signal();
  }

  #idle(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === Number.POSITIVE_INFINITY ? undefined : setTimeout(() => this.#signal(), ms);
      this.#signal = () => {
        this.#signal = () => {};
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #roundOfGrown(): Promise<void> {
    this.#roundDueMs = Date.now() + PACE_MS;
    await this.#settleRound();
    // Those that grow again meanwhile are in the next round.
    const due = [...this.#grown].filter((file) => !file.isBusy);
    for (const file of due) this.#grown.delete(file);
    while (due.length > 0 && !this.#parts.putter.isStopped) {
      await this.#settleRound();
      await this.#putRound(due);
    }
  }

  /** The first files of the backlog: as many small ones as a round takes, or one that is large. */
  async #turn(): Promise<void> {
    await this.#settleRound();
    const files: TailFile[] = [];
    for (const file of this.#backlog) {
      const isSmall = !file.hasMuch && file.size - file.place.pos < SLICE_BYTES && file.partial < SLICE_BYTES;
      if (!isSmall && files.length > 0) break;
      this.#backlog.delete(file);
      this.#grown.delete(file);
      if (!isSmall) {
        await this.#drain(file);
        return;
      }
      files.push(file);
      if (files.length === SLICES) break;
    }
    await this.#putRound(files);
    await this.#settleRound();
  }

  /** Reads a little of the first files, as many as there is memory for, and puts it all at once. */
  async #putRound(files: TailFile[]): Promise<void> {
    const { putter } = this.#parts;
    const taken: TailFile[] = [];
    let round: Round | null = null;
    try {
      const runs = await this.#runsOf(files, taken);
      const filled = runs.length === 0 ? null : await putter.fill(runs);
      if (filled !== null) round = { put: putter.put(filled, 'lazy'), taken };
    } finally {
      this.#round = round;
      if (round === null) for (const file of taken) this.#release(file);
    }
  }

  /** Waits for the outcome of the round before. */
  async #settleRound(): Promise<void> {
    if (this.#round === null) return;
    const { put, taken } = this.#round;
    this.#round = null;
    try {
      // Its answer may be there and not be read, as it wakes nobody.
      void this.#parts.context.settled();
      const isSettled = await this.#parts.putter.settle(put);
      for (const { file, isMore, from, end } of put.runs) {
        if (isMore && end - from > SLICE_BYTES / 2) file.hasMuch = true;
        if (isMore || !isSettled) this.#backlog.add(file);
      }
    } finally {
      for (const file of taken) this.#release(file);
    }
  }

  /**
   * Files that were just written to are read at once, each into what the one before left of the memory; the
   * others while the system reads, each into a slice of the rest.
   */
  async #runsOf(files: TailFile[], taken: TailFile[]): Promise<readonly Run[]> {
    const runs: Run[] = [];
    const slow: TailFile[] = [];
    let used = 0;
    let n = 0;
    for (; n < files.length && used + (slow.length + 1) * SLICE_ROOM <= this.#arena.length; n++) {
      const file = files[n]!;
      file.isBusy = true;
      taken.push(file);
      const found = this.#seenNow(file, this.#arena.subarray(used, used + SLICE_ROOM));
      if (found === null) slow.push(file);
      else used += this.#sort(file, found, runs);
    }
    files.splice(0, n);
    if (slow.length === 0) return runs;
    const { looker } = this.#parts;
    const looks = slow.map((file, i) => {
      const buffer = this.#arena.subarray(used + i * SLICE_ROOM, used + (i + 1) * SLICE_ROOM);
      return this.#seen(file, looker.look(file, file.place, buffer, this.#linesATurn));
    });
    for (const [i, found] of (await Promise.all(looks)).entries()) this.#sort(slow[i]!, found, runs);
    return runs;
  }

  /** Returns the bytes of its buffer that are needed. */
  #sort(file: TailFile, found: Looked, runs: Run[]): number {
    if (found === 'nothing') return 0;
    if (found === 'long') {
      this.#growLong(file);
      return 0;
    }
    runs.push(found);
    return found.end;
  }

  /** Its turn is over. */
  #release(file: TailFile): void {
    file.isBusy = false;
    file.hasMuch &&= this.#backlog.has(file);
    if (!this.#backlog.has(file) && !this.#grown.has(file) && file.trouble === null) file.behindMs = 0;
  }

  /** More than a slice without a line end. */
  #growLong(file: TailFile): void {
    file.partial = Math.max(file.partial, SLICE_BYTES);
    this.#backlog.add(file);
  }

  async #seen(file: TailFile, looking: Promise<Looked>): Promise<Looked> {
    file.lookedMs = this.#parts.context.clock.now();
    const { epoch } = file;
    try {
      const found = await looking;
      this.#noteRead(file, epoch);
      return found;
    } catch (error) {
      return this.#noteTrouble(file, error);
    }
  }

  /** Null when it cannot be seen at once. */
  #seenNow(file: TailFile, buffer: Buffer): Looked | null {
    if (!file.isHot) return null;
    file.isHot = false;
    const { epoch } = file;
    try {
      const found = this.#parts.looker.lookNow(file, buffer, this.#linesATurn);
      if (found === null) return null;
      file.lookedMs = this.#parts.context.clock.now();
      this.#noteRead(file, epoch);
      return found;
    } catch (error) {
      return this.#noteTrouble(file, error);
    }
  }

  #noteRead(file: TailFile, epoch: number): void {
    // It was cut: what it holds now is looked at anew.
    if (file.epoch !== epoch) this.wake(file);
    if (file.trouble === null) return;
    file.trouble = null;
    this.troubled.delete(file);
    this.#parts.context.log.info(`${file.path.text} can be read again`);
  }

  /** What goes wrong with a file stays with it: it is tried again later, and the same reason is told once. */
  #noteTrouble(file: TailFile, error: unknown): 'nothing' {
    const { context } = this.#parts;
    context.counters.add('EventReadFail', 1);
    this.troubled.add(file);
    const reason = messageOf(error);
    if (file.trouble !== reason) {
      file.trouble = reason;
      const text = `Failed opening file: ${file.path.text}: ${reason}`;
      context.log.error(`source ${context.name}: ${text} (it is tried again; other files go on)`);
    }
    return 'nothing';
  }

  /**
   * Reads a file that holds much, chunk after chunk: while one is under way, the lines of the next are found
   * and the one behind it is read. It ends with the file, or, when others wait, with the turn: after its
   * lines, or where the file ended when the turn began.
   */
  async #drain(file: TailFile): Promise<void> {
    const { putter } = this.#parts;
    file.isBusy = true;
    const turn = new Turn(file, this.#linesATurn);
    turn.looking = this.#lookAt(turn, file.place);
    let under: Put | null = null;
    try {
      for (;;) {
        const found = await turn.looking;
        if (this.#grown.size > 0 && Date.now() >= this.#roundDueMs) await this.#roundOfGrown();
        await this.#settleRound();
        let next = typeof found === 'string' ? null : await this.#fill(turn, found);
        const isSettled: boolean = under === null || (await putter.settle(under));
        under = null;
        if (!isSettled || putter.isStopped) {
          if (next !== null) putter.discard(next.filled);
          if (putter.isStopped) return;
          // What was read ahead stands behind lines that were refused.
          await turn.looking;
          turn.looking = this.#lookAt(turn, file.place);
          continue;
        }
        if (found === 'long') next = await this.#fillLongLine(turn);
        if (next === null) return;
        under = putter.put(next.filled);
        // The channel is woken at the end of this turn: it is to work while the next lines are found.
        await endOfTurn();
        if (!next.isLast) continue;
        const isDone = await putter.settle(under);
        if (next.isMore || !isDone) this.#backlog.add(file);
        return;
      }
    } finally {
      // Its buffer is free only then.
      await turn.looking;
      this.#release(file);
    }
  }

  /** Finds the lines of a chunk, and has the one behind it read meanwhile. Null when the source stops. */
  async #fill(turn: Turn, run: Run): Promise<Next | null> {
    const isOver = !run.isMore || (run.place.pos >= turn.end && this.#backlog.size > 0);
    // The lines of a turn have to be counted before it is known how many more are read.
    const isCounted = turn.linesLeft !== Number.POSITIVE_INFINITY;
    if (!isOver && !isCounted) turn.looking = this.#lookBehind(turn, run);
    const filled = await this.#parts.putter.fill([run]);
    if (filled === null) return null;
    turn.linesLeft -= filled.counts[0]!;
    const isLast = isOver || turn.linesLeft <= 0;
    if (!isLast && isCounted) turn.looking = this.#lookBehind(turn, run);
    return { filled, isLast, isMore: run.isMore };
  }

  async #fillLongLine(turn: Turn): Promise<Next | null> {
    const found = await this.#lookAtLongLine(turn.file);
    return typeof found === 'string' ? null : this.#fill(turn, found);
  }

  /** Looks at what stands at `place`, with the buffer that was not used for longest. */
  #lookAt(turn: Turn, place: Place): Promise<Looked> {
    const { file, linesLeft } = turn;
    turn.chunk = (turn.chunk + 1) % this.#chunks.length;
    // So much without a line end is not read again.
    if (place === file.place && file.partial >= CHUNK_BYTES) return Promise.resolve('long');
    return this.#seen(file, this.#parts.looker.look(file, place, this.#chunks[turn.chunk]!, linesLeft));
  }

  #lookBehind(turn: Turn, run: Run): Promise<Looked> {
    return this.#lookAt(turn, this.#parts.reader.placeAfter(run.place, run.buffer, run.from, run.end));
  }

  #lookAtLongLine(file: TailFile): Promise<Looked> {
    const seen = CHUNK_BYTES + PRINT_BYTES - tailBytes(file.place.pos);
    return this.#seen(file, this.#parts.looker.lookAtLongLine(file, this.#chunks[0]!, seen));
  }
}

/** A put of a few lines of many files, which are busy until its outcome is known. */
interface Round {
  readonly put: Put;
  readonly taken: readonly TailFile[];
}

/** One file's turn of a drain. */
class Turn {
  readonly file: TailFile;
  /** Where it ended when the turn began. */
  readonly end: number;
  linesLeft: number;
  chunk = 0;
  /** What stands behind the chunk whose lines were found last; read by now, or being read. */
  looking: Promise<Looked> = Promise.resolve('nothing');

  constructor(file: TailFile, lines: number) {
    this.file = file;
    this.end = file.size;
    this.linesLeft = lines;
  }
}

/** A chunk that is ready to be put. */
interface Next {
  readonly filled: Filled;
  /** The turn ends with it. */
  readonly isLast: boolean;
  /** There is more in the file. */
  readonly isMore: boolean;
}
