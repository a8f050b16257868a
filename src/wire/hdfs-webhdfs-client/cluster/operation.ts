/**
 * One operation of the REST interface: what is asked, and whether asking twice is the same as asking once.
 */
export interface Operation {
  /** `CREATE`, `GETFILESTATUS` … */
  readonly name: string;
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Absolute, as HDFS has it: not encoded. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** `safe`: may be repeated when the answer to it was lost. `once`: only when it was not done. */
  readonly repeat: 'safe' | 'once';
  /** The body of a 200 is handed on unread. */
  readonly isStream?: boolean;
}

export type Parameter = readonly [name: string, value: string | number | boolean | undefined];

/** Path and query of a request, encoded. */
export function targetOf(prefix: string, operation: Operation, more: readonly Parameter[]): string {
  const parameters = [['op', operation.name] as const, ...operation.parameters, ...more];
  const query = parameters
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return `${prefix}${encodePath(operation.path)}?${query.join('&')}`;
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
