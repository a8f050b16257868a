/** Makes one component as its worker would: options by its own table, the code behind `load`, a context. */
import assert from 'node:assert/strict';
import type { Clock } from '../../src/base/clock.ts';
import { MillraceError } from '../../src/base/errors.ts';
import type { Logger, LogLevel } from '../../src/base/log.ts';
import type { ComponentContext } from '../../src/component/context.ts';
import { parseOptions } from '../../src/component/options/parse.ts';
import type { OptionTable } from '../../src/component/options/table.ts';

/** Time that a test sets. */
export class ManualClock implements Clock {
  nowMs: number;

  constructor(nowMs = 1_700_000_000_000) {
    this.nowMs = nowMs;
  }

  now(): number {
    return this.nowMs;
  }
}

/** Keeps what was logged. */
export class RecordedLog implements Logger {
  readonly lines: { readonly level: LogLevel; readonly logger: string; readonly text: string }[];
  readonly #logger: string;

  constructor(logger = 'test', lines: RecordedLog['lines'] = []) {
    this.#logger = logger;
    this.lines = lines;
  }

  #add(level: LogLevel, text: string): void {
    this.lines.push({ level, logger: this.#logger, text });
  }

  trace = (text: string) => this.#add('trace', text);
  debug = (text: string) => this.#add('debug', text);
  info = (text: string) => this.#add('info', text);
  warn = (text: string) => this.#add('warn', text);
  error = (text: string) => this.#add('error', text);
  named = (logger: string): Logger => new RecordedLog(logger, this.lines);

  /** Texts of one level, in order. */
  texts(level: LogLevel): string[] {
    return this.lines.filter((line) => line.level === level).map((line) => line.text);
  }
}

export type Properties = Readonly<Record<string, string>>;

interface Loadable<C extends ComponentContext, P> {
  readonly kind: string;
  readonly options: OptionTable;
  load(): Promise<{ create(context: C): P }>;
}

type Given<C> = Omit<C, keyof ComponentContext> & Partial<ComponentContext>;

/** @throws AssertionError for options that the table refuses, else what `create` throws. */
export async function createPart<C extends ComponentContext, P>(
  declaration: Loadable<C, P>,
  properties: Properties,
  given: Given<C>,
): Promise<Awaited<P>> {
  const name = given.name ?? 'x1';
  const { values, findings } = parseOptions(declaration.options, properties, {
    component: `${declaration.kind} ${name}`,
  });
  assert.deepEqual(
    findings.filter((finding) => finding.severity === 'error'),
    [],
  );
  const { create } = await declaration.load();
  const common = { name, options: values, log: new RecordedLog(), clock: new ManualClock() };
  return await create({ ...common, ...given } as unknown as C);
}

/** What `create` says of options that the table lets pass but that cannot work. */
export async function refusalOf(made: () => Promise<unknown>): Promise<MillraceError> {
  const error = await made().then(
    () => assert.fail('it was created'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof MillraceError, String(error));
  return error;
}
