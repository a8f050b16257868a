import { join } from 'node:path';
import declaration from '../../../src/channels/spillable_memory/index.ts';
import { asyncChannelContract } from '../../conformance/async-channel-contract.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';

asyncChannelContract({
  name: 'spillable memory, all of it on the disk',
  declaration,
  place: () => {
    const base = temporaryDirectory();
    return {
      memoryCapacity: '0',
      checkpointDir: join(base, 'checkpoint'),
      dataDirs: join(base, 'data'),
      minimumRequiredSpace: '1MiB',
    };
  },
  capacity: (capacity) => ({
    overflowCapacity: `${capacity}`,
    memoryCapacity: '0',
    transactionCapacity: `${Math.min(capacity, 10_000)}`,
  }),
  keepAliveMs: 3000,
});
