/** One unit as the supervisor knows it, and what is shown of it. */
import type { ComponentState } from '../status.ts';
import type { Unit } from '../worker/messages.ts';
import type { ComponentKindName } from './counters.ts';

export interface UnitState {
  unit: Unit;
  worker: string;
  state: 'new' | 'opening' | 'open' | 'starting' | 'running' | 'failed' | 'removed' | 'closing' | 'stopped';
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
