import declaration from '../../../src/interceptors/static/index.ts';
import { optionsContract } from '../../kit/options.ts';

optionsContract({
  declaration,
  defaults: { preserveExisting: true, key: 'key', value: 'value' },
  good: [
    [
      { key: 'datacenter', value: 'NYC' },
      { key: 'datacenter', value: 'NYC' },
    ],
    [{ preserveExisting: 'no' }, { preserveExisting: false }],
  ],
  slip: ['vlaue', 'value'],
});
