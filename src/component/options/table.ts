/**
 * The option table: the single declaration of what a component reads. From it come parsing, error text,
 * `--help`, the reference page, completion and the TypeScript type of the parsed options (`OptionsOf`).
 *
 * Keys are Flume's, relative to the component (`hdfs.path`, `max-line-length`). A key that ends in `.*`
 * collects every property below that prefix into a map (`handler.*` → { 'x': '1' }).
 */
export type OptionKind =
  | 'string'
  | 'int' // a whole number, Java's int or long range by `max`
  | 'float'
  | 'boolean' // true only for `true` in any letter case, as Flume reads it
  | 'duration' // Flume's plain number in `unit`, or 250ms 10s 5m 2h 1d; parsed to `unit`
  | 'size' // plain bytes, or 64KiB 10MB …; parsed to bytes
  | 'enum' // one of `values`, any letter case; parsed to the spelling in `values`
  | 'list' // split on white space (or `separator`)
  | 'map'; // only for keys that end in `.*`

export interface OptionSpec {
  readonly kind: OptionKind;
  readonly help: string;
  readonly default?: string | number | boolean;
  /** Flume's default in words, where ours differs. */
  readonly flumeDefault?: string;
  readonly required?: boolean;
  /**
   * Unit of a number: `ms`, `s`, `bytes`, `events`, `characters`, `%`. For a duration:
   * the unit of a plain number.
   */
  readonly unit?: 'ms' | 's' | 'bytes' | 'events' | 'characters' | '%';
  readonly values?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly separator?: RegExp;
  /** The value is the type of a part of this kind, and the keys below (`KEY.*`) are the part's options. */
  readonly part?: 'serializer';
  /** What is built in, any letter case; another value is the specifier of a plug-in. */
  readonly builtIn?: readonly string[];
  /**
   * What a bad value does. Flume removes the component (`error`), but some options fall back with a warning.
   */
  readonly onBad?: 'error' | 'default';
  /** Other keys that are read when this one is absent, first match wins. Old names of Flume among them. */
  readonly aliases?: readonly string[];
  readonly secret?: boolean;
  /** What to use instead, or why it has no effect. */
  readonly deprecated?: string;
  /** First Flume release that reads it; `millrace` for our own. */
  readonly since?: string;
  readonly example?: string;
  /** May change on reload without a restart of the component. */
  readonly reloadable?: boolean;
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

type ValueOf<S extends OptionSpec> = S['kind'] extends 'string'
  ? string
  : S['kind'] extends 'enum'
    ? S extends { values: readonly (infer V)[] }
      ? V
      : string
    : S['kind'] extends 'int' | 'float' | 'duration' | 'size'
      ? number
      : S['kind'] extends 'boolean'
        ? boolean
        : S['kind'] extends 'list'
          ? readonly string[]
          : Readonly<Record<string, string>>;

/** A list or map is never undefined (empty when absent); others are unless required or defaulted. */
type Present<S extends OptionSpec> = S extends { required: true }
  ? true
  : S extends { default: string | number | boolean }
    ? true
    : S['kind'] extends 'list' | 'map'
      ? true
      : false;

export type OptionsOf<T extends OptionTable> = {
  readonly [K in keyof T]: Present<T[K]> extends true ? ValueOf<T[K]> : ValueOf<T[K]> | undefined;
};

/** Keeps the literal types of a table while checking its shape. */
export function optionTable<const T extends OptionTable>(table: T): T {
  return table;
}
