/** The cookie `hadoop.auth` of each server: signed by it, it stands for the credentials until it expires. */
const NAME = 'hadoop.auth';
const EARLY_MS = 10_000;

interface Kept {
  readonly text: string;
  readonly expiresMs: number;
}

export class CookieJar {
  readonly #kept = new Map<string, Kept>();

  /** The value of a `Cookie` header, or null. */
  get(server: string): string | null {
    const kept = this.#kept.get(server);
    if (kept === undefined) return null;
    if (kept.expiresMs > Date.now()) return kept.text;
    this.#kept.delete(server);
    return null;
  }

  /** Takes a `Set-Cookie` header; servers take a cookie back by an empty one. */
  set(server: string, header: string): void {
    const match = new RegExp(`^\\s*${NAME.replace('.', '\\.')}=("[^"]*"|[^;]*)`).exec(header);
    if (match === null) return;
    const value = match[1]!.trim();
    if (value === '' || value === '""') {
      this.#kept.delete(server);
      return;
    }
    // The value says when it ends: `u=alice&p=…&t=kerberos&e=EPOCHMS&s=SIGNATURE`.
    const ends = /[&"]e=(\d+)(?:&|"|$)/.exec(value);
    const expiresMs = ends === null ? Number.POSITIVE_INFINITY : Number(ends[1]) - EARLY_MS;
    this.#kept.set(server, { text: `${NAME}=${value}`, expiresMs });
  }

  /** Whether there was one. */
  remove(server: string): boolean {
    return this.#kept.delete(server);
  }
}
