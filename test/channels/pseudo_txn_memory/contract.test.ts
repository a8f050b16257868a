import declaration from '../../../src/channels/pseudo_txn_memory/index.ts';
import { channelContract } from '../../conformance/channel-contract.ts';

channelContract({
  name: 'PseudoTxnMemoryChannel',
  declaration,
  options: (capacity) => ({ capacity: String(capacity) }),
  boundsTransactions: false,
  refuses: false,
});
