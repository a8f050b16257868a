import { join } from 'node:path';
import declaration from '../../../src/channels/file/index.ts';
import { asyncChannelContract } from '../../conformance/async-channel-contract.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

asyncChannelContract({
  name: 'file',
  declaration,
  place: () => {
    const base = temporaryDirectory();
    return {
      checkpointDir: join(base, 'checkpoint'),
      dataDirs: join(base, 'data'),
      minimumRequiredSpace: '1MiB',
    };
  },
  capacity: (capacity) => ({ capacity: `${capacity}`, transactionCapacity: `${Math.min(capacity, 10_000)}` }),
  keepAliveMs: 3000,
});
