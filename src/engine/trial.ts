/**
 * Makes the components of a plan without starting them, for `millrace validate`: what `create` refuses
 * (patterns, charsets, names of channels) and the parts and plug-ins that options name are found before an
 * agent runs. A component must not open anything before its start, so nothing is touched.
 */

import { systemClock } from '../base/clock.ts';
import { MillraceError, messageOf } from '../base/errors.ts';
import type { Finding } from '../base/finding.ts';
import { type Logger, silentLogger } from '../base/log.ts';
import { SINK_COUNTERS, SOURCE_COUNTERS } from '../component/counters.ts';
import type { ComponentKind, Declaration } from '../component/declaration.ts';
import { collect, parseOptions } from '../component/options/parse.ts';
import { nearest } from '../component/options/suggest.ts';
import { at } from '../config/plan/shape.ts';
import type { AgentPlan, GroupUnit, PartSpec, SourceUnit, Unit } from '../config/plan/types.ts';
import type { Property } from '../config/properties/parse.ts';
import { allocateCounters, CounterSlots } from '../memory/counters/counters.ts';
import { registry } from '../registry.ts';
import { Parts, type PluginPlaces } from './worker/parts.ts';

export interface TrialResult {
  /** The plan without the units that could not run. */
  readonly plan: AgentPlan;
  readonly findings: readonly Finding[];
}

/** `properties` are those that the plan was made of: they tell the lines of findings. */
export async function tryOut(
  plan: AgentPlan,
  places: PluginPlaces,
  properties: ReadonlyMap<string, Property>,
): Promise<TrialResult> {
  const trial = new Trial(new Parts(registry, places), (key) => properties.get(`${plan.agentName}.${key}`));
  const units: Unit[] = [];
  for (const unit of plan.units) if (await trial.runs(unit)) units.push(unit);
  return { plan: { ...plan, units }, findings: trial.findings };
}

/** A part under trial: how messages name it, and where its options stand. */
interface Subject {
  readonly kind: ComponentKind;
  readonly part: Omit<PartSpec, 'name'>;
  readonly component: string;
  /** Of the keys of the source, sink or group; `path` goes on to the part's own. */
  readonly root: string;
  readonly path: string;
}

class Trial {
  readonly #parts: Parts;
  readonly #property: (key: string) => Property | undefined;
  readonly findings: Finding[] = [];

  constructor(parts: Parts, property: (key: string) => Property | undefined) {
    this.#parts = parts;
    this.#property = property;
  }

  /** The first of `keys` that the configuration has tells the line. */
  #note(finding: Finding, keys: readonly string[]): void {
    const property = keys.map(this.#property).find((one) => one !== undefined);
    this.findings.push(property === undefined ? finding : { ...finding, ...at(property) });
  }

  /** False when the unit could not run. */
  async runs(unit: Unit): Promise<boolean> {
    switch (unit.kind) {
      // A channel is made with shared memory and its options say all: there is nothing to try.
      case 'channel':
        return true;
      case 'source':
        return await this.#source(unit);
      case 'group':
        return await this.#group(unit);
    }
  }

  async #source(unit: SourceUnit): Promise<boolean> {
    const { name, selector } = unit;
    const root = `sources.${name}.`;
    const component = `source ${name}`;
    const made = [
      await this.#make({ kind: 'source', part: unit, component, root, path: '' }, { name, ...sourceContext }),
    ];
    for (const part of unit.interceptors) {
      const of = {
        component: `interceptor ${part.name} of ${component}`,
        path: `interceptors.${part.name}.`,
      };
      made.push(await this.#make({ kind: 'interceptor', part, root, ...of }, { name: part.name }));
    }
    const channels = unit.channels.map((channel) => channel.name);
    const of = { component: `selector of ${component}`, path: 'selector.' };
    made.push(await this.#make({ kind: 'selector', part: selector, root, ...of }, { name, channels }));
    return !made.includes(false);
  }

  async #group(unit: GroupUnit): Promise<boolean> {
    const { name, processor } = unit;
    const made: boolean[] = [];
    for (const part of unit.sinks) {
      const of = { component: `sink ${part.name}`, root: `sinks.${part.name}.`, path: '' };
      made.push(await this.#make({ kind: 'sink', part, ...of }, { name: part.name, ...sinkContext }));
    }
    const sinks = unit.sinks.map((sink) => ({ name: sink.name, process: () => 'backoff' }));
    const of = {
      component: `processor of sinkgroup ${name}`,
      root: `sinkgroups.${name}.`,
      path: 'processor.',
    };
    made.push(await this.#make({ kind: 'processor', part: processor, ...of }, { name, sinks }));
    return !made.includes(false);
  }

  async #make(subject: Subject, context: Readonly<Record<string, unknown>>): Promise<boolean> {
    const { kind, part, component } = subject;
    try {
      const { declaration, module, options } = await this.#parts.load(kind, part, component);
      await this.#named(declaration, subject);
      const create = module.create as (context: unknown) => unknown;
      await create({ ...context, options, log: this.#log(subject), clock: systemClock });
      return true;
    } catch (error) {
      this.#refused(subject, error);
      return false;
    }
  }

  /** The parts and plug-ins that options name. */
  async #named(declaration: Declaration, subject: Subject): Promise<void> {
    const { component, part } = subject;
    for (const [key, spec] of Object.entries(declaration.options)) {
      const value = part.properties[key];
      if (spec.part !== undefined) {
        const own = collect(`${key}.`, part.properties);
        await this.#serializer(value ?? String(spec.default), own, key, subject);
      } else if (spec.builtIn !== undefined && value !== undefined) {
        const isBuiltIn = spec.builtIn.some((one) => one.toLowerCase() === value.toLowerCase());
        if (!isBuiltIn) await this.#plugin(value, spec.builtIn, { component, option: key });
      }
    }
  }

  async #serializer(
    type: string,
    properties: Readonly<Record<string, string>>,
    option: string,
    subject: Subject,
  ): Promise<void> {
    const component = `serializer of ${subject.component}`;
    const names = registry.flatMap((one) =>
      one.kind === 'serializer' ? [...one.aliases, ...one.classes] : [],
    );
    const declaration = await this.#parts
      .declaration('serializer', type, component)
      .catch((error: unknown) => {
        throw unusable(error, type, names, { component: subject.component, option });
      });
    const { findings } = parseOptions(declaration.options, properties, { component });
    for (const finding of findings) {
      if (finding.severity === 'error')
        throw new MillraceError(finding.code, finding.text, { ...finding, option });
      this.#note(finding, [`${subject.root}${option}.${finding.option}`]);
    }
  }

  async #plugin(
    specifier: string,
    builtIn: readonly string[],
    where: { readonly component: string; readonly option: string },
  ): Promise<void> {
    await this.#parts.plugin(specifier).catch((error: unknown) => {
      throw unusable(error, specifier, builtIn, where);
    });
  }

  #refused(subject: Subject, error: unknown): void {
    const { component } = subject;
    const { code, detail } =
      error instanceof MillraceError ? error : { code: 'CONF_COMPONENT' as const, detail: {} };
    const message = messageOf(error);
    const { option, value, remedy } = detail;
    const finding: Finding = {
      severity: 'error',
      code,
      text: message.startsWith(component.split(' of ', 1)[0]!) ? message : `${component}: ${message}`,
      component,
      ...(option === undefined ? {} : { option }),
      ...(value === undefined ? {} : { value }),
      ...(remedy === undefined ? {} : { remedy }),
    };
    this.#note(finding, keysOf(subject, option));
  }

  /** What a component warns of while it is made is a finding, too. */
  #log(subject: Subject): Logger {
    const { component } = subject;
    const warn = (text: string) => {
      const finding: Finding = { severity: 'warning', code: 'CONF_OPTION_VALUE', text, component };
      this.#note(finding, keysOf(subject, undefined));
    };
    const log: Logger = { ...silentLogger, warn, error: warn, named: () => log };
    return log;
  }
}

function keysOf({ root, path }: Subject, option: string | undefined): readonly string[] {
  const own = option === undefined ? [] : [`${root}${path}${option}`];
  return [...own, `${root}${path}type`, `${root}type`];
}

function unusable(
  error: unknown,
  value: string,
  names: readonly string[],
  where: { readonly component: string; readonly option: string },
): MillraceError {
  const { component, option } = where;
  const text = `${component}: ${option} = ${value} cannot be used: ${messageOf(error)}`;
  const meant = nearest(value, names);
  const remedy =
    meant === null ? `use one of ${names.join(', ')}, or the file of a plug-in` : `did you mean ${meant}?`;
  return new MillraceError('CONF_UNKNOWN_TYPE', text, { component, option, value, remedy, cause: error });
}

const never = () => Promise.reject(new Error('nothing is started in a trial'));
const nothing = () => {};

/** Enough of a context for `create`, which starts nothing. */
const sourceContext = {
  counters: new CounterSlots(SOURCE_COUNTERS, allocateCounters(SOURCE_COUNTERS)),
  openBatch: () => null,
  put: never,
  discard: nothing,
  room: never,
  settled: never,
  rest: never,
  loadPlugin: never,
  degraded: nothing,
};

const sinkContext = {
  counters: new CounterSlots(SINK_COUNTERS, allocateCounters(SINK_COUNTERS)),
  serializer: never,
  loadPlugin: never,
  work: { compress: never },
  degraded: nothing,
};
