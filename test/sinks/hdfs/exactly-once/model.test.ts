/**
 * The sink against a model: it is killed before, in or behind any call of the file system, answers are lost
 * or slow, a bucket refuses for a while and is held back, servers do late what a dead sink asked of them, the
 * channel forgets takes that had not reached its disk, and is opened anew under a sink that lives. At the
 * end each event stands in exactly one finished file.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { HeldPart } from '../../../../src/component/sink.ts';
import type { Numbering } from '../../../../src/memory/block/numbering.ts';
import { FileSystemError } from '../../../../src/sinks/hdfs/file-system/door.ts';
import { temporaryDirectory } from '../../../kit/temporary.ts';
import { FaultyFileSystem, Hang, LostAnswer, type Operation } from '../faulty-file-system.ts';
import { Faulty } from '../faulty-rig.ts';

type What = 'none' | 'refuse' | 'lose';
const BUCKETS = ['a', 'b', 'c'] as const;
/** Of buckets and files that failed. */
const RETRY_MS = 1;
/** For what is held, in one life. */
const PATIENCE_MS = 300;

interface Life {
  /** Events of each take, and whose bucket each is of. */
  readonly takes: readonly (readonly string[])[];
  /** What becomes of the first calls. */
  readonly faults: readonly What[];
  /** The call at which it is killed, whether that is done, and whether what hangs is done late. */
  readonly killAt: number;
  readonly isDone: boolean;
  readonly isLate: boolean;
  /** Each so manieth call takes its time; 0: none. */
  readonly slow: number;
  /** A bucket of which so many calls are refused from that one on. */
  readonly refused: { readonly bucket: string; readonly from: number; readonly calls: number };
  /** Otherwise a take is delivered whole or not at all. */
  readonly mayHold: boolean;
  /** Takes under way at once. */
  readonly overlap: number;
  /** Behind that take the channel is opened anew, so many milliseconds later. */
  readonly reopensAt: number;
  readonly reopensInMs: number;
  /** The channel had not yet written that so many of the last takes are taken. */
  readonly forgets: number;
  readonly losesLocal: boolean;
  /** Files roll after so many events. */
  readonly rollCount: number;
}

const life: fc.Arbitrary<Life> = fc.record({
  takes: fc.array(fc.array(fc.constantFrom(...BUCKETS), { minLength: 1, maxLength: 5 }), {
    minLength: 1,
    maxLength: 6,
  }),
  faults: fc.array(
    fc.oneof(
      { weight: 12, arbitrary: fc.constant<What>('none') },
      { weight: 1, arbitrary: fc.constantFrom<What>('refuse', 'lose') },
    ),
    { maxLength: 80 },
  ),
  slow: fc.constantFrom(0, 0, 1, 2, 3),
  refused: fc.record({ bucket: fc.constantFrom(...BUCKETS), from: fc.nat(30), calls: fc.nat(12) }),
  mayHold: fc.oneof(
    { weight: 4, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  ),
  overlap: fc.integer({ min: 1, max: 3 }),
  reopensAt: fc.nat(12),
  reopensInMs: fc.nat(4),
  killAt: fc.nat(120),
  isDone: fc.boolean(),
  isLate: fc.boolean(),
  forgets: fc.nat(3),
  losesLocal: fc.oneof(
    { weight: 6, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  rollCount: fc.constantFrom(0, 1, 3),
});

/** A file channel as the sink sees it. */
class Channel {
  readonly bodies: string[] = [];
  /** Of committed events; what has reached the disk, and what has not. */
  #taken = new Set<number>();
  #fresh: (readonly number[])[] = [];
  /** Handed out, and not committed. */
  #out = new Set<number>();
  #held = new Set<HeldPart>();
  #openings = 0;
  numbering!: Numbering;

  put(buckets: readonly string[]): void {
    for (const bucket of buckets) this.bodies.push(`${bucket}${this.bodies.length}`);
  }

  open(forgets: number): void {
    const kept = this.#fresh.slice(0, Math.max(0, this.#fresh.length - forgets));
    for (const numbers of kept) for (const number of numbers) this.#taken.add(number);
    this.#fresh = [];
    this.#out.clear();
    for (const part of this.#held) part.forget();
    this.#held.clear();
    let low = 0;
    while (this.#taken.has(low)) low++;
    this.numbering = { log: 'log-1', opening: `o${this.#openings++}`, low, end: this.bodies.length };
  }

  /** The next events in a row that are not taken. */
  next(countMax: number): { readonly number: number; readonly bodies: readonly string[] } | null {
    const gone = new Set([...this.#taken, ...this.#fresh.flat(), ...this.#out]);
    let number = 0;
    while (gone.has(number)) number++;
    let end = number;
    while (end < this.bodies.length && end - number < countMax && !gone.has(end)) end++;
    for (let at = number; at < end; at++) this.#out.add(at);
    return end === number ? null : { number, bodies: this.bodies.slice(number, end) };
  }

  /** Events that are not committed. */
  get left(): number {
    return this.bodies.length - this.#taken.size - this.#fresh.flat().length;
  }

  get isHolding(): boolean {
    return this.#held.size > 0;
  }

  /** A take is settled but for what is held. What comes from an opening before counts no more. */
  settle({ opening }: Numbering, number: number, count: number, parts: readonly HeldPart[]): void {
    if (opening !== this.numbering.opening) {
      for (const part of parts) part.forget();
      return;
    }
    const held = new Set(parts.flatMap(numbersOf));
    this.#commit(Array.from({ length: count }, (_, n) => number + n).filter((n) => !held.has(n)));
    for (const part of parts) {
      this.#held.add(part);
      void part.delivered.then(() => {
        if (this.#held.delete(part)) this.#commit(numbersOf(part));
      });
    }
  }

  #commit(numbers: readonly number[]): void {
    this.#fresh.push(numbers);
    for (const number of numbers) this.#out.delete(number);
  }

  /** It is handed out again. */
  giveBack({ opening }: Numbering, number: number, count: number): void {
    if (opening !== this.numbering.opening) return;
    for (let at = number; at < number + count; at++) this.#out.delete(at);
  }
}

function numbersOf({ ranges }: HeldPart): number[] {
  return ranges.flatMap(({ view, first, count }) =>
    Array.from({ length: count }, (_, n) => view.place!.first + first + n),
  );
}

/** What a server may do after the one who asked for it is dead. */
const LATE: ReadonlySet<Operation> = new Set(['create', 'rename', 'delete']);

/** Lives of the sink over the same files; its calls hang once it is killed. */
class World {
  readonly files = new Map<string, Buffer>();
  readonly channel = new Channel();
  #nowMs = 1_700_000_000_000;
  /** What hangs in a server and is done late. */
  late: (() => unknown)[] = [];
  readonly #state: string;
  #lastError: unknown = null;

  constructor() {
    this.#state = temporaryDirectory();
  }

  async life(plan: Life): Promise<void> {
    const { channel } = this;
    const { faults, killAt, isDone, isLate, refused, slow } = plan;
    if (plan.losesLocal) rmSync(this.#state, { recursive: true, force: true });
    channel.open(plan.forgets);
    const disk = new FaultyFileSystem(this.files);
    const killed = Promise.withResolvers<'killed'>();
    const waits = async () => {
      await sleep(1);
      // What a dead sink asked for is done late by `late` only.
      if (disk.isDead) await new Promise(() => {});
    };
    let call = 0;
    let refusals = refused.calls;
    disk.fault = (operation: Operation, path: string) => {
      const n = call++;
      if (n >= killAt) {
        killed.resolve('killed');
        disk.isDead = true;
        if (n === killAt && isDone) return new Hang((work) => work());
        return isLate && LATE.has(operation) ? new Hang((work) => this.late.push(work)) : new Hang();
      }
      const fault = faults[n] ?? 'none';
      if (n >= refused.from && path.startsWith(`/d/${refused.bucket}.`) && refusals-- > 0)
        return new FileSystemError('permission', 'denied');
      if (slow > 0 && n % slow === 0) return waits();
      if (fault === 'none' || operation === 'read') return null;
      if (fault === 'lose' && operation !== 'create') return new LostAnswer('lost');
      return new FileSystemError('unavailable', 'away');
    };
    const running = this.#run(disk, plan);
    await Promise.race([killed.promise, running]);
    disk.isDead = true;
  }

  async #run(disk: FaultyFileSystem, plan: Life): Promise<void> {
    const { takes, overlap, reopensAt, reopensInMs, forgets, mayHold } = plan;
    const rig = await this.#start(disk, plan.rollCount, mayHold);
    for (const [n, buckets] of takes.entries()) {
      if (disk.isDead) return;
      this.channel.put(buckets);
      this.#doLate(1);
      const flying = Array.from({ length: overlap }, () => this.#take(rig, buckets.length));
      if (n === reopensAt) {
        await sleep(reopensInMs);
        if (disk.isDead) return;
        this.channel.open(forgets);
        flying.push(this.#take(rig, buckets.length));
      }
      await Promise.all(flying);
      // What failed is handed out again.
      await this.#take(rig, buckets.length + 1);
    }
    await this.#untilNothingIsHeld(disk);
  }

  async #untilNothingIsHeld(disk: FaultyFileSystem): Promise<void> {
    for (let ms = 0; ms < PATIENCE_MS && this.channel.isHolding && !disk.isDead; ms++) await sleep(1);
  }

  async #start(disk: FaultyFileSystem, rollCount: number, mayHold: boolean): Promise<Faulty> {
    const properties = {
      'hdfs.path': 'hdfs://nn/d',
      'hdfs.delivery': 'exactly-once',
      'hdfs.recoverInUse': 'true',
      'hdfs.stateDir': this.#state,
      'hdfs.callTimeout': '0',
      'hdfs.retryInterval': '1',
      'hdfs.rollCount': String(rollCount),
    };
    // Timers of a sink that is dead must not keep the test waiting: it never stops.
    const rig = await Faulty.start({ after: () => {} }, properties, mayHold, disk, RETRY_MS);
    // The clock stands still at times: names would be given twice.
    this.#nowMs += 1;
    rig.clock.nowMs = this.#nowMs;
    return rig;
  }

  async #take(rig: Faulty, countMax: number): Promise<void> {
    const { channel } = this;
    // Nobody hands out anything to who is dead.
    const take = rig.disk.isDead ? null : channel.next(countMax);
    if (take === null) return;
    const { numbering } = channel;
    const { number, bodies } = take;
    try {
      channel.settle(numbering, number, bodies.length, await rig.writeNumbered(numbering, number, ...bodies));
    } catch (error) {
      channel.giveBack(numbering, number, bodies.length);
      this.#lastError = error;
    }
  }

  /** A last life in peace. */
  async finish(): Promise<void> {
    this.channel.open(0);
    const disk = new FaultyFileSystem(this.files);
    const rig = await this.#start(disk, 0, true);
    this.#doLate(this.late.length);
    for (let tries = 0; this.channel.left > 0; tries++) {
      assert.ok(tries < 1000, `${this.channel.left} events are never committed: ${this.#lastError}`);
      await this.#take(rig, 7);
      await this.#untilNothingIsHeld(disk);
    }
    await rig.stop();
  }

  finished(): string[] {
    const finished = [...this.files].filter(
      ([path]) => !path.endsWith('.tmp') && !path.includes('/.millrace/'),
    );
    return finished.flatMap(([, bytes]) => bytes.toString().split('\n').slice(0, -1));
  }

  inUse(): string[] {
    return [...this.files.keys()].filter((path) => path.endsWith('.tmp'));
  }

  #doLate(count: number): void {
    for (const work of this.late.splice(0, count)) {
      try {
        work();
      } catch {
        // The file is not there any more, or another one is: nobody hears of it.
      }
    }
  }
}

test('each event stands in one finished file', async () => {
  const lives = fc.array(life, { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(lives, async (plan) => {
      const world = new World();
      for (const one of plan) await world.life(one);
      await world.finish();
      assert.deepEqual(world.finished().sort(), [...world.channel.bodies].sort());
      const isLocal = plan.every(({ losesLocal, isLate }) => !losesLocal && !isLate);
      if (isLocal) assert.deepEqual(world.inUse(), []);
    }),
    { numRuns: 100, timeout: 10_000 },
  );
});
