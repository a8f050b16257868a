// Sends to the hosts of a properties file: node several-hosts.mjs [FILE]
import { RpcClient } from 'millrace/client';

const client = await RpcClient.openFile(process.argv[2] ?? 'client.properties');
try {
  for (let n = 1; n <= 10; n++) await client.append({ headers: { n: String(n) }, body: `event ${n}` });
  console.log('10 events were acknowledged');
} finally {
  client.close();
}
