/**
 * Tiers under kill -9: agents of a diamond are killed at random moments, one after another, while lines flow;
 * `npm run crash -- N tiers EVENTS` does it N times.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../kit/until.ts';
import { Feeder, numbered, Topology } from './topology.ts';

const KILLS = Number(process.env.MILLRACE_TIER_KILLS ?? 3);
const EVENTS = Number(process.env.MILLRACE_TIER_EVENTS ?? 20_000);
const CLIENTS = 4;

test(`a diamond of file channels loses none of ${EVENTS} lines to ${KILLS} kills`, {
  timeout: 120_000 + KILLS * 20_000 + EVENTS,
}, async (t) => {
  const topology = await Topology.of(t, 'diamond');
  await topology.startAll();
  const agents = [...topology.agents.keys()];
  const feeders = Array.from({ length: CLIENTS }, () => new Feeder(topology.port(44444)));
  const share = EVENTS / CLIENTS;
  let feeding = true;
  const fed = Promise.all(
    feeders.map((feeder, n) => feeder.send(numbered('line', n * share, (n + 1) * share))),
  ).finally(() => {
    feeding = false;
  });
  const sent = () => feeders.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  for (let kill = 0; kill < KILLS; kill++) {
    // Spread over the lines, at a random moment of each part.
    const moment = ((kill + Math.random()) * EVENTS) / (KILLS + 1);
    await until('lines flow', () => sent() >= moment || !feeding, 60_000 + EVENTS);
    const agent = agents[kill % agents.length]!;
    await topology.kill(agent);
    await topology.start(agent);
  }
  await fed;
  const acknowledged = feeders.flatMap((feeder) => feeder.acknowledged);
  assert.equal(acknowledged.length, EVENTS);
  await topology.untilDelivered(acknowledged, 'topology', 60_000 + EVENTS);
  const delivered = topology.delivered();
  const wanted = new Set(acknowledged);
  assert.deepEqual(
    delivered.filter((line) => !wanted.has(line)),
    [],
    'nothing is invented',
  );
  t.diagnostic(`${KILLS} kills: ${EVENTS} lines, ${delivered.length - EVENTS} delivered again`);
});
