/**
 * Options that the ends of hops share, for their option tables. Declarations import this file, so that it
 * must stay cheap.
 */
import { optionTable } from '../options/table.ts';

/** Of sinks and of programs' clients. */
export const callOptions = optionTable({
  'batch-size': {
    kind: 'int',
    unit: 'events',
    default: 100,
    min: 1,
    onBad: 'default',
    help: 'Most events of one call.',
    example: '1000',
  },
  'connect-timeout': {
    kind: 'duration',
    unit: 'ms',
    default: 20_000,
    min: 1000,
    onBad: 'default',
    help: 'Time for the connection with its TLS handshake, and again for that of Avro; at least one second.',
  },
  'request-timeout': {
    kind: 'duration',
    unit: 'ms',
    default: 20_000,
    min: 1000,
    onBad: 'default',
    help:
      'Time for the answer to a call; at least one second. What is sent again when none comes may arrive ' +
      'twice.',
  },
});

/** Of sinks. */
export const resetOptions = optionTable({
  'reset-connection-interval': {
    kind: 'duration',
    unit: 's',
    default: 0,
    min: 0,
    since: '1.4',
    help: 'Connects anew this often, for load balancers between the hosts; 0 never does.',
    example: '10m',
  },
});

/** Of those that speak Avro. */
export const compressionOptions = optionTable({
  'compression-type': {
    kind: 'enum',
    values: ['none', 'deflate'],
    default: 'none',
    since: '1.4',
    help: 'How both directions are compressed; the source must be set to the same.',
  },
  'compression-level': {
    kind: 'int',
    default: 6,
    min: 0,
    max: 9,
    since: '1.4',
    help: 'From 0, no compression, to 9, the best and slowest.',
  },
});

/** Of sources whose messages come in frames of Thrift. */
export const frameOptions = optionTable({
  maxConnections: {
    kind: 'int',
    default: 10_000,
    min: 0,
    since: 'millrace',
    help: 'Most open connections; 0 is without a limit. Further ones are closed at once.',
  },
  frameTimeout: {
    kind: 'duration',
    unit: 's',
    default: 60,
    min: 0,
    since: 'millrace',
    help: 'Longest time from the first byte of a frame to its last; 0 is without a limit.',
  },
});
