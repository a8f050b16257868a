/** Which units share a worker when there are more of them than workers may be. */
import { type Unit, unitKey } from '../worker/messages.ts';

/** Units of one worker, and its name. */
export interface WorkerAssignment {
  readonly name: string;
  readonly keys: readonly string[];
}

/**
 * One worker a unit while there are enough. Else units of one kind share first, as they wait for
 * the same things: each kind gets workers in proportion to its units, at least one when there
 * are three or more workers.
 */
export function assignWorkers(units: readonly Unit[], workersMax: number): readonly WorkerAssignment[] {
  if (units.length <= workersMax) {
    return units.map((unit) => ({ name: `${unit.kind}-${unit.name}`, keys: [unitKey(unit)] }));
  }
  const kinds = (['source', 'channel', 'group'] as const)
    .map((kind) => units.filter((unit) => unit.kind === kind))
    .filter((list) => list.length > 0);
  if (workersMax < kinds.length) return spread(units, Math.max(1, workersMax), 'worker');
  let left = workersMax - kinds.length;
  const shares = kinds.map((list) => {
    const more = Math.min(list.length - 1, Math.floor((left * list.length) / units.length));
    return { list, workers: 1 + more };
  });
  left -= shares.reduce((sum, { workers }) => sum + workers - 1, 0);
  for (const one of shares) {
    const more = Math.min(left, one.list.length - one.workers);
    one.workers += more;
    left -= more;
  }
  return shares.flatMap(({ list, workers }) => spread(list, workers, `${list[0]!.kind}s`));
}

function spread(units: readonly Unit[], workers: number, name: string): WorkerAssignment[] {
  const keys: string[][] = Array.from({ length: workers }, () => []);
  units.forEach((unit, i) => {
    keys[i % workers]!.push(unitKey(unit));
  });
  return keys.map((list, i) => ({ name: `${name}-${i + 1}`, keys: list }));
}
