/** What sources that listen on a port say, the same for all of them. */
import { MillraceError, messageOf } from '../base/errors.ts';
import type { ComponentContext } from './context.ts';

/** Why a port cannot be listened on, with what to do. */
export function cannotListen(
  context: ComponentContext,
  bind: string,
  port: number,
  cause: unknown,
): MillraceError {
  const component = `source ${context.name}`;
  return new MillraceError(
    'SOURCE_FAILED',
    `${component} cannot listen on ${bind}:${port}: ${messageOf(cause)}`,
    {
      component,
      option: 'port',
      value: String(port),
      remedy: 'choose a free port and an address of this host',
      cause,
    },
  );
}
