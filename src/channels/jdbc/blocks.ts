/** Events between blocks of memory and rows of the table. */
import { MillraceError } from '../../base/errors.ts';
import type { BatchBuilder } from '../../memory/block/builder.ts';
import type { BuiltBlock } from '../../memory/block/built-block.ts';
import { decodeHeaders, encodeHeaders, type Headers, NO_HEADERS } from '../../memory/block/headers.ts';
import { BatchView } from '../../memory/block/view.ts';
import type { BlockRange } from '../../memory/store/range.ts';
import type { Row } from './database.ts';

/** Bodies are views: the range's block must stay until they are written. */
export function rowsOf({ segment, offset, first, count }: BlockRange, firstId: number): Row[] {
  const view = new BatchView(segment, offset);
  const rows: Row[] = [];
  let key = -1;
  let headers: Uint8Array | null = null;
  for (let i = 0; i < count; i++) {
    const at = first + i;
    if (view.hasHeaders && view.headersKey(at) !== key) {
      key = view.headersKey(at);
      const map = view.headers(at);
      headers = map.size === 0 ? null : encodeHeaders(map);
    }
    rows.push({ id: firstId + i, headers, body: view.bodyView(at) });
  }
  return rows;
}

/** Consecutive ids that stand one after another in a block. */
export interface Run {
  readonly block: BuiltBlock;
  readonly first: number;
  readonly count: number;
  readonly id: number;
}

/**
 * Rows as blocks: one, but for rows that do not fit. One that no block can hold is told to `report` and left
 * out.
 */
export function runsOf(rows: readonly Row[], builder: BatchBuilder, report: (text: string) => void): Run[] {
  const runs: Run[] = [];
  let ids: number[] = [];
  const finish = () => {
    if (ids.length === 0) {
      if (builder.isOpen) builder.cancel();
      return;
    }
    const block = builder.finish(Date.now());
    for (let from = 0, i = 1; i <= ids.length; i++) {
      if (i < ids.length && ids[i] === ids[i - 1]! + 1) continue;
      runs.push({ block, first: from, count: i - from, id: ids[from]! });
      from = i;
    }
    ids = [];
  };
  const headersOf = headersReader();
  const add = (row: Row): boolean => {
    if (!builder.isOpen) builder.begin(row.body.length);
    try {
      builder.append(row.body, 0, row.body.length, headersOf(row.headers));
      ids.push(row.id);
      return true;
    } catch (error) {
      if (!(error instanceof MillraceError && error.code === 'EVENT_TOO_LARGE')) throw error;
      return false;
    }
  };
  for (const row of rows) {
    if (add(row)) continue;
    finish();
    if (add(row)) continue;
    finish();
    report(`row ${row.id} is larger than an event may be and is left where it is`);
  }
  finish();
  return runs;
}

/** Decodes a map once for as long as it repeats. */
function headersReader(): (bytes: Uint8Array | null) => Headers {
  let last: Uint8Array | null = null;
  let headers: Headers = NO_HEADERS;
  return (bytes) => {
    if (bytes === null) return NO_HEADERS;
    if (last === null || Buffer.compare(last, bytes) !== 0) {
      last = bytes;
      headers = decodeHeaders(bytes);
    }
    return headers;
  };
}
