import type { ErrorCode } from '../../base/errors.ts';
import type { Finding, Severity } from '../../base/finding.ts';

/** Beyond this many of a kind, findings are only counted. */
const FINDINGS_MAX = 100;

/** What was met on the way, of each kind (its first words) no more than can be read. */
export class Findings {
  readonly #list: Finding[] = [];
  readonly #counts = new Map<string, number>();

  /** `kind` groups findings; `detail` tells them apart. A file is named where one is to blame. */
  add(severity: Severity, kind: string, file: string | null, detail: string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count > FINDINGS_MAX) return;
    this.#list.push({ severity, code: CODE, text: `${kind}: ${detail}`, ...(file === null ? {} : { file }) });
  }

  /** All so far, and a last one for each kind of which some are only counted. */
  list(): readonly Finding[] {
    const more = [...this.#counts].flatMap(([kind, count]): Finding[] =>
      count <= FINDINGS_MAX
        ? []
        : [{ severity: 'error', code: CODE, text: `${kind}: ${count - FINDINGS_MAX} more` }],
    );
    return [...this.#list, ...more];
  }
}

const CODE: ErrorCode = 'STORAGE_DAMAGED';
