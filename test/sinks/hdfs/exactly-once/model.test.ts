/**
 * The sink against a model: it is killed before, in or behind any call of the file system, answers are lost,
 * servers do late what a dead sink asked of them, the channel forgets takes that had not reached its disk.
 * At the end each event stands in exactly one finished file.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Numbering } from '../../../../src/memory/block/numbering.ts';
import { FileSystemError } from '../../../../src/sinks/hdfs/file-system/door.ts';
import { temporaryDirectory } from '../../../kit/temporary.ts';
import { FaultyFileSystem, Hang, LostAnswer, type Operation } from '../faulty-file-system.ts';
import { Faulty } from '../faulty-rig.ts';

type What = 'none' | 'refuse' | 'lose';

interface Life {
  /** Events of each take, and whose bucket each is of. */
  readonly takes: readonly (readonly string[])[];
  /** What becomes of the first calls. */
  readonly faults: readonly What[];
  /** The call at which it is killed, whether that is done, and whether what hangs is done late. */
  readonly killAt: number;
  readonly isDone: boolean;
  readonly isLate: boolean;
  /** The channel had not yet written that so many of the last takes are taken. */
  readonly forgets: number;
  readonly losesLocal: boolean;
  /** Files roll after so many events. */
  readonly rollCount: number;
}

const life: fc.Arbitrary<Life> = fc.record({
  takes: fc.array(fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 }), {
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
  killAt: fc.nat(90),
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
  #fresh: number[][] = [];
  #openings = 0;
  numbering!: Numbering;

  put(buckets: readonly string[]): void {
    for (const bucket of buckets) this.bodies.push(`${bucket}${this.bodies.length}`);
  }

  open(forgets: number): void {
    const kept = this.#fresh.slice(0, Math.max(0, this.#fresh.length - forgets));
    for (const numbers of kept) for (const number of numbers) this.#taken.add(number);
    this.#fresh = [];
    let low = 0;
    while (this.#taken.has(low)) low++;
    this.numbering = { log: 'log-1', opening: `o${this.#openings++}`, low, end: this.bodies.length };
  }

  /** The next events in a row that are not taken. */
  next(countMax: number): { readonly number: number; readonly bodies: readonly string[] } | null {
    const gone = new Set([...this.#taken, ...this.#fresh.flat()]);
    let number = 0;
    while (gone.has(number)) number++;
    let end = number;
    while (end < this.bodies.length && end - number < countMax && !gone.has(end)) end++;
    return end === number ? null : { number, bodies: this.bodies.slice(number, end) };
  }

  commit(number: number, count: number): void {
    this.#fresh.push(Array.from({ length: count }, (_, n) => number + n));
  }
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

  constructor(t: TestContext) {
    this.#state = temporaryDirectory(t);
  }

  async life({ faults, killAt, isDone, isLate, rollCount, ...plan }: Life): Promise<void> {
    const { channel } = this;
    if (plan.losesLocal) rmSync(this.#state, { recursive: true, force: true });
    channel.open(plan.forgets);
    const disk = new FaultyFileSystem(this.files);
    const killed = Promise.withResolvers<'killed'>();
    let call = 0;
    disk.fault = (operation: Operation) => {
      const n = call++;
      if (n >= killAt) {
        killed.resolve('killed');
        disk.isDead = true;
        if (n === killAt && isDone) return new Hang((work) => work());
        return isLate && LATE.has(operation) ? new Hang((work) => this.late.push(work)) : new Hang();
      }
      const fault = faults[n] ?? 'none';
      if (fault === 'none' || operation === 'read') return null;
      if (fault === 'lose' && operation !== 'create') return new LostAnswer('lost');
      return new FileSystemError('unavailable', 'away');
    };
    const running = this.#run(disk, rollCount, plan.takes);
    await Promise.race([killed.promise, running]);
    disk.isDead = true;
  }

  async #run(disk: FaultyFileSystem, rollCount: number, takes: Life['takes']): Promise<void> {
    const rig = await this.#start(disk, rollCount);
    for (const buckets of takes) {
      if (disk.isDead) return;
      this.channel.put(buckets);
      this.#doLate(1);
      // Two tries: what fails is handed out again.
      for (let tries = 0; tries < 2; tries++) await this.#take(rig, buckets.length + 1);
    }
  }

  async #start(disk: FaultyFileSystem, rollCount: number): Promise<Faulty> {
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
    const rig = await Faulty.start({ after: () => {} }, properties, true, disk);
    // The clock stands still at times: names would be given twice.
    this.#nowMs += 1;
    rig.clock.nowMs = this.#nowMs;
    return rig;
  }

  async #take(rig: Faulty, countMax: number): Promise<void> {
    const take = this.channel.next(countMax);
    if (take === null) return;
    try {
      await rig.writeNumbered(this.channel.numbering, take.number, ...take.bodies);
      this.channel.commit(take.number, take.bodies.length);
    } catch (error) {
      // It is handed out again.
      this.#lastError = error;
    }
  }

  /** A last life in peace. */
  async finish(): Promise<void> {
    this.channel.open(0);
    const rig = await this.#start(new FaultyFileSystem(this.files), 0);
    this.#doLate(this.late.length);
    let left = this.channel.next(1);
    for (let tries = 0; left !== null; tries++) {
      assert.ok(tries < 1000, `event ${left.number} is never committed: ${this.#lastError}`);
      await this.#take(rig, 7);
      left = this.channel.next(1);
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

test('each event stands in one finished file', async (t) => {
  const lives = fc.array(life, { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(lives, async (plan) => {
      const world = new World(t);
      for (const one of plan) await world.life(one);
      await world.finish();
      assert.deepEqual(world.finished().sort(), [...world.channel.bodies].sort());
      const isLocal = plan.every(({ losesLocal, isLate }) => !losesLocal && !isLate);
      if (isLocal) assert.deepEqual(world.inUse(), []);
    }),
    { numRuns: 100, timeout: 10_000 },
  );
});
