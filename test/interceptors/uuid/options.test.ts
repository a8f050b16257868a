import declaration from '../../../src/interceptors/uuid/index.ts';
import { optionsContract } from '../../kit/options.ts';

optionsContract({
  declaration,
  defaults: { headerName: 'id', preserveExisting: true, prefix: '' },
  good: [
    [
      { headerName: 'key', prefix: 'bar#' },
      { headerName: 'key', prefix: 'bar#' },
    ],
  ],
  slip: ['headername', 'headerName'],
});
