/** Sinks of a group as a processor sees them, doing what a test says. */
import type { ProcessorDeclaration } from '../../src/component/declaration.ts';
import type { SinkHandle, SinkProcessor, SinkStatus } from '../../src/component/processor.ts';
import { createPart, ManualClock, type Properties, RecordedLog } from './part.ts';

export class FakeSink implements SinkHandle {
  readonly name: string;
  readonly #called: (name: string) => void;
  /** What the next calls do. */
  mood: SinkStatus | 'fail' = 'ready';

  constructor(name: string, called: (name: string) => void) {
    this.name = name;
    this.#called = called;
  }

  async process(): Promise<SinkStatus> {
    this.#called(this.name);
    if (this.mood === 'fail') throw new Error(`sink ${this.name} fails, as it was told to`);
    return this.mood;
  }
}

/** A processor over sinks k1 … kn, with a clock that the test moves. */
export class Group {
  readonly clock = new ManualClock();
  readonly log = new RecordedLog();
  readonly sinks: readonly FakeSink[];
  processor!: SinkProcessor;
  #calls: string[] = [];

  private constructor(count: number) {
    this.sinks = Array.from(
      { length: count },
      (_, n) => new FakeSink(`k${n + 1}`, (name) => this.#calls.push(name)),
    );
  }

  static async open(
    declaration: ProcessorDeclaration,
    count: number,
    properties: Properties = {},
    loadPlugin: (specifier: string) => Promise<Record<string, unknown>> = async () => ({}),
  ): Promise<Group> {
    const group = new Group(count);
    const { sinks, clock, log } = group;
    group.processor = await createPart(declaration, properties, {
      name: 'g1',
      sinks,
      clock,
      log,
      loadPlugin,
    });
    await group.processor.start?.();
    return group;
  }

  /** Sets what sinks do: `moods({ k1: 'fail' })`. */
  moods(moods: Readonly<Record<string, FakeSink['mood']>>): void {
    for (const sink of this.sinks) sink.mood = moods[sink.name] ?? sink.mood;
  }

  /** One call: which sinks were tried, in order, and what came of it. */
  async call(): Promise<string> {
    this.#calls = [];
    let outcome: string;
    try {
      outcome = await this.processor.process();
    } catch (error) {
      outcome = (error as Error).message;
    }
    return [...this.#calls, outcome].join(' ');
  }

  /** The sinks tried in each of some calls. */
  async calls(count: number): Promise<string[]> {
    const list: string[] = [];
    for (let n = 0; n < count; n++) list.push((await this.call()).replace(/ (ready|backoff)$/, ''));
    return list;
  }
}
