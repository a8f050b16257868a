/** What `millrace status` shows of a sink that is not well. */

/** Who complains, the most telling first. */
const KINDS = ['delivery', 'start', 'idle', 'own'] as const;

/**
 * `delivery`: why batches fail, until one is delivered; `start`, `idle`: why the sink of a group cannot start
 * or look after its files; `own`: what the sink itself says.
 */
export type TroubleKind = (typeof KINDS)[number];

export class SinkTrouble {
  readonly #send: (reason: string | null) => void;
  readonly #reasons = new Map<TroubleKind, string>();
  #shown: string | null = null;

  constructor(send: (reason: string | null) => void) {
    this.#send = send;
  }

  set(kind: TroubleKind, reason: string | null): void {
    if (reason === null) this.#reasons.delete(kind);
    else this.#reasons.set(kind, reason);
    const first = KINDS.find((one) => this.#reasons.has(one));
    const shown = first === undefined ? null : this.#reasons.get(first)!;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#send(shown);
  }
}
