import type { Channel, Take } from '../../src/component/channel.ts';
import { cutTake } from '../../src/transaction/cut-take.ts';

interface Taken {
  readonly take: Take;
  readonly bodies: readonly string[];
}

/** A take in two: every second event, from the first on, and from the second on, which are held. */
export function halvesOf<T extends Taken>(channel: Channel, taken: T): [T, T] {
  const { take, bodies } = taken;
  const cuts = bodies.flatMap((_, first) => (first % 2 === 1 ? [{ held: 7, first, count: 1 }] : []));
  const { rest, held } = cutTake(take, cuts, (...range) => channel.part(...range));
  const cut = held.get(7) ?? { ranges: [], events: 0 };
  const odd = cut.events > 0 ? (channel.hold?.(cut) ?? cut) : cut;
  const bodiesOf = (parity: number) => bodies.filter((_, n) => n % 2 === parity);
  return [
    { ...taken, take: rest, bodies: bodiesOf(0) },
    { ...taken, take: odd, bodies: bodiesOf(1) },
  ];
}
