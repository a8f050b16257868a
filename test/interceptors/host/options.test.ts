import declaration from '../../../src/interceptors/host/index.ts';
import { optionsContract } from '../../kit/options.ts';

optionsContract({
  declaration,
  defaults: { preserveExisting: false, useIP: true, hostHeader: 'host' },
  good: [
    [
      { useIP: 'false', hostHeader: 'hostname' },
      { useIP: false, hostHeader: 'hostname' },
    ],
  ],
  slip: ['useIp', 'useIP'],
});
