/**
 * The supervisor: starts an agent's units in workers, joins them by lanes, watches them, brings back what
 * died, and stops everything in order. Runs on the main thread and never touches an event.
 *
 *     unit:  new → opening → open → starting → running ⇄ degraded
 *                     ↘ failed (retried every 3 s, or for good when its configuration cannot work)
 *            any → closing → stopped          worker died → new (after a back-off)
 *
 * Start: channels, then sink groups, then sources; each kind waits for the one before. Stop: the other way.
 */
import { START_RETRY_MS } from '../../base/limits.ts';
import type { LogLevel } from '../../base/log.ts';
import type { AgentPlan } from '../../config/plan/types.ts';
import type { AgentHandle, ComponentStatus, CounterGroup, LogSink } from '../status.ts';
import type { Progress, ToWorker, Unit } from '../worker/messages.ts';
import { unitKey } from '../worker/messages.ts';
import { assignWorkers } from './assign.ts';
import { ComponentCounters, componentsOf } from './counters.ts';
import { Lanes } from './lanes.ts';
import { Remains } from './remains.ts';
import { RestartDelays } from './restart-delays.ts';
import { StoreNumbers } from './store-numbers.ts';
import {
  isUp,
  moveTo,
  newState,
  shownState,
  title,
  titleOf,
  type UnitState,
  type UnitStateName,
} from './unit-state.ts';
import { Watchdog } from './watchdog.ts';
import { type WorkerEvents, WorkerHandle } from './worker-handle.ts';

export interface AgentSettings {
  readonly agentName: string;
  readonly units: readonly Unit[];
  /** Components, `source r1` …, for which Flume registers a counter group. */
  readonly registered: ReadonlySet<string>;
  readonly log: LogSink;
  readonly workersMax: number;
  readonly systemProperties: Readonly<Record<string, string>>;
  readonly heapBytes: number | null;
  readonly pluginPaths: readonly string[];
  readonly confDir: string | null;
}

const DRAIN_POLL_MS = 20;
const CLOSE_MS_MAX = 5_000;
/** A worker that is busy for longer is left out of an answer. */
const PROGRESS_MS_MAX = 1_000;

export class Agent implements AgentHandle {
  readonly agentName: string;
  readonly #settings: AgentSettings;
  readonly #units = new Map<string, UnitState>();
  readonly #workers = new Map<string, WorkerHandle>();
  readonly #restartDelays = new RestartDelays();
  readonly #lanes = new Lanes(this.#units, this.#workers);
  readonly #counters: ComponentCounters;
  readonly #remains = new Remains();
  readonly #log: LogSink;
  readonly #storeNumbers = new StoreNumbers();
  readonly #watchdog = new Watchdog(this.#workers, (worker, text, isStill) => {
    this.#write(isStill ? 'warn' : 'info', 'millrace.engine', `${this.#titleOfWorker(worker)} ${text}`);
  });
  #stopping = false;
  readonly #events: WorkerEvents = {
    onMessage: (worker, message) => this.#onMessage(worker, message),
    onExit: (worker, reason) => this.#onExit(worker, reason),
  };

  constructor(settings: AgentSettings) {
    this.agentName = settings.agentName;
    this.#settings = settings;
    this.#log = settings.log;
    this.#counters = new ComponentCounters(settings.registered);
    for (const unit of settings.units) {
      this.#units.set(unitKey(unit), newState(unit));
      this.#counters.declare(unit);
    }
    this.#assign();
  }

  #assign(): void {
    const units = [...this.#units.values()].map((state) => state.unit);
    for (const { name, keys } of assignWorkers(units, this.#settings.workersMax)) {
      for (const key of keys) this.#units.get(key)!.worker = name;
    }
  }

  #write(level: LogLevel, logger: string, text: string): void {
    this.#log({ timeMs: Date.now(), level, thread: 'lifecycleSupervisor-1-0', logger, text });
  }

  async start(): Promise<void> {
    for (const { worker } of this.#units.values()) this.#spawn(worker);
    this.#watchdog.start();
    for (const kind of ['channel', 'group', 'source'] as const) {
      await Promise.all(this.#keys(kind).map((key) => this.#bringUp(key)));
    }
  }

  #keys(kind: Unit['kind']): string[] {
    return [...this.#units].filter(([, state]) => state.unit.kind === kind).map(([key]) => key);
  }

  #spawn(name: string): WorkerHandle {
    const existing = this.#workers.get(name);
    if (existing !== undefined) return existing;
    const { systemProperties, heapBytes, pluginPaths, confDir } = this.#settings;
    const worker = new WorkerHandle(
      name,
      { systemProperties, heapBytes, pluginPaths, confDir },
      this.#events,
    );
    this.#workers.set(name, worker);
    this.#restartDelays.started(name, Date.now());
    return worker;
  }

  /**
   * Opens a unit, joins it to its peers, starts a source. Resolves when it runs or its first attempt failed.
   */
  async #bringUp(key: string): Promise<void> {
    const state = this.#units.get(key);
    // One at a time: a unit that waits for its next attempt is brought up with its worker's others, too.
    const isDown = state?.state === 'new' || state?.state === 'failed';
    if (state === undefined || !isDown || this.#stopping) return;
    if (state.retry !== null) clearTimeout(state.retry);
    if (!this.#dropDeadChannels(state)) return;
    const { unit } = state;
    // What an earlier worker complained of is its successor's to find out anew.
    state.degraded.clear();
    this.#write('info', 'org.apache.flume.node.Application', `Starting ${titleOf(unit)}`);
    // Counts go on when a worker died; any other start of a component begins at 0.
    if (state.restarts === 0)
      for (const { kind, name } of componentsOf(unit)) this.#counters.reset(kind, name);
    this.#send(state, {
      op: 'open',
      unit,
      counters: this.#counters.memoryOf(unit),
      storeNumber: this.#storeNumbers.next(key, this.#remains.segmentIds()),
      remains: unit.kind === 'channel' ? this.#remains.of(key) : null,
    });
    await this.#reached(state, 'opening', ['open', 'failed', 'removed']);
    if (this.#now(state) !== 'open') return;
    this.#lanes.join(key, state);
    if (unit.kind === 'source') {
      this.#send(state, { op: 'start', key });
      await this.#reached(state, 'starting', ['running', 'failed', 'removed']);
    } else {
      moveTo(state, 'running');
    }
    if (this.#now(state) === 'running') this.#announceStart(state);
  }

  /** The state as another turn of the event loop may have left it. */
  #now(state: UnitState): UnitStateName {
    return state.state;
  }

  /**
   * Channels that can never run are taken out of sources and groups, as Flume does;
   * false when nothing is left.
   */
  #dropDeadChannels(state: UnitState): boolean {
    const alive = (channel: string) => this.#units.get(`channel ${channel}`)?.state !== 'removed';
    const { unit } = state;
    if (unit.kind === 'source') {
      const channels = unit.channels.filter((channel) => alive(channel.name));
      if (channels.length === 0) return this.#remove(state, 'none of its channels can run');
      if (channels.length < unit.channels.length) state.unit = { ...unit, channels };
    } else if (unit.kind === 'group') {
      const sinks = unit.sinks.filter((sink) => alive(sink.channel));
      if (sinks.length === 0) return this.#remove(state, 'its channel cannot run');
      if (sinks.length < unit.sinks.length) state.unit = { ...unit, sinks };
    }
    return true;
  }

  #remove(state: UnitState, reason: string): false {
    moveTo(state, 'removed');
    state.reason = reason;
    for (const component of componentsOf(state.unit)) {
      const text = `${title(component.kind)} ${component.name} has been removed due to an error during configuration`;
      this.#write('error', 'org.apache.flume.node.AbstractConfigurationProvider', `${text}: ${reason}`);
    }
    return false;
  }

  #send(state: UnitState, message: ToWorker): void {
    this.#workers.get(state.worker)?.send(message);
  }

  #reached(state: UnitState, from: UnitStateName, wanted: readonly UnitStateName[]): Promise<void> {
    moveTo(state, from);
    return new Promise((resolve) => {
      const check = () => {
        if (!wanted.includes(state.state) && !this.#stopping) return;
        state.waiters = state.waiters.filter((waiter) => waiter !== check);
        resolve();
      };
      state.waiters.push(check);
    });
  }

  #announceStart(state: UnitState): void {
    const nowMs = Date.now();
    state.reason = null;
    for (const { kind, name } of componentsOf(state.unit)) {
      this.#counters.started(kind, name, nowMs);
      const type = kind.toUpperCase();
      const logger = 'org.apache.flume.instrumentation.MonitoredCounterGroup';
      const group = `Monitored counter group for type: ${type}, name: ${name}: Successfully registered new MBean.`;
      if (this.#counters.isRegistered(kind, name)) this.#write('info', logger, group);
      this.#write('info', logger, `Component type: ${type}, name: ${name} started`);
    }
  }

  #onMessage(_worker: WorkerHandle, message: Parameters<WorkerEvents['onMessage']>[1]): void {
    switch (message.op) {
      case 'up':
        return;
      case 'log':
        return this.#log(message.record);
      case 'opened':
        return this.#move(message.key, 'open');
      case 'started':
        return this.#move(message.key, 'running');
      case 'closed':
        return this.#closed(message.key, message.problem);
      case 'failed':
        return this.#failed(message.key, message.text, message.retryable);
      case 'status':
        return this.#status(message.component, message.reason);
      case 'queue':
      case 'hold':
      case 'forget':
        return this.#remains.note(message);
    }
  }

  #closed(key: string, problem: string | null): void {
    const state = this.#units.get(key);
    if (state !== undefined && problem !== null) {
      const logger = 'org.apache.flume.lifecycle.LifecycleSupervisor';
      this.#write('warn', logger, `Unable to stop ${titleOf(state.unit)} cleanly: ${problem}`);
    }
    this.#move(key, 'stopped');
  }

  #move(key: string, to: UnitStateName): void {
    const state = this.#units.get(key);
    if (state === undefined) return;
    if (!moveTo(state, to)) return;
    for (const waiter of [...state.waiters]) waiter();
  }

  #status(component: string, reason: string | null): void {
    for (const state of this.#units.values()) {
      if (!componentsOf(state.unit).some(({ kind, name }) => `${kind} ${name}` === component)) continue;
      if (reason === null) state.degraded.delete(component);
      else state.degraded.set(component, reason);
    }
  }

  #failed(key: string, text: string, retryable: boolean): void {
    const state = this.#units.get(key);
    if (state === undefined) return;
    this.#lanes.sever(key);
    if (!retryable) {
      this.#remove(state, text);
      for (const waiter of [...state.waiters]) waiter();
      return;
    }
    state.reason = text;
    const logger = 'org.apache.flume.lifecycle.LifecycleSupervisor';
    this.#write('error', logger, `Unable to start ${titleOf(state.unit)} - ${text} (tried again in 3 s)`);
    this.#move(key, 'failed');
    this.#retryLater(key, state, START_RETRY_MS);
  }

  #retryLater(key: string, state: UnitState, ms: number): void {
    if (state.retry !== null) clearTimeout(state.retry);
    state.retry = setTimeout(() => {
      state.retry = null;
      if (!this.#stopping && this.#units.get(key) === state) void this.#bringUp(key);
    }, ms);
  }

  #titleOfWorker(name: string): string {
    const units = [...this.#units.values()].filter((state) => state.worker === name);
    return `Worker ${name} (${units.map((state) => titleOf(state.unit)).join(', ')})`;
  }

  /** A worker ended. If nobody asked it to, its units come back in a new one. */
  #onExit(worker: WorkerHandle, reason: string | null): void {
    if (this.#workers.get(worker.name) !== worker) return;
    this.#workers.delete(worker.name);
    const lost = [...this.#units].filter(([, state]) => state.worker === worker.name);
    for (const [key] of lost) this.#lanes.sever(key);
    if (reason === null) return;
    const delayMs = this.#restartDelays.died(worker.name, Date.now());
    const text = `${this.#titleOfWorker(worker.name)} died: ${reason}. It is restarted in ${delayMs} ms`;
    this.#write('error', 'millrace.engine', text);
    for (const [key, state] of lost) {
      if (state.state === 'removed') continue;
      state.reason = `its worker died: ${reason.split('\n', 1)[0]}`;
      state.restarts++;
      // Whoever waits for an answer of the dead worker is released.
      this.#move(key, this.#stopping ? 'stopped' : 'failed');
    }
    const keys = lost.map(([key]) => key);
    if (!this.#stopping) setTimeout(() => void this.#respawn(worker.name, keys), delayMs);
  }

  async #respawn(name: string, keys: readonly string[]): Promise<void> {
    if (this.#stopping) return;
    this.#spawn(name);
    for (const kind of ['channel', 'group', 'source'] as const) {
      await Promise.all(keys.filter((key) => key.startsWith(`${kind} `)).map((key) => this.#bringUp(key)));
    }
  }

  /** Ends a worker at once, as a fault would. For tests and for `millrace` faults only. */
  async killWorkerOf(key: string): Promise<void> {
    const state = this.#units.get(key);
    if (state !== undefined) await this.#workers.get(state.worker)?.kill();
  }

  status(): readonly ComponentStatus[] {
    return [...this.#units.values()].flatMap((state) => {
      const still = this.#watchdog.reasonOf(state.worker);
      return componentsOf(state.unit).map(({ kind, name }) => {
        const degraded = still ?? state.degraded.get(`${kind} ${name}`) ?? null;
        return {
          kind,
          name,
          state: shownState(state, degraded),
          reason: degraded ?? state.reason,
          restarts: state.restarts,
          worker: state.worker,
        };
      });
    });
  }

  async progress(): Promise<Progress> {
    const asked = [...this.#workers.values()].map((worker) => worker.ask(PROGRESS_MS_MAX));
    return Object.assign({}, ...(await Promise.all(asked)));
  }

  counterGroups(): readonly CounterGroup[] {
    return [...this.#units.values()]
      .filter((state) => state.state !== 'removed')
      .flatMap((state) => componentsOf(state.unit).map(({ kind, name }) => this.#counters.group(kind, name)));
  }

  async stop(deadlineMs: number): Promise<boolean> {
    const until = Date.now() + deadlineMs;
    this.#stopping = true;
    for (const state of this.#units.values()) {
      if (state.retry !== null) clearTimeout(state.retry);
      for (const waiter of [...state.waiters]) waiter();
    }
    await this.#closeAll('source', Math.min(CLOSE_MS_MAX, deadlineMs));
    const drained = await this.#drain(until);
    await this.#closeAll('group', CLOSE_MS_MAX);
    await this.#closeAll('channel', CLOSE_MS_MAX);
    await Promise.all([...this.#workers.values()].map((worker) => worker.end(CLOSE_MS_MAX)));
    this.#watchdog.stop();
    return drained;
  }

  async #closeAll(kind: Unit['kind'], ms: number): Promise<void> {
    await Promise.all(this.#keys(kind).map((key) => this.#close(key, ms)));
  }

  async #close(key: string, ms: number): Promise<void> {
    const state = this.#units.get(key);
    if (state === undefined) return;
    const wasUp = isUp(state);
    if (state.state === 'removed' || !this.#workers.has(state.worker)) return;
    this.#send(state, { op: 'close', key });
    moveTo(state, 'closing');
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      state.waiters.push(() => {
        if (state.state === 'closing') return;
        clearTimeout(timer);
        resolve();
      });
    });
    state.waiters = [];
    this.#lanes.sever(key);
    if (wasUp) this.#announceStop(state);
    moveTo(state, 'stopped');
  }

  #announceStop(state: UnitState): void {
    const logger = 'org.apache.flume.instrumentation.MonitoredCounterGroup';
    for (const { kind, name } of componentsOf(state.unit)) {
      this.#counters.stopped(kind, name, Date.now());
      this.#write('info', logger, `Component type: ${kind.toUpperCase()}, name: ${name} stopped`);
      for (const line of this.#counters.shutdownLines(kind, name)) this.#write('info', logger, line);
    }
  }

  /** Waits until channels that have a running sink are empty, or for the deadline; false when events stay. */
  async #drain(untilMs: number): Promise<boolean> {
    // What is in a durable channel is there at the next start.
    const channels = [...this.#units.values()].flatMap(({ unit }) =>
      unit.kind === 'channel' && !unit.durable ? [unit.name] : [],
    );
    const drainable = channels.filter((name) => this.#isDrained(name));
    const size = (names: readonly string[]) =>
      names.reduce((sum, name) => sum + this.#counters.channelSize(name), 0);
    const first = size(drainable);
    if (first > 0) this.#write('info', 'millrace.engine', `Draining ${first} events`);
    while (size(drainable) > 0 && Date.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    }
    const left = channels.filter((name) => size([name]) > 0);
    if (left.length === 0) return true;
    const why = size(drainable) > 0 ? 'the drain deadline is over' : 'no sink that runs takes from them';
    const text = `Stopped with ${size(left)} events still in channels (${left.join(', ')}): ${why}`;
    this.#write('warn', 'millrace.engine', text);
    return false;
  }

  /**
   * A channel whose worker is down hands nothing out any more: it is not brought back while the agent stops.
   */
  #isDrained(channel: string): boolean {
    if (!isUp(this.#units.get(`channel ${channel}`)!)) return false;
    return [...this.#units.values()].some(
      ({ unit, state }) =>
        unit.kind === 'group' && state === 'running' && unit.sinks.some((sink) => sink.channel === channel),
    );
  }

  /**
   * Takes over a changed plan: units that are the same keep running, the others are stopped, started or
   * restarted. A memory channel that keeps its name and type keeps its events.
   */
  async reload(plan: AgentPlan): Promise<void> {
    const wanted = new Map(plan.units.map((unit) => [unitKey(unit), unit]));
    const same = (key: string, state: UnitState) =>
      state.state !== 'removed' && JSON.stringify(wanted.get(key)) === JSON.stringify(state.unit);
    const ended = [...this.#units].filter(([key, state]) => !same(key, state)).map(([key]) => key);
    for (const kind of ['source', 'group', 'channel'] as const) {
      const keys = ended.filter((key) => key.startsWith(`${kind} `));
      await Promise.all(keys.map((key) => this.#close(key, CLOSE_MS_MAX)));
    }
    for (const key of ended) this.#forget(key, wanted.get(key));
    this.#counters.register(plan.registered);
    const fresh = [...wanted].filter(([key]) => !this.#units.has(key));
    for (const [key, unit] of fresh) {
      const state = newState(unit);
      this.#units.set(key, state);
      this.#counters.declare(unit);
      state.worker = this.#workerFor(unit);
      this.#spawn(state.worker);
    }
    for (const kind of ['channel', 'group', 'source'] as const) {
      await Promise.all(fresh.filter(([, unit]) => unit.kind === kind).map(([key]) => this.#bringUp(key)));
    }
    await this.#endIdleWorkers();
  }

  #forget(key: string, next: Unit | undefined): void {
    const state = this.#units.get(key)!;
    if (state.retry !== null) clearTimeout(state.retry);
    this.#units.delete(key);
    const keeps =
      state.unit.kind === 'channel' && next?.kind === 'channel' && next.alias === state.unit.alias;
    if (!keeps) this.#remains.drop(key);
  }

  /** A worker of its own while there may be more, else the one with the fewest units. */
  #workerFor(unit: Unit): string {
    const own = `${unit.kind}-${unit.name}`;
    if (!this.#workers.has(own) && this.#workers.size < this.#settings.workersMax) return own;
    const load = (name: string) => [...this.#units.values()].filter((state) => state.worker === name).length;
    return [...this.#workers.keys()].reduce((best, name) => (load(name) < load(best) ? name : best));
  }

  async #endIdleWorkers(): Promise<void> {
    const used = new Set([...this.#units.values()].map((state) => state.worker));
    const idle = [...this.#workers.values()].filter((worker) => !used.has(worker.name));
    await Promise.all(idle.map((worker) => worker.end(CLOSE_MS_MAX)));
  }
}
