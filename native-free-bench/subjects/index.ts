/** Every subject, in the order in which they run. */
import '../native-off.ts';
import type { Subject } from '../kit.ts';
import { blocks } from './blocks.ts';
import { headers } from './headers.ts';
import { ids } from './ids.ts';
import { interceptors } from './interceptors.ts';
import { lines } from './lines.ts';
import { properties } from './properties.ts';
import { regex } from './regex.ts';
import { ring } from './ring.ts';
import { serializers } from './serializers.ts';

export const SUBJECTS: readonly Subject[] = [
  ring,
  ids,
  blocks,
  headers,
  lines,
  interceptors,
  serializers,
  properties,
  regex,
];
