// Sends the lines of its input, each until it is acknowledged: seq 1 100000 | node deliver.mjs [HOST:PORT]
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { RpcClient, RpcError } from 'millrace/client';

const BATCH = 1000;
const CALLS_AT_ONCE = 4;
const ATTEMPTS = 8;

/** Sends events again that the source does not have, or may not have. */
async function deliver(client, events) {
  let left = events;
  for (let attempt = 1; ; attempt++) {
    try {
      await client.appendBatch(left);
      return;
    } catch (error) {
      if (!(error instanceof RpcError) || error.failure === 'closed' || attempt === ATTEMPTS) throw error;
      left = left.slice(error.delivered);
      console.error(`${error.failure}: ${error.message}; ${left.length} events are sent again`);
      await pause(Math.min(100 * 2 ** attempt, 5000));
    }
  }
}

const address = process.argv[2] ?? 'localhost:4141';
const client = await RpcClient.open({ hosts: 'h1', 'hosts.h1': address, 'batch-size': BATCH });
const underWay = new Set();
let acknowledged = 0;

async function launch(events) {
  while (underWay.size >= CALLS_AT_ONCE) await Promise.race(underWay);
  const call = deliver(client, events).then(() => {
    acknowledged += events.length;
    underWay.delete(call);
  });
  underWay.add(call);
  // Whoever waits next is told; nobody may be waiting yet.
  call.catch(() => {});
}

try {
  let events = [];
  for await (const body of createInterface({ input: process.stdin })) {
    if (events.push({ body }) < BATCH) continue;
    await launch(events);
    events = [];
  }
  await launch(events);
  await Promise.all(underWay);
  console.log(`${address} has ${acknowledged} events`);
} finally {
  client.close();
}
