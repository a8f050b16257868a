// Sends events to an avro source: node send.mjs [HOST:PORT]
import { RpcClient } from 'millrace/client';

const address = process.argv[2] ?? 'localhost:4141';
const client = await RpcClient.open({ hosts: 'h1', 'hosts.h1': address });
try {
  await client.append({ headers: { host: 'web1' }, body: 'one event' });
  await client.appendBatch([
    { body: 'of two events the first' },
    { headers: { kind: 'bytes' }, body: Buffer.from([0x00, 0xff]) },
  ]);
  console.log(`${address} has 3 events`);
} finally {
  client.close();
}
