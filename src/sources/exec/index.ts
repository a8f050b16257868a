import type { SourceDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  command: { kind: 'string', required: true, help: 'The command line.', example: 'tail -F /var/log/app.log' },
  shell: {
    kind: 'string',
    since: '1.4',
    help: 'A shell that is given the command as its last argument. Without it there are no pipes, quotes or patterns.',
    example: '/bin/bash -c',
  },
  restart: {
    kind: 'boolean',
    default: false,
    help: 'Runs the command again when it has ended, whatever its exit code.',
  },
  restartThrottle: {
    kind: 'duration',
    unit: 'ms',
    default: 10000,
    min: 0,
    help: 'Pause before it is run again.',
  },
  logStdErr: {
    kind: 'boolean',
    default: false,
    help: 'Logs the lines that the command writes to its standard error.',
  },
  batchSize: {
    kind: 'int',
    unit: 'events',
    default: 20,
    min: 1,
    since: '1.3',
    help: 'Checked against transactionCapacity. Lines are put as they are read, not gathered up to this number.',
  },
  batchTimeout: {
    kind: 'duration',
    unit: 'ms',
    default: 3000,
    min: 0,
    since: '1.4',
    help: 'Longest wait of a line. Lines do not wait: they are put as they are read.',
  },
  charset: {
    kind: 'string',
    default: 'UTF-8',
    since: '1.4',
    help: 'Charset of the output, and of the bodies.',
  },
});

export default {
  kind: 'source',
  aliases: ['exec'],
  classes: ['org.apache.flume.source.ExecSource'],
  title: 'Lines that a command writes',
  stability: 'stable',
  options,
  batchSizeOption: 'batchSize',
  registersCounters: true,
  example: 'a1.sources.r1.type = exec\na1.sources.r1.command = tail -F /var/log/app.log',
  load: () => import('./source.ts'),
} satisfies SourceDeclaration;
