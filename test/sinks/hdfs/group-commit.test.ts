import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GroupCommit } from '../../../src/sinks/hdfs/group-commit.ts';
import { batchOf } from '../../kit/editor.ts';
import { until } from '../../kit/until.ts';

const take = (...bodies: readonly string[]) => batchOf(bodies.map((body) => [{}, body] as const));

/** Commits wait until the test ends them. */
class Commits {
  readonly begun: string[] = [];
  readonly group: GroupCommit;
  #end: ((error: Error | null) => void) | null = null;

  constructor(eventsMin: number, intervalMs: number) {
    this.group = new GroupCommit({
      eventsMin,
      intervalMs,
      deliver: (takes) => {
        assert.equal(this.#end, null, 'one at a time');
        const bodies: string[] = [];
        for (const batch of takes) batch.forEach((view, i) => void bodies.push(view.bodyText(i)));
        this.begun.push(bodies.join(' '));
        return new Promise((resolve, reject) => {
          this.#end = (error) => (error === null ? resolve(takes.map(() => [])) : reject(error));
        });
      },
    });
  }

  async end(error: Error | null = null): Promise<void> {
    await until('a commit is under way', () => this.#end !== null);
    const end = this.#end!;
    this.#end = null;
    end(error);
  }
}

test('takes that come while a commit is under way make up the next one, in their order', async () => {
  const commits = new Commits(1, 0);
  const first = commits.group.add(take('a', 'b'));
  await until('it begins', () => commits.begun.length === 1);
  const others = [take('c'), take('d', 'e'), take('f')].map((batch) => commits.group.add(batch));
  let isSafe = false;
  void others[0]!.then(() => {
    isSafe = true;
  });
  await commits.end();
  await first;
  await until('the next begins', () => commits.begun.length === 2);
  assert.equal(isSafe, false);
  await commits.end();
  await Promise.all(others);
  assert.deepEqual(commits.begun, ['a b', 'c d e f']);
});

test('a small commit waits for its time; the first after a rest does not', async () => {
  const commits = new Commits(100, 60);
  const began = performance.now();
  const first = commits.group.add(take('a'));
  await commits.end();
  await first;
  assert.ok(performance.now() - began < 60);
  const second = commits.group.add(take('b'));
  const third = commits.group.add(take('c'));
  await commits.end();
  await Promise.all([second, third]);
  assert.ok(performance.now() - began >= 59);
  assert.deepEqual(commits.begun, ['a', 'b c']);
});

test('a large commit does not wait, nor does a small one that becomes large', async () => {
  const commits = new Commits(3, 3_600_000);
  const first = commits.group.add(take('a'));
  await commits.end();
  await first;
  const large = commits.group.add(take('b', 'c', 'd'));
  await commits.end();
  await large;
  const small = [commits.group.add(take('e')), commits.group.add(take('f'))];
  await new Promise(setImmediate);
  assert.equal(commits.begun.length, 2);
  small.push(commits.group.add(take('g')));
  await commits.end();
  await Promise.all(small);
  assert.deepEqual(commits.begun, ['a', 'b c d', 'e f g']);
});

test('a failure fails the takes that wait, too, so that they come again in order', async () => {
  const commits = new Commits(1, 0);
  const first = commits.group.add(take('a'));
  await until('it begins', () => commits.begun.length === 1);
  const second = commits.group.add(take('b'));
  await Promise.all([
    assert.rejects(first, /no room/),
    assert.rejects(second, /no room/),
    commits.end(new Error('no room')),
  ]);
  const again = [commits.group.add(take('a')), commits.group.add(take('b'))];
  await commits.end();
  await Promise.all(again);
  assert.deepEqual(commits.begun, ['a', 'a b']);
});
