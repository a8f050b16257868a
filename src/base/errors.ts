/**
 * The one table of errors. Every error that an operator can meet has a code here; its text names component,
 * option, value found, value wanted and the remedy. `retryable` says whether trying the same thing again can
 * succeed. The reference page docs/reference/errors.md is generated from this table.
 */
export const ERRORS = {
  // configuration
  CONF_FILE_MISSING: { retryable: false, help: 'A configuration file or URI cannot be read.' },
  CONF_SYNTAX: { retryable: false, help: 'A line of the configuration is not a property.' },
  CONF_PROPERTY_VALUE_NULL: { retryable: false, help: 'A property has no value; Flume ignores it.' },
  CONF_AGENT_NAME_MISSING: { retryable: false, help: 'A property name does not start with an agent name.' },
  CONF_PROPERTY_NAME_NULL: { retryable: false, help: 'Nothing stands after the agent name.' },
  CONF_INVALID_PROPERTY: { retryable: false, help: 'A property belongs to no list that an agent has.' },
  CONF_UNKNOWN_AGENT: { retryable: false, help: 'No configuration has the agent named by --name.' },
  CONF_AGENT_INVALID: { retryable: false, help: 'An agent has nothing that could run.' },
  CONF_COMPONENT: {
    retryable: false,
    help: 'A component is listed but cannot be used, or used but not listed.',
  },
  CONF_UNKNOWN_TYPE: { retryable: false, help: 'The type of a component is unknown.' },
  CONF_UNKNOWN_OPTION: { retryable: false, help: 'A component does not have an option of that name.' },
  CONF_OPTION_REQUIRED: { retryable: false, help: 'A required option is missing.' },
  CONF_OPTION_VALUE: { retryable: false, help: 'The value of an option is not of its type or range.' },
  CONF_DEPRECATED: { retryable: false, help: 'An option has a newer name or no effect.' },
  CONF_CAPACITY: { retryable: false, help: "A batch size exceeds the channel's transactionCapacity." },
  CONF_DUPLICATE: { retryable: false, help: 'A key or component is defined twice.' },
  CONF_CYCLE: { retryable: false, help: 'Variables or groups refer to each other in a circle.' },
  CONF_SUBSTITUTION: { retryable: false, help: 'A variable or config filter gave no value.' },
  // channels
  CHANNEL_FULL: { retryable: true, help: 'The channel had no room for the put within keep-alive.' },
  CHANNEL_TRANSACTION_CAPACITY: {
    retryable: false,
    help: 'A put holds more events than transactionCapacity.',
  },
  CHANNEL_CLOSED: { retryable: true, help: 'The channel is stopped, starting or has failed.' },
  CHANNEL_LOST: { retryable: true, help: "The channel's worker died before it answered." },
  // events and memory
  EVENT_TOO_LARGE: { retryable: false, help: 'An event or block exceeds the configured maximum size.' },
  // storage
  STORAGE_LOCKED: { retryable: true, help: 'A directory of a durable channel is in use by another one.' },
  STORAGE_FULL: {
    retryable: true,
    help: 'The disk of a durable channel has less than minimumRequiredSpace.',
  },
  STORAGE_FAILED: { retryable: true, help: 'The disk of a durable channel refused a write.' },
  STORAGE_KEY: {
    retryable: true,
    help: 'A key of an encrypted channel, or the password for it, is missing or wrong.',
  },
  STORAGE_DAMAGED: { retryable: false, help: 'A file of a durable channel cannot be read.' },
  // components
  SOURCE_FAILED: { retryable: true, help: 'A source could not start or go on.' },
  SINK_FAILED: { retryable: true, help: 'A sink could not deliver a batch.' },
  GROUP_FAILED: { retryable: true, help: 'No sink of a group could deliver a batch.' },
  WORKER_DIED: { retryable: true, help: 'A worker thread ended unexpectedly; it is restarted.' },
  BAD_INPUT: { retryable: false, help: 'A peer sent something that is not allowed.' },
  INTERNAL: { retryable: false, help: 'An assertion of Millrace itself failed: please report it.' },
} as const satisfies Record<string, { retryable: boolean; help: string }>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetail {
  /** e.g. `source r1` */
  readonly component?: string;
  readonly option?: string;
  /** The value found. */
  readonly value?: string;
  /** What the operator can do. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

export class MillraceError extends Error {
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;
  override readonly name = 'MillraceError';
  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.detail = detail;
  }
  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

/** Whether trying again is of no use before somebody changes the configuration. */
export function isConfigurationError(error: unknown): boolean {
  return error instanceof MillraceError && error.code.startsWith('CONF_');
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The message with what to do about it, for who is shown nothing else. */
export function adviceOf(error: unknown): string {
  const remedy = error instanceof MillraceError ? error.detail.remedy : undefined;
  return remedy === undefined ? messageOf(error) : `${messageOf(error)} (${remedy})`;
}
