/** One unit as the supervisor knows it, and what is shown of it. */
import type { ComponentState } from '../status.ts';
import type { Unit } from '../worker/messages.ts';
import type { ComponentKindName } from './counters.ts';

export type UnitStateName =
  | 'new'
  | 'opening'
  | 'open'
  | 'starting'
  | 'running'
  | 'failed'
  | 'removed'
  | 'closing'
  | 'stopped';

/** The moves that the drawing in agent.ts has. */
const MOVES: Readonly<Record<UnitStateName, readonly UnitStateName[]>> = {
  new: ['opening', 'failed', 'removed', 'closing', 'stopped'],
  opening: ['open', 'failed', 'removed', 'closing', 'stopped'],
  open: ['starting', 'running', 'failed', 'removed', 'closing', 'stopped'],
  starting: ['running', 'failed', 'removed', 'closing', 'stopped'],
  running: ['failed', 'removed', 'closing', 'stopped'],
  failed: ['opening', 'failed', 'removed', 'closing', 'stopped'],
  removed: [],
  closing: ['stopped', 'failed', 'removed'],
  stopped: [],
};

export interface UnitState {
  unit: Unit;
  worker: string;
  readonly state: UnitStateName;
  /** Why it failed, by the unit. */
  reason: string | null;
  /** Reasons of degraded components, `sink k1` → text. */
  readonly degraded: Map<string, string>;
  restarts: number;
  waiters: (() => void)[];
  retry: NodeJS.Timeout | null;
}

export function newState(unit: Unit): UnitState {
  return {
    unit,
    worker: '',
    state: 'new',
    reason: null,
    degraded: new Map(),
    restarts: 0,
    waiters: [],
    retry: null,
  };
}

/**
 * Moves a unit on. False for a move that there is not: a message that came too late (an `opened` of a unit
 * that was closed meanwhile) changes nothing.
 */
export function moveTo(state: UnitState, to: UnitStateName): boolean {
  if (!MOVES[state.state].includes(to)) return false;
  (state as { state: UnitStateName }).state = to;
  return true;
}

export function isUp(state: UnitState): boolean {
  return state.state === 'open' || state.state === 'starting' || state.state === 'running';
}

export function shownState(state: UnitState, degraded: string | null): ComponentState {
  switch (state.state) {
    case 'running':
      return degraded === null ? 'running' : 'degraded';
    case 'failed':
    case 'removed':
      return 'failed';
    case 'closing':
    case 'stopped':
      return 'stopped';
    default:
      return 'starting';
  }
}

export function title(kind: ComponentKindName): string {
  return kind[0]!.toUpperCase() + kind.slice(1);
}

export function titleOf(unit: Unit): string {
  return unit.kind === 'group'
    ? `Sink ${unit.sinks.map((sink) => sink.name).join(', ')}`
    : `${title(unit.kind)} ${unit.name}`;
}
