// An agent inside this program: its channel holds events while the collector is away.
// node embedded.mjs [HOST PORT]
import { EmbeddedAgent, MillraceError } from 'millrace';

const [hostname = 'localhost', port = '4141'] = process.argv.slice(2);
const agent = new EmbeddedAgent('orders', {
  log: ({ level, text }) => level === 'error' && console.error(text),
});
agent.configure({
  'source.interceptors': 'i1',
  'source.interceptors.i1.type': 'timestamp',
  'channel.type': 'memory',
  'channel.capacity': 10000,
  'channel.transactionCapacity': 1000,
  sinks: 'k1',
  'k1.type': 'avro',
  'k1.hostname': hostname,
  'k1.port': port,
  'k1.batch-size': 1000,
  'processor.type': 'default',
});
await agent.start();
try {
  await agent.put({ headers: { host: 'web1' }, body: 'an order' });
  await agent.putAll([{ body: 'two' }, { body: 'at once' }]);
} catch (error) {
  if (!(error instanceof MillraceError) || error.code !== 'CHANNEL_FULL') throw error;
  console.error(`${error.message}; put the events again later`);
}
const allDelivered = await agent.stop(10_000);
console.log(allDelivered ? 'all events are delivered' : 'events were left in the channel');
