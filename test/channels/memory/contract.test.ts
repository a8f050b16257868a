import declaration from '../../../src/channels/memory/index.ts';
import { channelContract } from '../../conformance/channel-contract.ts';

channelContract({
  name: 'memory',
  declaration,
  options: (capacity, transaction, keepAliveS) => ({
    capacity: String(capacity),
    transactionCapacity: String(transaction),
    'keep-alive': String(keepAliveS),
  }),
  boundsTransactions: true,
  refuses: true,
});
