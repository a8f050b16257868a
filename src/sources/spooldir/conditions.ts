/** What keeps a source from doing all of its work, as one status: each condition has a name and a reason. */
export type ConditionName = 'directory' | 'disk' | 'set aside' | 'stopped';

export class Conditions {
  readonly #tell: (reason: string | null) => void;
  readonly #reasons = new Map<ConditionName, string>();
  #told: string | null = null;

  constructor(tell: (reason: string | null) => void) {
    this.#tell = tell;
  }

  /** True when the condition was another one before. */
  set(name: ConditionName, reason: string | null): boolean {
    if (this.#reasons.get(name) === (reason ?? undefined)) return false;
    if (reason === null) this.#reasons.delete(name);
    else this.#reasons.set(name, reason);
    const all = this.#reasons.size === 0 ? null : [...this.#reasons.values()].join('; ');
    if (all !== this.#told) this.#tell(all);
    this.#told = all;
    return true;
  }
}
