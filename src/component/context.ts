import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';

/** What every component is given. `options` are parsed by its own option table. */
export interface ComponentContext {
  /** The name in flume.conf: `r1`. */
  readonly name: string;
  /** Parsed by the component's table; cast once with `OptionsOf<typeof options>` in `create`. */
  readonly options: unknown;
  readonly log: Logger;
  readonly clock: Clock;
}
