import declaration from '../../../src/interceptors/timestamp/index.ts';
import { optionsContract } from '../../kit/options.ts';

optionsContract({
  declaration,
  defaults: { headerName: 'timestamp', preserveExisting: false },
  good: [
    [{ headerName: 'when' }, { headerName: 'when' }],
    // The guide says `header`, the code reads `headerName`: both are taken, the code's name first.
    [{ header: 'when' }, { headerName: 'when' }],
    [{ header: 'guide', headerName: 'code' }, { headerName: 'code' }],
    [{ preserveExisting: 'TRUE' }, { preserveExisting: true }],
    [{ preserveExisting: 'off' }, { preserveExisting: false }],
  ],
  slip: ['preserveExistng', 'preserveExisting'],
});
