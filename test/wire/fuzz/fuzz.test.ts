/**
 * Changed bytes into everything that reads a peer's: each input is read or refused, in time, and what reads
 * them is as good afterwards as before. `npm run fuzz -- 1000000` reads as many; a seed in its output, given
 * as MILLRACE_FUZZ_SEED, makes the same inputs again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutated, Random } from './mutate.ts';
import { refuses, TARGETS, type Target } from './targets.ts';

const INPUTS = Number(process.env.MILLRACE_FUZZ_INPUTS ?? 20_000);
const SEED = Number(process.env.MILLRACE_FUZZ_SEED ?? Date.now() % 2 ** 31);
/** Far more than any input takes, but for the collector's pauses. */
const INPUT_MS_MAX = 2000;
/** Inputs between two looks at whether right ones are still read. */
const LOOK_EVERY = 500;
/** What all inputs together may leave behind. */
const LEFT_BYTES_MAX = 256 * 1024 * 1024;

/** The events of each right input. */
async function checkCorpus(target: Target, random: Random): Promise<number[]> {
  const found: number[] = [];
  for (const bytes of target.corpus) {
    let events = 0;
    await target.read(bytes, random, (more) => {
      events += more;
    });
    found.push(events);
  }
  return found;
}

for (const [place, make] of TARGETS.entries()) {
  const target = make();
  test(`${target.name}: ${Math.floor(INPUTS / TARGETS.length)} changed inputs`, async (t) => {
    const seed = SEED + place;
    const random = new Random(seed);
    const wanted = await checkCorpus(target, random);
    assert.ok(
      wanted.every((events) => events > 0),
      `every right input brings events: ${wanted}`,
    );
    const before = process.memoryUsage().arrayBuffers;
    let [calls, refused, slowestMs] = [0, 0, 0];
    const brought = (events: number) => {
      if (events > 0) calls++;
    };
    for (let n = 0; n < INPUTS / TARGETS.length; n++) {
      const bytes = mutated(target.corpus, random);
      const beganMs = performance.now();
      try {
        await target.read(bytes, random, brought);
      } catch (error) {
        if (!refuses(error))
          throw new Error(`seed ${seed}, input ${n}: ${bytes.toString('hex')}`, { cause: error });
        refused++;
      }
      slowestMs = Math.max(slowestMs, performance.now() - beganMs);
      if (n % LOOK_EVERY === 0)
        assert.deepEqual(await checkCorpus(target, random), wanted, `after input ${n}`);
    }
    assert.deepEqual(await checkCorpus(target, random), wanted);
    assert.ok(slowestMs < INPUT_MS_MAX, `an input took ${slowestMs} ms`);
    const left = process.memoryUsage().arrayBuffers - before;
    assert.ok(left < LEFT_BYTES_MAX, `${left} bytes are left`);
    // Changes that all end at the first check, or at none, would say nothing.
    const inputs = INPUTS / TARGETS.length;
    const found = `${calls} calls with events, ${refused} inputs refused`;
    assert.ok(calls > inputs / 50 && refused > inputs / 50, found);
    t.diagnostic(`seed ${seed}: ${found}, ${slowestMs.toFixed(0)} ms the slowest`);
  });
}
