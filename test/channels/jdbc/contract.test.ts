import { join } from 'node:path';
import declaration from '../../../src/channels/jdbc/index.ts';
import { asyncChannelContract } from '../../conformance/async-channel-contract.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

asyncChannelContract({
  name: 'jdbc, SQLite',
  declaration,
  place: () => ({ 'driver.url': `jdbc:sqlite:${join(temporaryDirectory(), 'sqlite')}` }),
  capacity: (capacity) => ({ 'maximum.capacity': `${capacity}` }),
  keepAliveMs: 0,
});
