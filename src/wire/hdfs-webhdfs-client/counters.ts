/** What a client has done so far; for metrics and for tests. */
export interface Counters {
  /** Requests to NameNodes or HttpFS. */
  requests: number;
  /** Pauses after which everything was asked again. */
  retries: number;
  /** Times that the next NameNode was asked, or another DataNode. */
  failovers: number;
  /** Of files, as the caller gave them. */
  bytesWritten: number;
  bytesRead: number;
}

export function newCounters(): Counters {
  return { requests: 0, retries: 0, failovers: 0, bytesWritten: 0, bytesRead: 0 };
}
