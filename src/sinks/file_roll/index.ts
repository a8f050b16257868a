import type { SinkDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  'sink.directory': {
    kind: 'string',
    required: true,
    help: 'Directory of the files. It must exist: it is never created.',
    example: '/var/log/flume',
  },
  'sink.rollInterval': {
    kind: 'duration',
    unit: 's',
    default: 30,
    help: 'A new file is begun this often; 0 or less: one file only.',
    example: '1h',
  },
  'sink.serializer': {
    kind: 'string',
    part: 'serializer',
    default: 'TEXT',
    help: 'Event serializer: text, header_and_text, avro_event, a Builder class or a plug-in.',
  },
  'sink.serializer.*': { kind: 'map', help: 'Options of the serializer.' },
  'sink.batchSize': {
    kind: 'int',
    unit: 'events',
    default: 100,
    min: 1,
    help: 'Most events of one take.',
    example: '1000',
  },
  'sink.pathManager': {
    kind: 'enum',
    values: [
      'DEFAULT',
      'ROLLTIME',
      'org.apache.flume.formatter.output.DefaultPathManager$Builder',
      'org.apache.flume.formatter.output.RollTimePathManager$Builder',
    ],
    default: 'DEFAULT',
    since: '1.7',
    help: 'How files are named: DEFAULT <start ms>-<n>, ROLLTIME <yyyyMMddHHmmss>-<n>.',
  },
  'sink.pathManager.extension': {
    kind: 'string',
    default: '',
    since: '1.7',
    help: 'Added to file names behind a dot.',
  },
  'sink.pathManager.prefix': { kind: 'string', default: '', since: '1.7', help: 'Begins file names.' },
  'sink.fsync': {
    kind: 'enum',
    values: ['never', 'batch'],
    default: 'never',
    since: 'millrace',
    help: 'When bytes are forced to the disk: never, or before each batch is committed.',
  },
});

export default {
  kind: 'sink',
  aliases: ['file_roll'],
  classes: ['org.apache.flume.sink.RollingFileSink'],
  title: 'Writes events to files of a local directory',
  stability: 'stable',
  options,
  batchSizeOption: 'sink.batchSize',
  registersCounters: true,
  blocking: true,
  example:
    'a1.sinks.k1.type = file_roll\na1.sinks.k1.channel = c1\na1.sinks.k1.sink.directory = /var/log/flume',
  load: () => import('./sink.ts'),
} satisfies SinkDeclaration;
