import declaration from '../../../src/selectors/load_balancing/index.ts';
import { badValue, optionsContract } from '../../kit/options.ts';

optionsContract({
  declaration,
  defaults: { policy: 'round_robin' },
  good: [
    [{ policy: 'RANDOM' }, { policy: 'random' }],
    [{ policy: ' Round_Robin ' }, { policy: 'round_robin' }],
  ],
  bad: [badValue('policy', 'sticky', /^give one of round_robin, random$/)],
  slip: ['polcy', 'policy'],
});
