/** A sink as its runner uses it, in the test's thread: the test hands batches over and moves the clock. */
import { SINK_COUNTERS, type SinkCounterName } from '../../src/component/counters.ts';
import type { SinkDeclaration } from '../../src/component/declaration.ts';
import type { Sink, SinkContext } from '../../src/component/sink.ts';
import { Parts } from '../../src/engine/worker/parts.ts';
import { allocateCounters, CounterSlots } from '../../src/memory/counters/counters.ts';
import { registry } from '../../src/registry.ts';
import { createPart, ManualClock, type Properties, RecordedLog } from './part.ts';
import { workInPlace } from './serialize.ts';

export class SinkRig {
  readonly clock = new ManualClock();
  readonly log = new RecordedLog();
  readonly counters: CounterSlots<SinkCounterName>;
  sink!: Sink;

  private constructor(more: readonly string[]) {
    const names = [...SINK_COUNTERS, ...more] as SinkCounterName[];
    this.counters = new CounterSlots(names, allocateCounters(names));
  }

  /** Creates the sink; `start` is the test's. It may hold nothing unless told otherwise. */
  static async create(
    declaration: SinkDeclaration,
    properties: Properties = {},
    mayHold = false,
  ): Promise<SinkRig> {
    const rig = new SinkRig(declaration.counters ?? []);
    const { clock, log, counters } = rig;
    const parts = new Parts(registry, { pluginPaths: [], confDir: null });
    const serializer: SinkContext['serializer'] = async (type, own) => {
      const component = 'serializer of sink k1';
      const { module, options } = await parts.load(
        'serializer',
        { type, alias: type, properties: own },
        component,
      );
      return (out) => module.create({ name: 'k1', options, log, clock, out, work: workInPlace });
    };
    rig.sink = await createPart(declaration, properties, {
      name: 'k1',
      clock,
      log,
      counters,
      serializer,
      loadPlugin: (specifier) => parts.plugin(specifier),
      work: workInPlace,
      mayHold,
      degraded: () => {},
    });
    return rig;
  }

  static async start(declaration: SinkDeclaration, properties: Properties = {}): Promise<SinkRig> {
    const rig = await SinkRig.create(declaration, properties);
    await rig.sink.start?.();
    return rig;
  }
}
