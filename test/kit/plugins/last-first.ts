/** A sink selector for load_balance: the last sinks first, and those that failed behind all others. */
export function createSinkSelector(options: Readonly<Record<string, string>>) {
  const failed = new Set<string>();
  const only = options.only?.split(' ');
  return {
    order(names: readonly string[]): readonly string[] {
      const back = [...names].reverse().filter((name) => only?.includes(name) ?? true);
      return [...back.filter((name) => !failed.has(name)), ...back.filter((name) => failed.has(name))];
    },
    failed: (name: string) => void failed.add(name),
  };
}
