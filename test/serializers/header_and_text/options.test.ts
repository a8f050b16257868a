import declaration from '../../../src/serializers/header_and_text/index.ts';
import { optionsContract } from '../../kit/options.ts';

optionsContract({
  declaration,
  defaults: { appendNewline: true },
  good: [[{ appendNewline: 'false' }, { appendNewline: false }]],
  slip: ['appendNewLine', 'appendNewline'],
});
