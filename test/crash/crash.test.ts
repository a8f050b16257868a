/** `npm run crash -- N` runs N kills at random moments; `npm test` a few, and one at each named point. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { CrashPoint } from '../../src/base/crash-points.ts';
import { type CrashReport, type CrashSettings, crash, REPEATED_A_KILL_MAX } from './harness.ts';

const KILLS = Number(process.env.MILLRACE_CRASHES ?? 3);
const POINTS: readonly CrashPoint[] = [
  'append',
  'stored',
  'answered',
  'journal',
  'settled',
  'roll',
  'checkpoint',
  'checkpointed',
  'delete',
  'deleted',
];
const LIFE_MS_MAX = 20_000;

async function survives(t: TestContext, settings: CrashSettings): Promise<CrashReport> {
  const report = await crash(t, settings);
  const { kills, sent, acknowledged, delivered, repeated } = report;
  t.diagnostic(
    `${kills} kills: ${sent} lines sent, ${acknowledged} acknowledged, ${delivered} delivered, ${repeated} repeated`,
  );
  assert.deepEqual(report.missing, [], 'every acknowledged line is delivered');
  assert.deepEqual(report.invented, [], 'nothing is invented');
  assert.deepEqual(report.disordered, [], 'lines of a connection keep their order');
  assert.ok(repeated <= kills * REPEATED_A_KILL_MAX, `${repeated} lines came again`);
  return report;
}

/** A thousand kills take longer than the tests' own limit. */
const timeout = 120_000 + KILLS * LIFE_MS_MAX;

describe('a file channel under kill -9', { timeout }, () => {
  test(`at ${KILLS} random moments loses nothing that was acknowledged`, { timeout }, async (t) => {
    const { acknowledged } = await survives(t, {
      kills: KILLS,
      directories: 2,
      sink: 'file_roll',
      random: Math.random,
    });
    assert.ok(acknowledged > 0, 'lines were acknowledged between the kills');
  });

  for (const point of POINTS) {
    test(`at the point ${point}`, async (t) => {
      await survives(t, { kills: 1, point, directories: 1, sink: 'file_roll', random: Math.random });
    });
  }
});

const SINK_POINTS: readonly CrashPoint[] = ['stored', 'delivered', 'recorded', 'rename', 'renamed'];

async function survivesOnce(t: TestContext, settings: Omit<CrashSettings, 'sink' | 'random'>): Promise<void> {
  const report = await survives(t, { ...settings, sink: 'hdfs', random: Math.random });
  assert.equal(report.repeated, 0, 'no line came twice');
  assert.deepEqual(report.inUse, [], 'no file is left in use');
}

describe('an hdfs sink with exactly-once delivery under kill -9', { timeout }, () => {
  test(`at ${KILLS} random moments each line stands in one finished file`, { timeout }, async (t) => {
    await survivesOnce(t, { kills: KILLS, directories: 2 });
  });

  for (const point of SINK_POINTS) {
    test(`at the point ${point}`, async (t) => {
      await survivesOnce(t, { kills: 2, point, directories: 1 });
    });
  }
});
